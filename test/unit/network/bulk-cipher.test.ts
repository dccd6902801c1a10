/** The cipher for long messages gives the bytes that noise gives, and refuses what noise refuses. */
import { randomBytes } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, test } from 'vitest'
import { bulkCipher } from '../../../src/network/wire/bulk-cipher.ts'

type Noise = ReturnType<typeof noise>
type Bytes = Uint8Array | Uint8ArrayList
interface Ciphers {
  encrypt: (plaintext: Bytes, nonce: Uint8Array, ad: Uint8Array, key: Uint8Array) => Bytes
  decrypt: (
    ...message: [Bytes, nonce: Uint8Array, ad: Uint8Array, key: Uint8Array, text: Uint8Array]
  ) => Bytes
}

const ciphersOf = (factory: Noise): Ciphers => {
  // It uses no more of them before there is a connection.
  const components = {
    logger: { forComponent: () => undefined }
  } as unknown as Parameters<Noise>[0]
  return (factory(components) as unknown as { crypto: Ciphers }).crypto
}
const stock = ciphersOf(noise())
const bulk = ciphersOf(bulkCipher(noise()) as Noise)
const key = new Uint8Array(randomBytes(32))
const nonce = new Uint8Array(randomBytes(12))
const plain = (bytes: Bytes): Buffer => Buffer.from(bytes.subarray())

test('noise lets its cipher be replaced', () => {
  expect(bulk.encrypt).not.toBe(stock.encrypt)
  expect(bulk.decrypt).not.toBe(stock.decrypt)
})

describe.each([0, 1, 1_199, 1_200, 1_201, 30_000, 65_519])('%i bytes', (length) => {
  test.each([0, 32])('in parts, with %i bytes of associated data', (adBytes) => {
    const ad = new Uint8Array(adBytes).fill(7)
    const text = randomBytes(length)
    const cut = Math.floor(length / 3)
    const parts = new Uint8ArrayList(text.subarray(0, cut), text.subarray(cut))
    const sealed = plain(bulk.encrypt(parts, nonce, ad, key))
    expect(sealed).toEqual(plain(stock.encrypt(parts, nonce, ad, key)))
    // The same key a second time.
    expect(plain(bulk.encrypt(new Uint8Array(text), nonce, ad, key))).toEqual(sealed)
    const half = Math.floor(sealed.length / 2)
    const received = new Uint8ArrayList(sealed.subarray(0, half), sealed.subarray(half))
    const into = Uint8Array.from(sealed.subarray(0, length))
    expect(plain(bulk.decrypt(received, nonce, ad, key, into))).toEqual(text)
    const wrong = Buffer.from(sealed)
    wrong[length] = (wrong[length] as number) ^ 1
    const refused = Uint8Array.from(wrong.subarray(0, length))
    expect(() => bulk.decrypt(new Uint8ArrayList(wrong), nonce, ad, key, refused)).toThrow(
      /authenticate|Invalid/
    )
  })
})
