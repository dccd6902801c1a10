/**
 * Whom an issuer has let into the mesh, who waits, and how often each token was used: on disk before anybody
 * gets a certificate for it.
 */
import { DatabaseSync } from 'node:sqlite'
import { LIMITS } from '../core/limits.ts'
import { MeshError, messageOf } from '../core/errors.ts'
import { touchPrivateFile } from '../core/private-folder.ts'
import type { MemberRole } from './documents.ts'

/** `banned` follows from notices, and is not written down here. */
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
  /** The other issuer whose certificate it first came with. */
  letInBy: string | undefined
  /** Milliseconds since 1970. */
  firstAtMs: number
  decidedAtMs: number | undefined
  expiresAtMs: number | undefined
  /** From when on nothing that it has can be exchanged any more. */
  forgetAtMs: number
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
    peer TEXT PRIMARY KEY, state TEXT NOT NULL, forget_at INTEGER NOT NULL, document TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS members_by_state ON members (state);
  CREATE INDEX IF NOT EXISTS members_by_end ON members (forget_at);
  CREATE TABLE IF NOT EXISTS uses (
    token TEXT NOT NULL, peer TEXT NOT NULL, forget_at INTEGER NOT NULL, PRIMARY KEY (token, peer)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS uses_by_end ON uses (forget_at);
`

export class Register {
  readonly #database: DatabaseSync

  /** @throws MeshError STORE_FAILED */
  constructor(file: string) {
    try {
      // SQLite gives its other files the same rights.
      touchPrivateFile(file)
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

  /** Those above a PeerId, one after the other, as long as somebody asks for more. */
  *list(after = ''): Generator<Member, void> {
    const statement = 'SELECT document FROM members WHERE peer > ? ORDER BY peer'
    for (const row of this.#database.prepare(statement).iterate(after)) {
      yield JSON.parse(row['document'] as string) as Member
    }
  }

  /** How many have come by a token, whatever has become of them since. */
  usesOf(token: string): number {
    return this.#count('SELECT count(*) AS count FROM uses WHERE token = ?', token)
  }

  hasUsed(token: string, peer: string): boolean {
    const sql = 'SELECT count(*) AS count FROM uses WHERE token = ? AND peer = ?'
    return this.#count(sql, token, peer) > 0
  }

  /** Takes somebody who comes by a token, and counts that. @throws MeshError QUEUE_FULL */
  enter(member: Member, nowMs: number): void {
    const { forgetAtMs, peer, token = '' } = member
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      this.put(member, nowMs)
      this.#database
        .prepare('INSERT OR REPLACE INTO uses (token, peer, forget_at) VALUES (?, ?, ?)')
        .run(token, peer, forgetAtMs)
      this.#database.exec('COMMIT')
    } catch (cause) {
      // Of a full disk SQLite takes it back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw cause
    }
  }

  /** @throws MeshError QUEUE_FULL where so many are known already, or wait */
  put(member: Member, nowMs: number): void {
    if (this.get(member.peer) === undefined) this.#requireRoom(member, nowMs)
    this.#database
      .prepare(
        'INSERT OR REPLACE INTO members (peer, state, forget_at, document) VALUES (?, ?, ?, ?)'
      )
      .run(member.peer, member.state, member.forgetAtMs, JSON.stringify(member))
  }

  close(): void {
    this.#database.close()
  }

  /** Those who can't come back by what they have make room for others. */
  #requireRoom({ state }: Member, nowMs: number): void {
    this.#database.prepare('DELETE FROM members WHERE forget_at < ?').run(nowMs)
    this.#database.prepare('DELETE FROM uses WHERE forget_at < ?').run(nowMs)
    if (this.#count('SELECT count(*) AS count FROM members') >= LIMITS.membersMax) {
      throw new MeshError('QUEUE_FULL', `this node has let in ${LIMITS.membersMax} already`)
    }
    const sql = 'SELECT count(*) AS count FROM members WHERE state = ?'
    if (state !== 'pending' || this.#count(sql, state) < LIMITS.pendingMembersMax) return
    throw new MeshError('QUEUE_FULL', `${LIMITS.pendingMembersMax} wait for the operator already`)
  }

  #count(sql: string, ...values: readonly string[]): number {
    return Number(this.#database.prepare(sql).get(...values)?.['count'] ?? 0)
  }
}
