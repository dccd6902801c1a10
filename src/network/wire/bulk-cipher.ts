/**
 * Makes the noise encrypter cheaper for long messages, and changes no byte of them. As it comes, it hands
 * OpenSSL the bare key for each message, which costs as much as encrypting 16 KiB, and decrypts a message in
 * as many parts as the socket gave it. Short messages stay with its own WebAssembly, which is faster for them.
 */
import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { Uint8ArrayList } from 'uint8arraylist'
import type { ConnectionEncrypter } from '@libp2p/interface'
import type { KeyObject } from 'node:crypto'

type Bytes = Uint8Array | Uint8ArrayList

/** The public part of the noise encrypter that is replaced. */
interface Ciphers {
  encrypt: (plaintext: Bytes, nonce: Uint8Array, ad: Uint8Array, key: Uint8Array) => Bytes
  decrypt: (...message: Sealed) => Bytes
}

type Sealed = [
  ciphertext: Bytes,
  nonce: Uint8Array,
  ad: Uint8Array,
  key: Uint8Array,
  /** The ciphertext without its tag, in one part, which may be overwritten. */
  text?: Uint8Array
]

const CIPHER = 'chacha20-poly1305'
const TAG_BYTES = 16
/** Where noise itself turns from WebAssembly to OpenSSL. */
const LONG_BYTES = 1_200

export function bulkCipher<Components>(
  factory: (components: Components) => ConnectionEncrypter
): (components: Components) => ConnectionEncrypter {
  return (components) => {
    const noise = factory(components) as ConnectionEncrypter & { crypto?: Ciphers }
    const { crypto } = noise
    if (crypto !== undefined) noise.crypto = { ...crypto, ...longCiphers(crypto) }
    return noise
  }
}

function longCiphers(short: Ciphers): Ciphers {
  /** Noise has one array for each key, for as long as it uses it. */
  const keys = new WeakMap<Uint8Array, KeyObject>()
  const keyOf = (key: Uint8Array): KeyObject => {
    const known = keys.get(key) ?? createSecretKey(key)
    keys.set(key, known)
    return known
  }
  return {
    encrypt: (plaintext, nonce, ad, key) => {
      if (plaintext.byteLength < LONG_BYTES) return short.encrypt(plaintext, nonce, ad, key)
      const cipher = createCipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG_BYTES })
      if (ad.byteLength > 0) cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
      const ciphertext = new Uint8ArrayList()
      for (const part of plaintext instanceof Uint8Array ? [plaintext] : plaintext) {
        ciphertext.append(cipher.update(part))
      }
      cipher.final()
      ciphertext.append(cipher.getAuthTag())
      return ciphertext
    },
    decrypt: (...message) => {
      const [ciphertext, nonce, ad, key, text] = message
      if (text === undefined || text.byteLength < LONG_BYTES) return short.decrypt(...message)
      const decipher = createDecipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG_BYTES })
      if (ad.byteLength > 0) decipher.setAAD(ad, { plaintextLength: text.byteLength })
      decipher.setAuthTag(ciphertext.subarray(text.byteLength))
      const plaintext = decipher.update(text)
      // Throws where the tag is not that of the text.
      decipher.final()
      return plaintext
    }
  }
}
