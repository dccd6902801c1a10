/**
 * What happens, in order, for whoever watches: remembered up to a bound, so that a reader that was away
 * for a while misses nothing. It is told of several events per task, so an event is kept as it was given,
 * and put into its published shape only for a reader.
 *
 * Numbers grow over restarts without being stored: a run begins at its time in microseconds, and no run
 * has a million events a second for long. Where a clock was set back between two runs, an old number may
 * be one that is still to come; like any number that is not remembered it is answered with a `gap`.
 */
import { LIMITS } from '../core/limits.ts'
import type { Logger } from './logger.ts'
import type { MeshEvent } from '../model/generated/api-event.ts'

/** What somebody publishes. It is kept and must not change afterwards. */
export type NewEvent = Omit<MeshEvent, 'number' | 'at_ms'>

export type EventListener = (event: MeshEvent) => void

export interface EventLogComponents {
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  logger: Logger
}

export interface EventLogInit {
  /** Events that are remembered. @default LIMITS.eventsKeptMax */
  keptMax?: number
}

/** A millisecond's worth of numbers. */
const NUMBERS_PER_MS = 1_000

/** All events, or those of one job. */
const ALL = Symbol('all')

export class EventLog {
  readonly #components: EventLogComponents
  readonly #keptMax: number
  /** The event with number n lies at (n - first) mod keptMax. */
  readonly #kept: NewEvent[] = []
  readonly #atMs: number[] = []
  readonly #listeners = new Map<string | symbol, Set<EventListener>>()
  readonly #first: number
  #next: number

  constructor(components: EventLogComponents, init: EventLogInit = {}) {
    this.#components = components
    this.#keptMax = init.keptMax ?? LIMITS.eventsKeptMax
    this.#first = this.#next = components.nowMs() * NUMBERS_PER_MS
  }

  /** Number of the newest event; before the first one, the number that came before it. */
  get last(): number {
    return this.#next - 1
  }

  /** Listeners hear of it before this returns; they are to do no more than to put it into their own queue. */
  publish(event: NewEvent): void {
    const number = this.#next
    const atMs = this.#components.nowMs()
    const place = (number - this.#first) % this.#keptMax
    this.#kept[place] = event
    this.#atMs[place] = atMs
    this.#next += 1
    if (this.#listeners.size === 0) return
    const told = { number, at_ms: atMs, ...event }
    this.#tell(ALL, told)
    if (event.job_id !== undefined) this.#tell(event.job_id, told)
  }

  /**
   * Every event with a number above `after` that is remembered, then what comes; without `after` only what
   * comes. Where events are missing in between, a `gap` with the number before the oldest one comes first.
   * A listener that throws hears nothing more.
   * @returns what ends it
   */
  watch(
    { after, jobId }: { after?: number | undefined; jobId?: string | undefined },
    onEvent: EventListener
  ): () => void {
    const key = jobId ?? ALL
    const listener: EventListener = (event) => onEvent(event)
    if (after !== undefined && !this.#replay(after, jobId, listener)) return () => {}
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners)
    listeners.add(listener)
    return () => this.#remove(key, listener)
  }

  /** @returns false if the listener is to hear nothing more */
  #replay(after: number, jobId: string | undefined, listener: EventListener): boolean {
    const oldest = Math.max(this.#first, this.#next - this.#keptMax)
    const isKnown = after >= oldest - 1 && after <= this.last
    const from = isKnown ? after + 1 : oldest
    if (!isKnown) {
      const gap = { number: oldest - 1, at_ms: this.#components.nowMs(), type: 'gap' } as const
      if (!this.#call(listener, gap)) return false
    }
    for (let number = from; number < this.#next; number += 1) {
      const event = this.#at(number)
      if (jobId !== undefined && event.job_id !== jobId) continue
      if (!this.#call(listener, event)) return false
    }
    return true
  }

  #at(number: number): MeshEvent {
    const place = (number - this.#first) % this.#keptMax
    return { number, at_ms: this.#atMs[place] as number, ...(this.#kept[place] as NewEvent) }
  }

  #tell(key: string | symbol, event: MeshEvent): void {
    const listeners = this.#listeners.get(key)
    if (listeners === undefined) return
    for (const listener of listeners) {
      if (!this.#call(listener, event)) this.#remove(key, listener)
    }
  }

  #call(listener: EventListener, event: MeshEvent): boolean {
    try {
      listener(event)
      return true
    } catch (cause) {
      this.#components.logger.error({ err: cause, type: event.type }, 'an event listener failed')
      return false
    }
  }

  #remove(key: string | symbol, listener: EventListener): void {
    const listeners = this.#listeners.get(key)
    if (listeners?.delete(listener) === true && listeners.size === 0) this.#listeners.delete(key)
  }
}
