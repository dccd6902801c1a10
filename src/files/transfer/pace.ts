/**
 * How much is asked of one peer ahead of what has come: twice the bytes that are on the way at its measured
 * bandwidth and delay, so that it never waits for us and its queue stays short. The delay is that of a
 * request that had the way for itself; now and then the way is emptied for one. (After BBR: Cardwell et al.,
 * "BBR: congestion-based congestion control", 2016.) Pure.
 */
import { LIMITS } from '../../core/limits.ts'
import { LEAF_BYTES } from '../content/content-tree.ts'

export const WINDOW_BYTES_MIN = 256 * 1_024
export const WINDOW_BYTES_MAX = 4 * 2 ** 20
/** Beside requests that somebody waits for: measured on loopback, these then wait some 3 ms at most. */
export const WINDOW_BYTES_SHARED = 512 * 1_024

const GAIN = 2
/** The other end's disk and scheduler answer that much later at times, however short the way. */
const SLACK_MS = 5
/** Before anything was measured. */
const WINDOW_BYTES_FIRST = 512 * 1_024
/** So many requests are on the way, that the next is there when one is answered. */
const RANGES = 4
/** Shorter than that, what comes in bursts looks like a fast way. */
const SAMPLE_MS = 100
/** The best of these is the bandwidth: a moment's silence is no slower way. */
const SAMPLES_MAX = 10
/** Ways change; after this time the delay is measured anew. */
const DELAY_MS_MAX = 10_000
/** Weight of the last sample in the smoothed rate. */
const SMOOTHING = 0.3

export class Pace {
  #delayMs: number | undefined
  #measuredAtMs = 0
  readonly #samples: number[] = []
  #sampleStartMs: number | undefined
  #sampleBytes = 0
  #smoothed: number | undefined

  /** Bytes a second, smoothed; undefined before the first sample. */
  get bytesPerSecond(): number | undefined {
    return this.#smoothed === undefined ? undefined : this.#smoothed * 1_000
  }

  get delayMs(): number | undefined {
    return this.#delayMs
  }

  /** Something is asked for. @param isAlone nothing else is on its way */
  noteAsked(nowMs: number, isAlone: boolean): void {
    if (!isAlone && this.#sampleStartMs !== undefined) return
    this.#sampleStartMs = nowMs
    this.#sampleBytes = 0
  }

  /** The first bytes of a request have come that had the way for itself. */
  noteDelay(nowMs: number, delayMs: number): void {
    const isOld = nowMs - this.#measuredAtMs >= DELAY_MS_MAX
    if (this.#delayMs === undefined || isOld || delayMs < this.#delayMs) this.#delayMs = delayMs
    this.#measuredAtMs = nowMs
  }

  noteBytes(nowMs: number, bytes: number): void {
    this.#sampleBytes += bytes
    const elapsedMs = nowMs - (this.#sampleStartMs ?? nowMs)
    if (elapsedMs < Math.max(SAMPLE_MS, 2 * (this.#delayMs ?? 0))) return
    const rate = this.#sampleBytes / elapsedMs
    this.#samples.push(rate)
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift()
    this.#smoothed = (this.#smoothed ?? rate) * (1 - SMOOTHING) + rate * SMOOTHING
    this.#sampleStartMs = nowMs
    this.#sampleBytes = 0
  }

  /** It did not keep its pace: what was measured before is forgotten. */
  reset(): void {
    this.#samples.length = 0
    this.#smoothed = undefined
  }

  /** The way is to be emptied, so that the next request has it for itself. */
  wantsEmptyWay(nowMs: number): boolean {
    return this.#delayMs !== undefined && nowMs - this.#measuredAtMs >= DELAY_MS_MAX
  }

  windowBytes(isShared: boolean): number {
    const most = isShared ? WINDOW_BYTES_SHARED : WINDOW_BYTES_MAX
    const wanted =
      this.#delayMs === undefined || this.#samples.length === 0
        ? WINDOW_BYTES_FIRST
        : GAIN * Math.max(...this.#samples) * (this.#delayMs + SLACK_MS)
    return Math.min(Math.max(wanted, WINDOW_BYTES_MIN), most)
  }

  /** How much one request asks for. */
  rangeBytes(windowBytes: number): number {
    const leaves = Math.floor(windowBytes / RANGES / LEAF_BYTES)
    return Math.min(Math.max(1, leaves) * LEAF_BYTES, LIMITS.pieceRequestBytesMax)
  }

  /** How long so many bytes should take from now; undefined before anything was measured. */
  expectedMs(bytes: number): number | undefined {
    return this.#smoothed === undefined ? undefined : bytes / this.#smoothed + (this.#delayMs ?? 0)
  }
}
