/** SHA-256 in one call. `sha256-browser.ts` stands in its place where there is no Node.js; package.json says so to bundlers. */
import { createHash, hash } from 'node:crypto'

/** Of all parts, one after the other. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return hash('sha256', only, 'buffer')
  const hasher = createHash('sha256')
  for (const part of parts) hasher.update(part)
  return hasher.digest()
}
