/**
 * What a program writes to its standard error, as log entries on their way while it runs: bounded, and
 * gathered for a moment, because a program that writes byte by byte would else send as many entries.
 */
import { StringDecoder } from 'node:string_decoder'
import { LIMITS } from '../../core/limits.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { TaskRun } from '../executor.ts'

/** Nobody sees a delay below this. */
const GATHER_MS = 20
/** Of the end, for the message of a failure. */
const TAIL_LENGTH = 2_000

export class StderrLog {
  readonly #clock: Clock
  readonly #onLog: TaskRun['onLog']
  readonly #startedMs: number
  readonly #decoder = new StringDecoder('utf8')
  #pending = ''
  #pendingMs = 0
  #roomBytes: number = LIMITS.logBytesMax
  #droppedBytes = 0
  #tail = ''
  #cancel: CancelTimer | undefined

  /** Times of entries count from here. */
  constructor(clock: Clock, onLog: TaskRun['onLog']) {
    this.#clock = clock
    this.#onLog = onLog
    this.#startedMs = clock.monotonicMs()
  }

  get droppedBytes(): number {
    return this.#droppedBytes
  }

  /** The last lines, also of what was dropped. */
  get tail(): string {
    return this.#tail.trim()
  }

  write(chunk: Uint8Array): void {
    this.#add(this.#decoder.write(Buffer.from(chunk)))
  }

  /** Nothing is said after it. */
  finish(): void {
    this.#add(this.#decoder.end())
    this.#flush()
  }

  #add(text: string): void {
    this.#tail = (this.#tail + text).slice(-TAIL_LENGTH)
    const bytes = Buffer.byteLength(text)
    const kept = bytes <= this.#roomBytes ? text : headOf(text, this.#roomBytes)
    // After the first gap nothing follows: a shorter line behind it would mislead.
    this.#roomBytes = kept === text ? this.#roomBytes - bytes : 0
    this.#droppedBytes += bytes - Buffer.byteLength(kept)
    if (kept === '') return
    if (this.#pending === '')
      this.#pendingMs = Math.floor(this.#clock.monotonicMs() - this.#startedMs)
    this.#pending += kept
    this.#cancel ??= this.#clock.after(GATHER_MS, () => this.#flush())
  }

  #flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#pending === '') return
    this.#onLog({ ms: this.#pendingMs, stream: 'err', text: this.#pending })
    this.#pending = ''
  }
}

/** The longest beginning that is no longer than so many bytes. */
function headOf(text: string, bytesMax: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytesMax))
  return text.slice(0, read)
}
