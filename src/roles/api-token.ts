/**
 * The tokens of a router's API, as files that only its owner can read: its own, made once and kept, so that
 * whoever waits for a job can go on after a restart, and the book of the named ones.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { TokenBook } from '../http/token-book.ts'
import { readSecret, writeSecret } from '../core/secret-file.ts'
import type { Clock } from '../core/clock.ts'

/** 192 bits: not to be guessed. */
const TOKEN_BYTES = 24

/** @throws MeshError IDENTITY_UNUSABLE */
export function loadApiToken(folder: string): string {
  const file = join(folder, 'api-token')
  const kept = readSecret(file)
  const text = kept === undefined ? '' : new TextDecoder().decode(kept).trim()
  if (text !== '') return text
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  writeSecret(file, `${token}\n`)
  return token
}

/** @throws MeshError IDENTITY_UNUSABLE */
export function loadTokenBook(folder: string, clock: Clock): TokenBook {
  const file = join(folder, 'api-tokens.json')
  return new TokenBook({
    clock,
    randomBytes,
    storage: {
      read: () => {
        const kept = readSecret(file)
        return kept === undefined ? undefined : new TextDecoder().decode(kept)
      },
      write: (text) => writeSecret(file, text)
    }
  })
}
