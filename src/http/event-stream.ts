/**
 * Server-sent events: how a change reaches a browser or the command line. A reader that can't keep up
 * gets the latest of each thing rather than every step, and one that stands still is dropped: the router
 * never holds more than a few events for anybody.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import type { ServerResponse } from 'node:http'
import type { Clock } from '../core/clock.ts'

export interface EventStreamsInit {
  /** @default 15_000 */
  heartbeatMs?: number
  /** @default LIMITS.eventStreamsMax */
  streamsMax?: number
}

const DEFAULT_EVENT_STREAMS = {
  /** Below the 30 s after which many proxies cut a silent answer. */
  heartbeatMs: 15_000,
  streamsMax: LIMITS.eventStreamsMax
} as const

/** Different things of which one reader may have news waiting: every peer of a large mesh. */
const WAITING_MAX = 4_096

/** A reader that has taken nothing for this many heartbeats is gone. */
const BLOCKED_HEARTBEATS_MAX = 4

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx would gather events otherwise.
  'x-accel-buffering': 'no'
} as const

/** A place among the streams, taken before the work of watching begins. */
export interface StreamPlace {
  /** Begins the answer; the place is given back when its connection has closed. */
  open(response: ServerResponse): EventStream
  /** Gives back a place whose stream never opened. */
  release(): void
}

/** All open streams of one server: their number, their heartbeat, their end. */
export class EventStreams {
  readonly #clock: Clock
  readonly #init: Required<EventStreamsInit>
  readonly #places = new Map<StreamPlace, EventStream | undefined>()
  #stopHeartbeat: (() => void) | undefined

  constructor(clock: Clock, init: EventStreamsInit = {}) {
    this.#clock = clock
    this.#init = Object.freeze({ ...DEFAULT_EVENT_STREAMS, ...init })
  }

  get count(): number {
    return this.#places.size
  }

  /** @throws MeshError TOO_MANY_REQUESTS */
  take(): StreamPlace {
    if (this.#places.size >= this.#init.streamsMax) {
      throw new MeshError(
        'TOO_MANY_REQUESTS',
        `this server feeds ${this.#init.streamsMax} event streams already`,
        { hint: 'close some, or ask again later' }
      )
    }
    const place: StreamPlace = {
      open: (response) => {
        const stream = new EventStream(response)
        this.#places.set(place, stream)
        response.once('close', () => place.release())
        return stream
      },
      release: () => {
        this.#places.delete(place)
        if (this.#places.size === 0) this.#rest()
      }
    }
    this.#places.set(place, undefined)
    this.#stopHeartbeat ??= this.#clock.every(this.#init.heartbeatMs, () => this.#beat())
    return place
  }

  endAll(): void {
    for (const stream of this.#places.values()) stream?.end()
    this.#rest()
  }

  #beat(): void {
    for (const stream of this.#places.values()) stream?.beat()
  }

  #rest(): void {
    this.#stopHeartbeat?.()
    this.#stopHeartbeat = undefined
  }
}

/** One reader's stream. */
export class EventStream {
  readonly #response: ServerResponse
  readonly #waiting = new Map<string, object>()
  #blockedHeartbeats = 0
  #isEnding = false

  constructor(response: ServerResponse) {
    this.#response = response
    response.writeHead(200, HEAD)
    response.flushHeaders()
    response.on('drain', () => {
      this.#blockedHeartbeats = 0
      this.#flush()
    })
    response.on('error', () => response.destroy())
  }

  /** News about `key`; while the reader is slow, it replaces older news about the same. */
  send(key: string, event: object): void {
    if (this.#isEnding || this.#response.destroyed) return
    // Out and in again, so that the order stays that of the latest news.
    this.#waiting.delete(key)
    this.#waiting.set(key, event)
    if (this.#waiting.size > WAITING_MAX) this.#response.destroy()
    else this.#flush()
  }

  /** A comment that keeps the connection open, and the moment to notice that nobody reads. */
  beat(): void {
    if (!this.#response.writableNeedDrain) {
      if (!this.#isEnding) this.#response.write(': alive\n\n')
      return
    }
    this.#blockedHeartbeats += 1
    if (this.#blockedHeartbeats >= BLOCKED_HEARTBEATS_MAX) this.#response.destroy()
  }

  /** Ends the answer once what waits has been written. */
  end(): void {
    this.#isEnding = true
    this.#flush()
  }

  #flush(): void {
    const response = this.#response
    for (const [key, event] of this.#waiting) {
      if (response.writableNeedDrain || response.destroyed) return
      this.#waiting.delete(key)
      response.write(`data: ${JSON.stringify(event)}\n\n`)
    }
    if (this.#isEnding && !response.writableEnded) response.end()
  }
}
