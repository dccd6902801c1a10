/**
 * Whom an issuer has let into the mesh, who waits, and how often each token was used: on disk before anybody
 * gets a certificate for it.
 */
import { DatabaseSync } from 'node:sqlite'
import { LIMITS } from '../core/limits.ts'
import { MeshError, messageOf } from '../core/errors.ts'
import type { MemberRole } from './documents.ts'

export type MemberState = 'pending' | 'admitted' | 'rejected' | 'banned'

export interface Member {
  peer: string
  role: MemberRole
  state: MemberState
  labels: Readonly<Record<string, string>>
  name: string | undefined
  agent: string | undefined
  /** Serial of the token that it came by. */
  token: string | undefined
  /** Milliseconds since 1970. */
  firstAtMs: number
  decidedAtMs: number | undefined
  expiresAtMs: number | undefined
  reason: string | undefined
}

export interface MemberQuery {
  state?: MemberState | undefined
  /** PeerIds above this. */
  after?: string | undefined
  limit: number
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS members (
    peer TEXT PRIMARY KEY, state TEXT NOT NULL, token TEXT, document TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS members_by_token ON members (token);
`

export class Register {
  readonly #database: DatabaseSync

  /** @throws MeshError STORE_FAILED */
  constructor(file: string) {
    try {
      this.#database = new DatabaseSync(file)
      this.#database.exec(SCHEMA)
    } catch (cause) {
      throw new MeshError(
        'STORE_FAILED',
        `the register ${file} cannot be used: ${messageOf(cause)}`,
        {
          cause
        }
      )
    }
  }

  get(peer: string): Member | undefined {
    const row = this.#database.prepare('SELECT document FROM members WHERE peer = ?').get(peer)
    return row === undefined ? undefined : (JSON.parse(row['document'] as string) as Member)
  }

  /** By PeerId. */
  list({ after = '', limit, state }: MemberQuery): Member[] {
    const rows = this.#database
      .prepare(
        'SELECT document FROM members WHERE peer > ?1 AND (?2 IS NULL OR state = ?2) ORDER BY peer LIMIT ?3'
      )
      .all(after, state ?? null, limit)
    return rows.map((row) => JSON.parse(row['document'] as string) as Member)
  }

  /** How many have come by a token, those who wait among them. */
  usesOf(token: string): number {
    const row = this.#database
      .prepare("SELECT count(*) AS count FROM members WHERE token = ? AND state <> 'rejected'")
      .get(token)
    return Number(row?.['count'] ?? 0)
  }

  /** @throws MeshError QUEUE_FULL where so many are known already */
  put(member: Member): void {
    if (this.get(member.peer) === undefined) this.#requireRoom()
    this.#database
      .prepare('INSERT OR REPLACE INTO members (peer, state, token, document) VALUES (?, ?, ?, ?)')
      .run(member.peer, member.state, member.token ?? null, JSON.stringify(member))
  }

  close(): void {
    this.#database.close()
  }

  #requireRoom(): void {
    const row = this.#database.prepare('SELECT count(*) AS count FROM members').get()
    if (Number(row?.['count'] ?? 0) < LIMITS.membersMax) return
    throw new MeshError('QUEUE_FULL', `this node has let in ${LIMITS.membersMax} already`)
  }
}
