/**
 * Routers learn from each other which workers can be relied on: each asks those that its owner has listed once a
 * minute for their signed experience, and weighs it. Nobody else is heard, nothing is passed on, and what is
 * right each router sees for itself.
 */
import { COMMANDS } from '../protocol/commands.ts'
import { openExperience, sealExperience } from './experience.ts'
import { ExperienceBooks } from './experience-books.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError, messageOf } from '../core/errors.ts'
import { NO_IMPORT } from '../reputation/reputation.ts'
import { repeat } from '../core/repeat.ts'
import { weighClaims } from '../reputation/shared.ts'
import type { Clock } from '../core/clock.ts'
import type { Imported } from '../reputation/reputation.ts'
import type { Logger } from '../observe/logger.ts'
import type { Random } from '../core/random.ts'
import type { ReceiptDigest } from '../reputation/receipt-digests.ts'
import type { RouterExperience } from './experience.ts'
import type { Service } from '../reputation/score.ts'
import type { SessionService } from '../protocol/session-service.ts'
import type { Signer } from '../receipts/signer.ts'
import type { Startable } from '../core/startable.ts'

/** What a router has itself seen of a worker. */
export interface OwnExperience extends Service {
  peerId: string
  /** Results that were found right and wrong. */
  right: number
  wrong: number
  /** Until when it gets nothing; undefined: it may have something. */
  quarantinedUntilMs: number | undefined
  receipts: ReceiptDigest | undefined
}

/** Where own experience comes from, and others' goes. */
export interface ExperienceLedger {
  ownExperience(): OwnExperience[]
  ownExperienceOf(peer: string): Service
  setImported(peer: string, imported: Imported): void
}

/** A text that outlives a restart. */
export interface Note {
  read(): Promise<string | undefined>
  write(text: string): Promise<void>
}

export interface ExperienceExchangeComponents {
  sessions: Pick<SessionService, 'open'>
  clock: Clock
  random: Random
  logger: Logger
  signer: Signer
  ledger: ExperienceLedger
  note: Note
  /** Unix milliseconds that never jump. */
  nowMs: () => number
}

export interface ExperienceExchangeInit {
  /** Peer ids of the routers that are believed, as far as they agree with what is seen here. */
  trustedRouters: readonly string[]
}

const PERIOD_MS = 60_000
const ANSWER_TIMEOUT_MS = 10_000
/** A few that are missed leave it believed. */
const LIFETIME_MS = 600_000
/** Of more workers there is no room to tell of receipts: the word has its bound. */
const RECEIPTS_OF_MAX = 1_000
/** Who asks again within that time gets the same: signing is for the few, asking for everybody. */
const SAME_ANSWER_MS = 30_000

