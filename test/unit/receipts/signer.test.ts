/** A node's own signatures: right, and together where they were asked for together. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect, it } from 'vitest'
import { signerOf } from '../../../src/receipts/signer.ts'

it('gives what is asked for in one turn in one turn', async () => {
  const key = await generateKeyPair('Ed25519')
  const signer = signerOf(key)
  let turn = 0
  const turns: number[] = []
  const texts = Array.from({ length: 50 }, (_, index) => new TextEncoder().encode(`text ${index}`))
  const counting = setInterval(() => (turn += 1), 0)
  const signatures = await Promise.all(
    texts.map(async (text) => {
      const signature = await signer.sign(text)
      turns.push(turn)
      return signature
    })
  )
  clearInterval(counting)
  expect(new Set(turns).size).toBe(1)
  for (const [index, text] of texts.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- few, and one after the other reads best
    expect(await key.publicKey.verify(text, signatures[index] as Uint8Array)).toBe(true)
  }
})

it('signs one alone as well', async () => {
  const key = await generateKeyPair('Ed25519')
  const text = new TextEncoder().encode('alone')
  expect(await key.publicKey.verify(text, await signerOf(key).sign(text))).toBe(true)
})
