/** The token of a router's API: made once and kept, so that whoever waits for a job can go on after a restart. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readSecret, writeSecret } from '../core/secret-file.ts'

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
