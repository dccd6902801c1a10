/**
 * Console output of one task inside its host: bounded, and sent on early enough that a task which is
 * killed a moment later still shows what it wrote. Not every line is sent by itself: a chatty task
 * would spend its time on the pipe.
 */
import { LIMITS } from '../../core/limits.ts'
import type { Clock } from '../../core/clock.ts'

/** The first lines go out at once: they are what one looks for after a hang. */
const EAGER_LINES = 16
const CHUNK_LENGTH = 4_096
const STALE_MS = 20

const encoder = new TextEncoder()
/** Only measures: a host runs one task at a time. */
const scratch = new Uint8Array(LIMITS.logBytesMax)

export interface LogBufferInit {
  clock: Clock
  send: (text: string, droppedBytes: number) => void
}

export class LogBuffer {
  readonly #init: LogBufferInit
  #pending = ''
  #keptBytes = 0
  #droppedBytes = 0
  #sentDroppedBytes = 0
  #lineCount = 0
  #sentAtMs = 0

  constructor(init: LogBufferInit) {
    this.#init = init
  }

  /** Takes one line; `cutLength` characters of it never left the guest. */
  write(text: string, cutLength: number): void {
    const line = `${text}\n`
    const room = LIMITS.logBytesMax - this.#keptBytes
    const { read, written } = encoder.encodeInto(line, scratch.subarray(0, room))
    this.#keptBytes += written
    this.#droppedBytes += cutLength
    if (read === line.length) this.#pending += line
    else {
      this.#pending += line.slice(0, read)
      this.#droppedBytes += Buffer.byteLength(line.slice(read))
      // What did not fit ends the log: a shorter line after a gap would mislead.
      this.#keptBytes = LIMITS.logBytesMax
    }
    this.#lineCount += 1
    if (this.#lineCount <= EAGER_LINES || this.#pending.length >= CHUNK_LENGTH) this.flush()
    else this.flushIfStale()
  }

  flushIfStale(): void {
    if (this.#init.clock.monotonicMs() - this.#sentAtMs >= STALE_MS) this.flush()
  }

  flush(): void {
    if (this.#pending === '' && this.#droppedBytes === this.#sentDroppedBytes) return
    this.#sentAtMs = this.#init.clock.monotonicMs()
    this.#init.send(this.#pending, this.#droppedBytes)
    this.#pending = ''
    this.#sentDroppedBytes = this.#droppedBytes
  }
}
