/**
 * Named tokens of the API: made, looked up, revoked. Of a token only its SHA-256 is kept (its secret has
 * 256 bits, so that no slower hash would make it safer); which row it is about stands in the token.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { SCOPES, submitterOf } from './caller.ts'
import { parseDurationMs } from '../core/units.ts'
import type { Caller } from './caller.ts'
import type { Clock } from '../core/clock.ts'
import type { TokenRequest } from '../model/generated/api-token-request.ts'
import type { TokenServices } from './services.ts'
import type { TokenView } from '../model/generated/api-token.ts'

/** Where the book is kept, as one text; whole or not at all. */
export interface TokenStorage {
  /** Undefined before the first token. */
  read(): string | undefined
  write(text: string): void
}

export interface TokenBookComponents {
  clock: Clock
  storage: TokenStorage
  /** So many bytes that nobody can guess. */
  randomBytes: (count: number) => Uint8Array
}

interface Row extends TokenView {
  /** In hex. */
  sha256: string
}

/** So that whoever finds one knows what it is, and scanners for secrets too. */
const PREFIX = 'taskmesh'
const TOKEN = /^taskmesh-([a-z0-9]{8})-[\w-]{43}$/
const SECRET_BYTES = 32
const ID_LETTERS = 8
const ID_ALPHABET = 'abcdefghjkmnpqrstvwxyz0123456789'
const TTL_DEFAULT = '30d'
const TTL_MS_MAX = 366 * 86_400_000

export class TokenBook implements TokenServices {
  readonly #components: TokenBookComponents
  readonly #rows: Map<string, Row>

  /** @throws MeshError IDENTITY_UNUSABLE where the book cannot be read */
  constructor(components: TokenBookComponents) {
    this.#components = components
    this.#rows = new Map(readRows(components.storage.read()).map((row) => [row.id, row]))
  }

  find(token: string): Caller | undefined {
    const row = this.#rows.get(TOKEN.exec(token)?.[1] ?? '')
    if (row === undefined || !this.#isLiving(row)) return undefined
    if (!timingSafeEqual(digest(token), Buffer.from(row.sha256, 'hex'))) return undefined
    const { id, name, scope } = row
    return {
      tokenId: id,
      submitter: submitterOf(name),
      scope,
      isValid: () => this.#rows.get(id) === row && this.#isLiving(row)
    }
  }

  list(): TokenView[] {
    return this.#living()
      .toSorted((left, right) => left.created_at_ms - right.created_at_ms)
      .map(viewOf)
  }

  create({ name, scope, ttl = TTL_DEFAULT }: TokenRequest): TokenView {
    const { clock, randomBytes } = this.#components
    const ttlMs = parseDurationMs(ttl, 'ttl')
    if (ttlMs <= 0 || ttlMs > TTL_MS_MAX) {
      throw new MeshError('FIELD_INVALID', `a token is good for some time, 366d at most`, {
        path: 'ttl'
      })
    }
    const living = this.#living()
    if (living.length >= LIMITS.apiTokensMax) {
      throw new MeshError('TOO_MANY_REQUESTS', `there are ${living.length} tokens already`, {
        retryable: false,
        hint: 'revoke one that nobody uses: taskmesh router token list'
      })
    }
    const id = idFrom(randomBytes(ID_LETTERS))
    const token = `${PREFIX}-${id}-${Buffer.from(randomBytes(SECRET_BYTES)).toString('base64url')}`
    const nowMs = clock.wallMs()
    const sha256 = digest(token).toString('hex')
    const row = { id, name, scope, created_at_ms: nowMs, expires_at_ms: nowMs + ttlMs, sha256 }
    this.#keep([...living, row])
    return { ...viewOf(row), token }
  }

  revoke(id: string): TokenView {
    const row = this.#rows.get(id)
    if (row === undefined || !this.#isLiving(row)) {
      throw new MeshError('NOT_FOUND', `there is no token ${id}`, {
        hint: 'see `taskmesh router token list`'
      })
    }
    this.#keep(this.#living().filter((other) => other !== row))
    return viewOf(row)
  }

  #living(): Row[] {
    return [...this.#rows.values()].filter((row) => this.#isLiving(row))
  }

  #isLiving({ expires_at_ms: expiresAtMs }: Row): boolean {
    return this.#components.clock.wallMs() < expiresAtMs
  }

  /** Nothing counts that is not on the disk; what is over goes. */
  #keep(rows: readonly Row[]): void {
    this.#components.storage.write(`${JSON.stringify({ version: 1, tokens: rows })}\n`)
    this.#rows.clear()
    for (const row of rows) this.#rows.set(row.id, row)
  }
}

function viewOf({ sha256: _sha256, ...view }: Row): TokenView {
  return view
}

function readRows(text: string | undefined): Row[] {
  if (text === undefined) return []
  try {
    const { tokens, version } = JSON.parse(text) as { tokens: Row[]; version: number }
    if (version === 1 && tokens.every(isRow)) return tokens
  } catch {
    // Told below, without a word of what stands there.
  }
  throw new MeshError('IDENTITY_UNUSABLE', "the file of the API's tokens is damaged", {
    hint: 'delete api-tokens.json in the folder of this router, and make its tokens anew'
  })
}

function isRow({ id, expires_at_ms: expiresAtMs, name, scope, sha256 }: Row): boolean {
  const isText = typeof id === 'string' && typeof name === 'string' && /^[0-9a-f]{64}$/.test(sha256)
  return isText && SCOPES.includes(scope) && typeof expiresAtMs === 'number'
}

function idFrom(bytes: Uint8Array): string {
  return [...bytes].map((byte) => ID_ALPHABET[byte % ID_ALPHABET.length]).join('')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
