/**
 * What a program writes to its standard error, as log entries on their way while it runs: bounded, and
 * gathered for a moment, because a program that writes byte by byte would else send as many entries. Of
 * one that failed the end of its standard output follows.
 */
import { StringDecoder } from 'node:string_decoder'
import { LIMITS } from '../../core/limits.ts'
import { outputTail } from '../output-tail.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { TaskRun } from '../executor.ts'

/** Nobody sees a delay below this. */
const GATHER_MS = 20
/** Of the end of standard error, for the message of a failure. */
const TAIL_LENGTH = 2_000

export class ProgramLog {
  readonly #clock: Clock
  readonly #onLog: TaskRun['onLog']
  readonly #startedMs: number
  readonly #decoder = new StringDecoder('utf8')
  #pending = ''
  #pendingMs = 0
  #roomBytes: number = LIMITS.logSpoolBytesMax
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

  /** The last lines of standard error, also of what was dropped. */
  get tail(): string {
    return this.#tail.trim()
  }

  write(chunk: Uint8Array): void {
    this.#add(this.#decoder.write(Buffer.from(chunk)))
  }

  /** Once standard error is over. */
  finish(): void {
    this.#add(this.#decoder.end())
    this.#flush()
  }

  /** Once the program has failed: there will be no result that has its standard output. */
  showOutput(stdout: Uint8Array): void {
    const text = this.#take(outputTail(stdout))
    if (text !== '') this.#onLog({ ms: this.#elapsedMs(), stream: 'out', text })
  }

  #add(text: string): void {
    this.#tail = (this.#tail + text).slice(-TAIL_LENGTH)
    const kept = this.#take(text)
    if (kept === '') return
    if (this.#pending === '') this.#pendingMs = this.#elapsedMs()
    this.#pending += kept
    this.#cancel ??= this.#clock.after(GATHER_MS, () => this.#flush())
  }

  /** What there is room for. */
  #take(text: string): string {
    const bytes = Buffer.byteLength(text)
    const kept = bytes <= this.#roomBytes ? text : headOf(text, this.#roomBytes)
    // After the first gap nothing follows: a shorter line behind it would mislead.
    this.#roomBytes = kept === text ? this.#roomBytes - bytes : 0
    this.#droppedBytes += bytes - Buffer.byteLength(kept)
    return kept
  }

  #elapsedMs(): number {
    return Math.floor(this.#clock.monotonicMs() - this.#startedMs)
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
