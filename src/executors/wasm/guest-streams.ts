/**
 * Where a program's words come from and go: stdout becomes its result, stderr its log, and `/dev/progress` tells how
 * far it is. All are bounded here, before anything leaves the thread that runs it.
 */
import { DeviceNode, FileNode, Quota } from '../wasi/nodes.ts'
import { LIMITS } from '../../core/limits.ts'
import { PROGRESS_TEXT_LENGTH_MAX } from '../sandbox/messages.ts'
import { formatBytes } from '../../core/units.ts'
import type { Clock } from '../../core/clock.ts'
import type { TaskProgress } from '../../model/generated/commands-execute-task.ts'

/** Thrown through a program that writes more than a result may have. */
export class OutputOverflow extends Error {
  constructor() {
    super(
      `standard output and files together are longer than ${formatBytes(LIMITS.resultBytesMax)}`
    )
  }
}

/** What of its last words goes into the message of a program that failed. */
const TAIL_BYTES_MAX = 1_000
/** How often a program that floods its log tells how much is lost. */
const DROPPED_PERIOD_MS = 20
/** A line of progress is short; one that is longer is cut into several, which say nothing. */
const LINE_LENGTH_MAX = 1_000

export class OutputStream {
  readonly device = new DeviceNode({ write: (bytes) => this.#write(bytes) })
  /** Grows as files do: a list of what was written would be far larger than that, letter by letter. */
  readonly #file = new FileNode(new Quota(LIMITS.resultBytesMax, 1), 0n, 0n)

  get content(): Uint8Array {
    return this.#file.content
  }

  /** The last lines. */
  get tail(): string {
    return Buffer.from(this.content.subarray(-TAIL_BYTES_MAX)).toString().trim()
  }

  #write(bytes: Uint8Array): void {
    if (!this.#file.write(this.#file.size, bytes)) throw new OutputOverflow()
  }
}

export interface ErrorStreamInit {
  clock: Clock
  /** Hears texts, and how many bytes were dropped since it heard last. */
  send: (text: string, droppedBytes: number) => void
}

export class ErrorStream {
  readonly device = new DeviceNode({ write: (bytes) => this.#write(bytes) })
  readonly #init: ErrorStreamInit
  readonly #decoder = new TextDecoder()
  #roomBytes: number = LIMITS.logBytesMax
  #droppedBytes = 0
  #sentAtMs = -Infinity
  #tail = Buffer.alloc(0)

  constructor(init: ErrorStreamInit) {
    this.#init = init
  }

  /** The last lines. */
  get tail(): string {
    return this.#tail.toString().trim()
  }

  /** Once the program is over. */
  end(): void {
    const rest = this.#decoder.decode()
    if (rest !== '' || this.#droppedBytes > 0) this.#send(rest)
  }

  #write(bytes: Uint8Array): void {
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(-TAIL_BYTES_MAX)])
    this.#tail = this.#tail.subarray(-TAIL_BYTES_MAX)
    const kept = bytes.subarray(0, this.#roomBytes)
    this.#roomBytes -= kept.byteLength
    this.#droppedBytes += bytes.byteLength - kept.byteLength
    const text = this.#decoder.decode(kept, { stream: true })
    const isDue = this.#init.clock.monotonicMs() - this.#sentAtMs >= DROPPED_PERIOD_MS
    if (text !== '' || (this.#droppedBytes > 0 && isDue)) this.#send(text)
  }

  #send(text: string): void {
    this.#init.send(text, this.#droppedBytes)
    this.#droppedBytes = 0
    this.#sentAtMs = this.#init.clock.monotonicMs()
  }
}

/** A device that gives these bytes, then its end. */
export function inputDevice(bytes: Uint8Array): DeviceNode {
  let position = 0
  return new DeviceNode({
    read(target) {
      const part = bytes.subarray(position, position + target.byteLength)
      target.set(part)
      position += part.byteLength
      return part.byteLength
    },
    leftBytes: () => bytes.byteLength - position
  })
}

/** A device that takes lines such as `0.4 page 4 of 10`; what is no such line is passed over. */
export function progressDevice(report: (progress: TaskProgress) => void): DeviceNode {
  const decoder = new TextDecoder()
  let begun = ''
  return new DeviceNode({
    write(bytes) {
      const lines = (begun + decoder.decode(bytes, { stream: true })).split('\n')
      begun = (lines.pop() ?? '').slice(-LINE_LENGTH_MAX)
      for (const line of lines) {
        const [, number = '', text = ''] = /^\s*([\d.]+)(?:\s+(.*))?$/.exec(line) ?? []
        const ratio = Math.min(1, Number(number))
        if (number === '' || Number.isNaN(ratio)) continue
        const cut = text.trim().slice(0, PROGRESS_TEXT_LENGTH_MAX)
        report({ ratio, ...(cut === '' ? {} : { text: cut }) })
      }
    }
  })
}
