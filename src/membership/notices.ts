/**
 * Who no longer belongs to the mesh: a set of signed notices of which the same remain in whichever order, how often
 * and from whomever they come. Of several on the same subject the latest holds, of two of the same second the ban;
 * but what the authority itself has banned, nobody else takes back, and nobody has a say about itself.
 */
import { hash } from 'node:crypto'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { publicKeyOfPeer } from '../core/peer-keys.ts'
import { readSecret, writeSecret } from '../core/secret-file.ts'
import { NOTICE } from './documents.ts'
import { newSerial, openClaims, readClaims, signClaims, toSeconds } from './signed-claims.ts'
import type { Notice } from './documents.ts'
import type { Signatory, Trust } from './signed-claims.ts'

export interface NoticesInit {
  meshId: string
  /** Where they outlive the process; absent: nowhere. */
  file?: string | undefined
  /** Milliseconds since 1970. */
  nowMs: () => number
}

/** A notice with its signed text, by which it is passed on. */
interface Held {
  /** Of its very text: a serial is for its signer to choose, who may choose that of another's. */
  id: string
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

/** Letters of an id, some 144 bits: nobody finds a second text with the same. */
const ID_LENGTH = 24

/** The serial of a token, and not the beginning of a PeerId: that would name nobody. */
const SERIAL = /^(?!12D3Koo)[\w-]{8,32}$/

/** @throws MeshError FIELD_INVALID where it would be about nobody, REQUEST_TOO_LARGE */
export async function signNotice(
  { nowMs, reason, sub, verdict }: NewNotice,
  by: Signatory
): Promise<string> {
  if (!isSubject(sub)) {
    throw new MeshError(
      'FIELD_INVALID',
      `"${sub}" is neither a peer id nor the id of a join token`,
      {
        path: 'subject',
        hint: 'peer ids begin with 12D3KooW and have 52 letters; `taskmesh token show` tells the id of a token'
      }
    )
  }
  const claims = { sub, jti: newSerial(), iat: toSeconds(nowMs), verdict }
  return await signClaims(reason === undefined ? claims : { ...claims, reason }, NOTICE, by)
}

/** Of what a notice may be. */
function isSubject(text: string): boolean {
  return SERIAL.test(text) || publicKeyOfPeer(text) !== undefined
}

export class Notices {
  readonly #init: NoticesInit
  readonly #held = new Map<string, Held>()
  /** Subject → what holds for it. */
  #bans: ReadonlyMap<string, Held> = new Map()
  readonly #listeners = new Set<() => void>()
  #digest = ''

  constructor(init: NoticesInit) {
    this.#init = init
    this.#settle()
  }

