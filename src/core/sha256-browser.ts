/** SHA-256 in a browser's tab, whose own is asynchronous: a hash tree is built faster without waiting at each leaf. */
import { sha256 as hasherOf } from '@noble/hashes/sha2.js'

/** Of all parts, one after the other. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hasher = hasherOf.create()
  for (const part of parts) hasher.update(part)
  return hasher.digest()
}
