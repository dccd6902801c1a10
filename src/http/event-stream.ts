/**
 * Server-sent events: how what happens reaches a browser or the command line. Nothing is left out or
 * merged on the way: a reader that can't keep up loses its stream instead, and gets what it missed when
 * it comes again with the number of the last event that it has. So the router holds a bounded number of
 * events for anybody, and nobody takes a gap for the whole. (Only the latest of each thing would be
 * enough for a table, but not for whoever counts ends; what changes often is slowed down at its source.)
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { OWNER } from './caller.ts'
import { PeerQuota } from '../protocol/peer-quota.ts'
import { SAFE_HEADERS } from './safe-headers.ts'
import type { ServerResponse } from 'node:http'
import type { Caller } from './caller.ts'
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

/** News that may wait for one reader: a second of a busy router. */
const WAITING_MAX = 4_096

/** A reader that has taken nothing for this many heartbeats is gone. */
const BLOCKED_HEARTBEATS_MAX = 4

export const STREAM_HEADERS = {
  ...SAFE_HEADERS,
  'content-type': 'text/event-stream; charset=utf-8',
  // nginx would gather events otherwise.
  'x-accel-buffering': 'no'
} as const

/** Tells a reader that there is nothing to come again for; a stream that breaks off has no such event. */
const LAST_EVENT = 'event: end\ndata: {}\n\n'

/** One event on its way. */
export interface StreamFrame {
  /** What a reader that comes again says it has seen; a stream without them begins anew. */
  id?: string | number
  /** As text it is JSON already. */
  data: object | string
}

/** A place among the streams, taken before the work of watching begins. */
export interface StreamPlace {
  /** Begins the answer with what came before it; the place is given back when its connection has closed. */
  open(response: ServerResponse, backlog: readonly StreamFrame[]): EventStream
  /** Gives back a place whose stream never opened. */
  release(): void
}

/** All open streams of one server: their number, their heartbeat, their end. */
export class EventStreams {
  readonly #clock: Clock
  readonly #init: Required<EventStreamsInit>
  readonly #places = new Map<StreamPlace, { stream?: EventStream; caller: Caller }>()
  /** Of those who are not the owner. */
  readonly #shares = new PeerQuota({
    perPeerMax: LIMITS.eventStreamsPerCallerMax,
    totalMax: Infinity
  })
  #stopHeartbeat: (() => void) | undefined

  constructor(clock: Clock, init: EventStreamsInit = {}) {
    this.#clock = clock
    this.#init = Object.freeze({ ...DEFAULT_EVENT_STREAMS, ...init })
  }

  get count(): number {
    return this.#places.size
  }

  /**
   * @param caller once it may not read any more, its stream ends
   * @throws MeshError TOO_MANY_REQUESTS
   */
  take(caller: Caller): StreamPlace {
    if (this.#places.size >= this.#init.streamsMax)
      throw tooMany(`${this.#init.streamsMax} event streams`)
    if (caller !== OWNER && !this.#shares.take(caller.submitter, 1)) {
      throw tooMany(`${LIMITS.eventStreamsPerCallerMax} event streams of ${caller.submitter}`)
    }
    const place: StreamPlace = {
      open: (response, backlog) => {
        const stream = new EventStream(response, backlog)
        this.#places.set(place, { stream, caller })
        response.once('close', () => place.release())
        return stream
      },
      release: () => {
        if (!this.#places.delete(place)) return
        if (caller !== OWNER) this.#shares.give(caller.submitter, 1)
        if (this.#places.size === 0) this.#rest()
      }
    }
    this.#places.set(place, { caller })
    this.#stopHeartbeat ??= this.#clock.every(this.#init.heartbeatMs, () => this.#beat())
    return place
  }

  endAll(): void {
    for (const { stream } of this.#places.values()) stream?.end()
    this.#rest()
  }

  /** Ends the streams of those who may not read any more. */
  dismiss(): void {
    for (const { caller, stream } of this.#places.values()) {
      if (!caller.isValid()) stream?.end()
    }
  }

  #beat(): void {
    this.dismiss()
    for (const { stream } of this.#places.values()) stream?.beat()
  }

  #rest(): void {
    this.#stopHeartbeat?.()
    this.#stopHeartbeat = undefined
  }
}

/** One reader's stream. */
export class EventStream {
  readonly #response: ServerResponse
  /** What a reader asked for is not held against it: the memory it comes from has a bound of its own. */
  readonly #waitingMax: number
  #waiting: StreamFrame[]
  #blockedHeartbeats = 0
  #isEnding = false
  #isWhole = false

  constructor(response: ServerResponse, backlog: readonly StreamFrame[] = []) {
    this.#response = response
    this.#waiting = [...backlog]
    this.#waitingMax = WAITING_MAX + backlog.length
    response.writeHead(200, STREAM_HEADERS)
    response.flushHeaders()
    response.on('drain', () => {
      this.#blockedHeartbeats = 0
      this.#flush()
    })
    response.on('error', () => response.destroy())
    this.#flush()
  }

  /** Whether all that was sent is on its way. */
  get isIdle(): boolean {
    return this.#waiting.length === 0 && !this.#response.writableNeedDrain
  }

  /** In the order of the calls. Of a reader that is too far behind, the stream ends. */
  send(frame: StreamFrame): void {
    if (this.#isEnding || this.#response.destroyed) return
    this.#waiting.push(frame)
    if (this.#waiting.length > this.#waitingMax) {
      // It will ask for them again, from the last one that it got.
      this.#waiting = []
      this.end()
    } else this.#flush()
  }

  /** A comment that keeps the connection open, and the moment to notice that nobody reads. */
  beat(): void {
    const response = this.#response
    if (response.writableNeedDrain || (response.writableEnded && response.writableLength > 0)) {
      this.#blockedHeartbeats += 1
      if (this.#blockedHeartbeats >= BLOCKED_HEARTBEATS_MAX) response.destroy()
    } else if (!this.#isEnding) response.write(': alive\n\n')
  }

  /** Breaks off once what waits has been written: a reader that wants more comes again. */
  end(): void {
    this.#isEnding = true
    this.#flush()
  }

  /** Ends for good: nothing more can come. */
  finish(): void {
    this.#isWhole = !this.#isEnding
    this.end()
  }

  #flush(): void {
    const response = this.#response
    let count = 0
    for (const frame of this.#waiting) {
      if (response.writableNeedDrain || response.destroyed) break
      response.write(toText(frame))
      count += 1
    }
    this.#waiting.splice(0, count)
    if (!this.#isEnding || this.#waiting.length > 0 || response.writableEnded) return
    response.end(this.#isWhole ? LAST_EVENT : undefined)
  }
}

function tooMany(what: string): MeshError {
  return new MeshError('TOO_MANY_REQUESTS', `this server feeds ${what} already`, {
    hint: 'close some, or ask again later'
  })
}

function toText({ data, id }: StreamFrame): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${text}\n\n`
}
