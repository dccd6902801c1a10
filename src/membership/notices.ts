/**
 * Who no longer belongs to the mesh: a set of signed notices that only grows, so that it does not matter in which
 * order, how often or from whom they come. Of several on the same subject the latest holds; of two of the same
 * second, the ban.
 */
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { writeSecret } from '../core/secret-file.ts'
import { NOTICE } from './documents.ts'
import { newSerial, openClaims, signClaims, toSeconds } from './signed-claims.ts'
import type { Notice } from './documents.ts'
import type { Signatory } from './signed-claims.ts'

export interface NoticesInit {
  meshId: string
  /** Where they outlive the process; absent: nowhere. */
  file?: string | undefined
  /** Milliseconds since 1970. */
  nowMs: () => number
}

/** A notice with its signed text, by which it is passed on. */
interface Held {
  claims: Notice
  text: string
  /** PeerId of the delegate that has signed it; undefined: the authority. */
  by: string | undefined
}

export interface NewNotice extends Pick<Notice, 'sub' | 'verdict'> {
  reason?: string | undefined
  /** Milliseconds since 1970. */
  nowMs: number
}

/** @throws MeshError REQUEST_TOO_LARGE */
export async function signNotice(
  { nowMs, reason, sub, verdict }: NewNotice,
  by: Signatory
): Promise<string> {
  const claims = { sub, jti: newSerial(), iat: toSeconds(nowMs), verdict }
  return await signClaims(reason === undefined ? claims : { ...claims, reason }, NOTICE, by)
}

export class Notices {
  readonly #init: NoticesInit
  readonly #held = new Map<string, Held>()
  /** Subject → what holds for it. */
  readonly #bans = new Map<string, Held>()
  readonly #listeners = new Set<() => void>()
  #digest = ''

  constructor(init: NoticesInit) {
    this.#init = init
    this.#settle()
  }

  /** Takes up what an earlier life of the node has known. @throws MeshError IDENTITY_UNUSABLE */
  async load(): Promise<void> {
    const { file } = this.#init
    const texts = file === undefined ? [] : readTexts(file)
    for (const text of texts) {
      // oxlint-disable-next-line no-await-in-loop -- a few, at the start
      await this.#take(text).catch((cause: unknown) => {
        throw new MeshError('IDENTITY_UNUSABLE', `${file} holds something that is no notice`, {
          hint: 'remove it: the mesh will tell this node again who was banned',
          cause
        })
      })
    }
    this.#settle()
  }

  /** Of all notices; equal where two nodes know the same. */
  get digest(): string {
    return this.#digest
  }

  /** Their serials. */
  serials(): string[] {
    return [...this.#held.keys()]
  }

  /** The signed texts of all but those that somebody has. */
  textsBut(known: ReadonlySet<string> = new Set()): string[] {
    return [...this.#held.values()]
      .filter(({ claims }) => !known.has(claims.jti))
      .map(({ text }) => text)
  }

  /** Why a node, or all who came by a token, do not belong to the mesh; undefined where they do. */
  banOf(subject: string | undefined): Notice | undefined {
    return subject === undefined ? undefined : this.#bans.get(subject)?.claims
  }

  /** Calls back when somebody was banned or pardoned. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /**
   * Takes notices that anybody may have brought, and keeps those that are new.
   * @returns how many were
   * @throws MeshError for the first that is none; those before it are kept
   */
  async add(texts: readonly string[]): Promise<number> {
    const before = this.#held.size
    try {
      // oxlint-disable-next-line no-await-in-loop -- what comes later must not be done for the sake of what is wrong
      for (const text of texts) await this.#take(text)
    } finally {
      if (this.#held.size > before) this.#keep()
    }
    return this.#held.size - before
  }

  async #take(text: string): Promise<void> {
    const { meshId, nowMs } = this.#init
    const { by, claims } = await openClaims(text, NOTICE, { meshId, nowMs: nowMs() })
    if (this.#held.has(claims.jti)) return
    if (this.#held.size >= LIMITS.noticesMax) {
      throw new MeshError('QUEUE_FULL', `there are ${LIMITS.noticesMax} notices already`)
    }
    this.#held.set(claims.jti, { claims, text, by: by?.sub })
  }

  #keep(): void {
    this.#settle()
    const { file } = this.#init
    if (file !== undefined) writeSecret(file, `${JSON.stringify(this.textsBut())}\n`)
    for (const listener of this.#listeners) listener()
  }

  /** What the authority itself says comes first: whom it has banned has no say about others, nor about itself. */
  #settle(): void {
    const all = [...this.#held.values()]
    const byAuthority = latest(all.filter(({ by }) => by === undefined))
    const silenced = (by: string | undefined): boolean =>
      by !== undefined && byAuthority.get(by)?.claims.verdict === 'ban'
    this.#bans.clear()
    for (const [subject, held] of latest(all.filter(({ by }) => !silenced(by)))) {
      if (held.claims.verdict === 'ban') this.#bans.set(subject, held)
    }
    this.#digest = hash('sha256', this.serials().toSorted().join(' ')).slice(0, 32)
  }
}

function latest(all: readonly Held[]): Map<string, Held> {
  const found = new Map<string, Held>()
  for (const held of all) {
    const { iat, sub, verdict } = held.claims
    const other = found.get(sub)?.claims
    const isLater =
      other === undefined || iat > other.iat || (iat === other.iat && verdict === 'ban')
    if (isLater) found.set(sub, held)
  }
  return found
}

function readTexts(file: string): string[] {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as unknown
    if (Array.isArray(value)) return value.map(String)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new MeshError('IDENTITY_UNUSABLE', `${file} cannot be read`, {
      hint: 'remove it: the mesh will tell this node again who was banned',
      cause
    })
  }
  return []
}