export class ExperienceExchange implements Startable {
  readonly #components: ExperienceExchangeComponents
  readonly #routers: ReadonlySet<string>
  readonly #controller = new AbortController()
  #books = new ExperienceBooks()
  /** Workers for whom something is imported now. */
  #imported: ReadonlyMap<string, Imported> = new Map()
  #answer: { atMs: number; text: Promise<string> } | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(
    components: ExperienceExchangeComponents,
    { trustedRouters }: ExperienceExchangeInit
  ) {
    this.#components = components
    this.#routers = new Set(trustedRouters.filter((peer) => peer !== components.signer.peer))
  }

  async start(): Promise<void> {
    if (this.#routers.size === 0) return
    const { clock, note, random } = this.#components
    this.#books = new ExperienceBooks(readSeqs(await note.read(), this.#routers))
    const { signal } = this.#controller
    this.#running = repeat({ clock, random, periodMs: PERIOD_MS, signal }, () => this.#round())
  }

  async stop(): Promise<void> {
    this.#controller.abort(new MeshError('STOPPING', 'this node is stopping'))
    await this.#running
  }

  /** What this router has seen, signed, for whoever asks. */
  async own(): Promise<string> {
    const nowMs = this.#components.nowMs()
    if (this.#answer === undefined || nowMs - this.#answer.atMs >= SAME_ANSWER_MS) {
      this.#answer = { atMs: nowMs, text: this.#seal(nowMs) }
    }
    return await this.#answer.text
  }

  /**
   * Takes what a router has brought by itself.
   * @returns whether it is newer than what was known
   * @throws MeshError PROOF_REQUIRED where nothing that counts is proved by it
   */
  async take(sender: string, base64: string | undefined): Promise<boolean> {
    if (base64 === undefined) throw noProof('a claim about another node counts only with proof')
    const experience = await this.#open(sender, base64)
    const refusal = this.#books.take(experience, this.#components.nowMs())
    if (refusal === 'repeated') return false
    if (refusal !== undefined) throw noProof(`the experience of ${sender} is ${refusal}`)
    await this.#weigh()
    return true
  }

  async #open(sender: string, base64: string): Promise<RouterExperience> {
    if (!this.#routers.has(sender)) {
      throw noProof('only routers that the owner of this one has listed are heard')
    }
    const experience = await openExperience(base64).catch((cause: unknown) => {
      throw noProof(`this proves nothing: ${messageOf(cause)}`, cause)
    })
    if (experience.router === sender) return experience
    throw noProof('each router brings its own experience only')
  }

  /** Asks all once. Never rejects. */
  async #round(): Promise<void> {
    await Promise.all([...this.#routers].map((router) => this.#ask(router)))
    await this.#weigh()
  }

  async #ask(router: string): Promise<void> {
    const { logger, nowMs, sessions } = this.#components
    const { signal } = this.#controller
    try {
      const session = await sessions.open(router, { signal })
      const answer = await session.request(
        { command: 'GET_REPUTATION', params: { experience: true } },
        { signal, timeoutMs: ANSWER_TIMEOUT_MS }
      )
      if (answer.error !== undefined) throw answer.error
      const { experience: base64 } = COMMANDS.GET_REPUTATION.checkResult(answer.result)
      if (base64 === undefined) return
      const refusal = this.#books.take(await this.#open(router, base64), nowMs())
      if (refusal === undefined || refusal === 'repeated') return
      logger.warn({ router, refusal }, 'the experience of a router is not believed')
    } catch (cause) {
      if (signal.aborted) return
      const { code, message } = MeshError.from(cause)
      logger.debug({ router, code, message }, 'a router gives no experience')
    }
  }

  /** Anew from all that is believed now, so that what has expired is gone as well. Never rejects. */
  async #weigh(): Promise<void> {
    const { ledger, logger, note, nowMs } = this.#components
    const ownOf = ledger.ownExperienceOf.bind(ledger)
    const weighed = weighClaims(this.#books.current(nowMs()), ownOf)
    for (const peer of this.#imported.keys()) {
      if (!weighed.has(peer)) ledger.setImported(peer, NO_IMPORT)
    }
    for (const [peer, imported] of weighed) ledger.setImported(peer, imported)
    this.#imported = weighed
    try {
      await note.write(JSON.stringify(this.#books.seqs()))
    } catch (cause) {
      logger.error({ err: cause }, 'which experience was heard could not be stored')
    }
  }

  /** Times are numbers that grow, also over a restart. */
  async #seal(nowMs: number): Promise<string> {
    const { ledger, signer } = this.#components
    const workers = ledger
      .ownExperience()
      .toSorted((left, right) => right.good + right.bad - (left.good + left.bad))
      .slice(0, LIMITS.experienceWorkersMax)
      .map(toWords)
    const times = { at_ms: nowMs, expires_ms: nowMs + LIFETIME_MS }
    return await sealExperience({ ...times, seq: nowMs, workers }, signer)
  }
}

function toWords(own: OwnExperience, place: number): RouterExperience['workers'][number] {
  const { bad, good, peerId, quarantinedUntilMs, receipts, right, wrong } = own
  const words = { peer_id: peerId, good: shown(good), bad: shown(bad), right, wrong }
  return {
    ...words,
    ...(quarantinedUntilMs === undefined ? {} : { quarantined_until_ms: quarantinedUntilMs }),
    ...(receipts === undefined || place >= RECEIPTS_OF_MAX
      ? {}
      : {
          receipts: {
            since_ms: receipts.sinceMs,
            count: receipts.count,
            sha256: receipts.sha256
          }
        })
  }
}

/** More digits would be noise. */
function shown(count: number): number {
  return Math.round(count * 100) / 100
}

/** Of routers that are still listed. A damaged note stops nobody: what it kept from being repeated expires soon. */
function readSeqs(text: string | undefined, routers: ReadonlySet<string>): [string, number][] {
  return rowsIn(text).filter(
    (row): row is [string, number] =>
      Array.isArray(row) && routers.has(row[0] as string) && Number.isSafeInteger(row[1])
  )
}

function rowsIn(text: string | undefined): unknown[] {
  try {
    const rows = JSON.parse(text ?? '[]') as unknown
    return Array.isArray(rows) ? rows : []
  } catch {
    return []
  }
}

function noProof(message: string, cause?: unknown): MeshError {
  return new MeshError('PROOF_REQUIRED', message, {
    path: 'params.proof',
    hint: 'each node judges workers by what it has itself seen of them',
    ...(cause === undefined ? {} : { cause })
  })
}