  /** Takes up what an earlier life of the node has known. @throws MeshError IDENTITY_UNUSABLE */
  async load(): Promise<void> {
    const { file } = this.#init
    const texts = file === undefined ? [] : readNotices(file)
    for (const text of texts) {
      // oxlint-disable-next-line no-await-in-loop -- a few, at the start
      await this.#takeKept(text).catch((cause: unknown) => {
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

  /** One for each. */
  ids(): string[] {
    return [...this.#held.keys()]
  }

  /** The signed texts of all but those that somebody has. */
  textsBut(known: ReadonlySet<string> = new Set()): string[] {
    return [...this.#held.values()].filter(({ id }) => !known.has(id)).map(({ text }) => text)
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
   * Takes notices that anybody may have brought, and keeps those that say something new. One that is of tomorrow by
   * this node's clock is left for when it has come.
   * @throws MeshError for the first that is none; those before it are kept
   */
  async add(texts: readonly string[]): Promise<void> {
    const before = this.#digest
    try {
      // oxlint-disable-next-line no-await-in-loop -- what comes later must not be done for the sake of what is wrong
      for (const text of texts) await this.#take(text).catch(unlessEarly)
    } finally {
      this.#settle()
      if (this.#digest !== before) this.#keep()
    }
  }

  async #take(text: string): Promise<void> {
    const { meshId, nowMs } = this.#init
    // Those that come again and again cost no signature.
    if (this.#held.has(noticeIdOf(text))) return
    await this.#hold(text, { meshId, nowMs: nowMs() })
  }

  /** It was checked when it came, and the clock may have been set since. */
  async #takeKept(text: string): Promise<void> {
    const { meshId } = this.#init
    // The node has gone over to another mesh.
    if (readClaims(text, NOTICE).iss !== meshId) return
    await this.#hold(text, { meshId, nowMs: Number.MAX_SAFE_INTEGER })
  }

  async #hold(text: string, trust: Trust): Promise<void> {
    const { by, claims } = await openClaims(text, NOTICE, trust)
    if (by?.sub === claims.sub) return
    const id = noticeIdOf(text)
    this.#held.set(id, { id, claims, text, by: by?.sub })
    // Whoever brings many must not make this node hold them all until the last.
    if (this.#held.size >= 2 * LIMITS.noticesMax) this.#settle()
  }

  #keep(): void {
    // A ban holds from now on, on a full disk too.
    for (const listener of this.#listeners) listener()
    const { file } = this.#init
    if (file !== undefined) writeSecret(file, `${JSON.stringify(this.textsBut())}\n`)
  }

  #settle(): void {
    const kept = worthKeeping([...this.#held.values()])
    this.#held.clear()
    for (const held of kept) this.#held.set(held.id, held)
    this.#bans = bansAmong(kept)
    this.#digest = hash('sha256', this.ids().toSorted().join(' ')).slice(0, 32)
  }
}

/**
 * Of what one signer has said of one subject the latest, and of too many the latest as well: the authority's before
 * all others, and no delegate's at the cost of what others have room for. Whatever is left out here is left out of any
 * larger set, so that two nodes that tell each other all they have end with the same.
 */
function worthKeeping(all: readonly Held[]): Held[] {
  const latestOf = new Map<string, Held>()
  for (const held of all) {
    const key = `${held.by ?? ''} ${held.claims.sub}`
    const other = latestOf.get(key)
    if (other === undefined || isLater(held, other)) latestOf.set(key, held)
  }
  const counts = new Map<string | undefined, number>()
  return [...latestOf.values()]
    .toSorted(byWeight)
    .filter(({ by }) => {
      const count = (counts.get(by) ?? 0) + 1
      counts.set(by, count)
      return count <= LIMITS.noticesPerIssuerMax
    })
    .slice(0, LIMITS.noticesMax)
}

/** What the authority itself says comes first: whom it has banned has no say about others. */
function bansAmong(all: readonly Held[]): Map<string, Held> {
  const byAuthority = latest(all.filter(({ by }) => by === undefined))
  const isHeard = ({ by }: Held): boolean =>
    by !== undefined && byAuthority.get(by)?.claims.verdict !== 'ban'
  const verdicts = latest(all.filter(isHeard))
  for (const [subject, held] of byAuthority) {
    const other = verdicts.get(subject)
    const isFinal = held.claims.verdict === 'ban' || other === undefined
    if (isFinal || isLater(held, other)) verdicts.set(subject, held)
  }
  return new Map([...verdicts].filter(([, { claims }]) => claims.verdict === 'ban'))
}

function latest(all: readonly Held[]): Map<string, Held> {
  const found = new Map<string, Held>()
  for (const held of all) {
    const other = found.get(held.claims.sub)
    if (other === undefined || isLater(held, other)) found.set(held.claims.sub, held)
  }
  return found
}

function isLater(one: Held, other: Held): boolean {
  if (one.claims.iat !== other.claims.iat) return one.claims.iat > other.claims.iat
  if (one.claims.verdict !== other.claims.verdict) return one.claims.verdict === 'ban'
  return one.id > other.id
}

function byWeight(one: Held, other: Held): number {
  if ((one.by === undefined) !== (other.by === undefined)) return one.by === undefined ? -1 : 1
  return isLater(one, other) ? -1 : 1
}

/** By which nodes tell each other what they have. */
export function noticeIdOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, ID_LENGTH)
}

function unlessEarly(cause: unknown): void {
  if (MeshError.from(cause).code !== 'CREDENTIAL_NOT_YET_VALID') throw cause
}

/** The signed texts in a file; none where there is no file. @throws MeshError IDENTITY_UNUSABLE */
export function readNotices(file: string): string[] {
  const bytes = readSecret(file)
  if (bytes === undefined) return []
  try {
    const value = JSON.parse(Buffer.from(bytes).toString()) as unknown
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
    throw new Error('it holds no list of texts')
  } catch (cause) {
    throw new MeshError('IDENTITY_UNUSABLE', `${file} cannot be read`, {
      hint: 'remove it: the mesh will tell this node again who was banned',
      cause
    })
  }
}
