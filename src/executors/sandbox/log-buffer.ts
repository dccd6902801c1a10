/**
 * What one task writes to its log, inside its host: bounded, and sent on early enough that a task which is
 * killed a moment later still shows what it wrote. Not every line is sent by itself: a chatty task
 * would spend its time on the pipe.
 */
import { LIMITS } from '../../core/limits.ts'
import type { Clock } from '../../core/clock.ts'
import type { LogEntry } from '../../model/generated/commands-execute-task.ts'

/** The first writes go out at once: they are what one looks for after a hang. */
const EAGER_WRITES = 16
const CHUNK_LENGTH = 4_096
/** What an entry takes on the pipe beside its text, so that a chunk of many short ones is no longer than others. */
const ENTRY_LENGTH = 48
const STALE_MS = 20

const encoder = new TextEncoder()
/** Only measures: a host runs one task at a time. */
const scratch = new Uint8Array(LIMITS.logBytesMax)

export interface LogBufferInit {
  clock: Clock
  send: (entries: LogEntry[], droppedBytes: number) => void
}

export class LogBuffer {
  readonly #init: LogBufferInit
  readonly #startedMs: number
  #pending: LogEntry[] = []
  #pendingLength = 0
  #keptBytes = 0
  #droppedBytes = 0
  #sentDroppedBytes = 0
  #writeCount = 0
  #sentAtMs = 0

  /** Made when the task begins: the times of its entries count from here. */
  constructor(init: LogBufferInit) {
    this.#init = init
    this.#startedMs = init.clock.monotonicMs()
  }

  /** Takes a text as it stands; `cutLength` more of it never left the guest. */
  write(stream: LogEntry['stream'], text: string, cutLength: number): void {
    const room = LIMITS.logBytesMax - this.#keptBytes
    const { read, written } = encoder.encodeInto(text, scratch.subarray(0, room))
    this.#keptBytes += written
    this.#droppedBytes += cutLength
    if (read > 0) this.#add(stream, text.slice(0, read))
    if (read < text.length) {
      this.#droppedBytes += Buffer.byteLength(text.slice(read))
      // What did not fit ends the log: a shorter line after a gap would mislead.
      this.#keptBytes = LIMITS.logBytesMax
    }
    this.#writeCount += 1
    if (this.#writeCount <= EAGER_WRITES || this.#pendingLength >= CHUNK_LENGTH) this.flush()
    else this.flushIfStale()
  }

  flushIfStale(): void {
    if (this.#init.clock.monotonicMs() - this.#sentAtMs >= STALE_MS) this.flush()
  }

  flush(): void {
    if (this.#pending.length === 0 && this.#droppedBytes === this.#sentDroppedBytes) return
    this.#sentAtMs = this.#init.clock.monotonicMs()
    this.#init.send(this.#pending, this.#droppedBytes)
    this.#pending = []
    this.#pendingLength = 0
    this.#sentDroppedBytes = this.#droppedBytes
  }

  /** Texts of one stream that follow each other go as one entry, with the time of the first. */
  #add(stream: LogEntry['stream'], text: string): void {
    const last = this.#pending.at(-1)
    this.#pendingLength += text.length
    if (last?.stream === stream) {
      last.text += text
      return
    }
    // Whole milliseconds: nobody reads more of it, and a fraction is longer than the number.
    const ms = Math.floor(this.#init.clock.monotonicMs() - this.#startedMs)
    this.#pending.push({ ms, stream, text })
    this.#pendingLength += ENTRY_LENGTH
  }
}
