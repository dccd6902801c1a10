/**
 * One peer's addresses, tried as planned: the first that answers wins and the others are called off. A relay that wins
 * leaves the direct tries running, as a direct way is worth having later too. Where a try fails, the next begins at once.
 */
import { TimeoutError } from '@libp2p/interface'
import { deferred } from '../../core/abort.ts'
import { messageOf } from '../../core/errors.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Connection } from '@libp2p/interface'
import type { Deferred } from '../../core/abort.ts'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { DialTier, PlannedDial } from './dial-order.ts'
import type { SharedAmount } from '../../core/shared-amount.ts'

export interface DialRaceComponents {
  clock: Pick<Clock, 'after' | 'monotonicMs'>
  dial: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** Tries of all peers at a time. */
  slots: SharedAmount
}

export interface DialRaceInit {
  /** How long one try may take. */
  tryMs: number
  /** Tries at a time. */
  triesMax: number
}

interface Try {
  planned: PlannedDial
  controller: AbortController
}

export class DialRace {
  /** By which way ever. Rejects with why each failed: the error itself of a single one, otherwise an AggregateError. */
  readonly first: Promise<Connection>
  /** By no relay. */
  readonly direct: Promise<Connection>
  readonly #components: DialRaceComponents
  readonly #init: DialRaceInit
  readonly #first: Deferred<Connection> = deferred()
  readonly #direct: Deferred<Connection> = deferred()
  readonly #over: Deferred<void> = deferred()
  readonly #running = new Set<Try>()
  readonly #errors: Error[] = []
  readonly #startMs: number
  #waiting: PlannedDial[]
  #begunCount = 0
  #cancel: CancelTimer = () => {}
  /** By which way the peer has come itself or was reached. */
  #reached: 'directly' | 'relayed' | undefined
  /** The peer has come itself: tries that succeed now are kept, as both ends may have called off theirs otherwise. */
  #hasCome = false

  constructor(components: DialRaceComponents, plan: readonly PlannedDial[], init: DialRaceInit) {
    this.#components = components
    this.#init = init
    this.#waiting = [...plan]
    this.#startMs = components.clock.monotonicMs()
    this.first = this.#first.promise
    this.direct = this.#direct.promise
    // Not everybody waits for both.
    this.first.catch(() => {})
    this.direct.catch(() => {})
    this.#next()
  }

  /** Resolves when nothing is tried any more. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** The peer has come by itself meanwhile. */
  offer(connection: Connection, isRelayed: boolean): void {
    this.#hasCome = true
    if (isRelayed) {
      this.#reached ??= 'relayed'
      this.#waiting = this.#waiting.filter(({ tier }) => tier !== 'relay')
    } else {
      this.#reached = 'directly'
      this.#waiting = []
      this.#direct.resolve(connection)
    }
    this.#first.resolve(connection)
    this.#next()
  }

  stop(reason: unknown): void {
    this.#waiting = []
    this.#cancel()
    this.#first.reject(reason)
    this.#direct.reject(reason)
    for (const { controller } of this.#running) controller.abort(reason)
    this.#next()
  }

  get #passedMs(): number {
    return this.#components.clock.monotonicMs() - this.#startMs
  }

