/**
 * How fast the way to a peer is, by one direction of one stream. Only time counts in which the way was what held the
 * bytes up, so that nothing is sent to measure, and a peer of whom little is asked looks no slower for it.
 */
import type { Clock } from '../core/clock.ts'

/** Bytes that went as fast as the way took them. */
export interface Transfer {
  bytes: number
  ms: number
}

export type TransferDirection = 'to' | 'from'

/** Fewer bytes tell of delays, and of buffers on the way. */
const TRANSFER_BYTES_MIN = 65_536
/** In less time, many bytes may have come at once that had waited. */
const TRANSFER_MS_MIN = 10
/** A long run is told of in parts. */
const TRANSFER_MS = 200

export class TransferMeter {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #tell: (transfer: Transfer) => void
  /** Undefined while the way holds nothing up. */
  #startedAtMs: number | undefined
  #bytes = 0

  constructor(clock: Pick<Clock, 'monotonicMs'>, tell: (transfer: Transfer) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  /** From now on the way is what holds up what is to move. */
  begin(): void {
    this.#startedAtMs ??= this.#clock.monotonicMs()
  }

  /** How long those before the beginning took is not known, and they don't count. */
  moved(bytes: number): void {
    if (this.#startedAtMs === undefined) return
    this.#bytes += bytes
    if (this.#bytes < TRANSFER_BYTES_MIN) return
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#startedAtMs < TRANSFER_MS) return
    this.#finish(nowMs)
    this.#startedAtMs = nowMs
  }

  /** Nothing is to move now. */
  idle(): void {
    if (this.#startedAtMs === undefined) return
    this.#finish(this.#clock.monotonicMs())
    this.#startedAtMs = undefined
  }

  #finish(nowMs: number): void {
    const bytes = this.#bytes
    const ms = nowMs - (this.#startedAtMs ?? nowMs)
    this.#bytes = 0
    if (bytes >= TRANSFER_BYTES_MIN && ms >= TRANSFER_MS_MIN) this.#tell({ bytes, ms })
  }
}