  /** Begins what is due, and sees to it that the rest will be. */
  #next(): void {
    this.#cancel()
    const { clock } = this.#components
    while (this.#running.size < this.#init.triesMax) {
      const [planned] = this.#waiting
      if (planned === undefined) return this.#finishIfOver()
      // With nothing else under way there is nothing to wait for.
      const waitMs = this.#running.size === 0 ? 0 : planned.afterMs - this.#passedMs
      if (waitMs > 0) {
        this.#cancel = clock.after(waitMs, () => this.#next())
        return
      }
      this.#begin()
    }
  }

  #begin(): void {
    const planned = this.#waiting.shift()
    if (planned === undefined) return
    const earlyMs = planned.afterMs - this.#passedMs
    if (earlyMs > 0) this.#waiting = broughtForward(this.#waiting, earlyMs, planned.tier)
    const attempt = { planned, controller: new AbortController() }
    this.#running.add(attempt)
    const { slots } = this.#components
    // Nobody's second try keeps another one's first waiting, however many dead addresses he names.
    void slots
      .use(1, () => this.#dial(attempt), this.#begunCount++)
      .then(
        (connection) => this.#succeed(attempt, connection),
        (cause: unknown) => this.#fail(attempt, cause)
      )
  }

  async #dial({ controller, planned }: Try): Promise<Connection> {
    controller.signal.throwIfAborted()
    const { clock, dial } = this.#components
    const { tryMs } = this.#init
    const late = new TimeoutError(`no answer within ${tryMs / 1_000} s`)
    const cancel = clock.after(tryMs, () => controller.abort(late))
    try {
      return await dial(planned.address, controller.signal)
    } catch (cause) {
      throw controller.signal.reason === late ? late : cause
    } finally {
      cancel()
    }
  }

  #succeed(attempt: Try, connection: Connection): void {
    this.#running.delete(attempt)
    const isRelayed = attempt.planned.tier === 'relay'
    const isLate = attempt.controller.signal.aborted || this.#reached === 'directly'
    if (!this.#hasCome && (isLate || (isRelayed && this.#reached !== undefined))) {
      // It has answered in spite of having been called off.
      connection.abort(new Error('another address of the peer has answered before'))
      return this.#next()
    }
    this.#reached = isRelayed ? (this.#reached ?? 'relayed') : 'directly'
    this.#waiting = isRelayed ? this.#waiting.filter(({ tier }) => tier !== 'relay') : []
    this.#first.resolve(connection)
    if (!isRelayed) this.#direct.resolve(connection)
    this.#callOff(isRelayed)
    this.#next()
  }

  /** What is no longer wanted; nothing where the peer has come too. */
  #callOff(isRelayed: boolean): void {
    if (this.#hasCome) return
    const reason = new Error('another address of the peer has answered')
    for (const { controller, planned } of this.#running) {
      if (!isRelayed || planned.tier === 'relay') controller.abort(reason)
    }
  }

  #fail(attempt: Try, cause: unknown): void {
    this.#running.delete(attempt)
    this.#errors.push(asError(attempt.planned, cause))
    const [next] = this.#waiting
    // One of its kind takes its place at once; others have their time.
    if (next?.tier === attempt.planned.tier && this.#running.size < this.#init.triesMax) {
      this.#begin()
    }
    this.#next()
  }

  #finishIfOver(): void {
    if (this.#running.size > 0 || this.#waiting.length > 0) return
    const error = togetherOf(this.#errors)
    this.#first.reject(error)
    this.#direct.reject(error)
    this.#over.resolve()
  }
}

/** What follows one that has begun early follows it as closely; direct ways have as much time before relays as ever. */
function broughtForward(
  waiting: readonly PlannedDial[],
  earlyMs: number,
  tier: DialTier
): PlannedDial[] {
  return waiting
    .map((each) =>
      each.tier === 'relay' && tier !== 'relay'
        ? each
        : { ...each, afterMs: each.afterMs - earlyMs }
    )
    .toSorted((left, right) => left.afterMs - right.afterMs)
}

/** That a relay refuses does not mean that the peer does. */
function asError({ tier }: PlannedDial, cause: unknown): Error {
  if (tier === 'relay') return new Error(`through a relay: ${messageOf(cause)}`, { cause })
  return cause instanceof Error ? cause : new Error(messageOf(cause))
}

function togetherOf(errors: readonly Error[]): Error {
  const [only, ...others] = errors
  if (only !== undefined && others.length === 0) return only
  const reasons = [...new Set(errors.map(({ message }) => message))].slice(0, REASONS_SHOWN_MAX)
  return new AggregateError(
    errors,
    `none of ${errors.length} addresses answers: ${reasons.join('; ')}`
  )
}

const REASONS_SHOWN_MAX = 4
