/** What a task leaves becomes files of the mesh: its outputs, and a result that is too long for an answer. */
import { LIMITS } from '../core/limits.ts'
import { formatDuration } from '../core/units.ts'
import { withTimeLimit } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { LogSpool } from './log-spool.ts'
import type { OutputFile, OutputWish } from '../model/job.ts'
import type { Produced } from '../executors/executor.ts'
import type { Task } from './task.ts'
import type { TaskFiles } from './ports.ts'

export interface OutputPhaseComponents {
  clock: Clock
  files: TaskFiles
}

/** Of a task that came without a router. */
const NOBODY = 'direct'
const RESULT: OutputWish = { name: 'result.json', path: 'result.json' }
const LOG: OutputWish = { name: 'task.log', path: 'task.log' }

export class OutputPhase {
  readonly #components: OutputPhaseComponents
  readonly #task: Task
  readonly #outputs: OutputFile[] = []
  #tookMs: number | undefined

  constructor(components: OutputPhaseComponents, task: Task) {
    this.#components = components
    this.#task = task
  }

  /** Undefined where the job asked for none. */
  get outputs(): readonly OutputFile[] | undefined {
    return this.#task.request.outputs.length === 0 ? undefined : this.#outputs
  }

  /** Undefined where there was nothing to do. */
  get tookMs(): number | undefined {
    return this.#tookMs
  }

  /** @throws MeshError as `TaskFiles.publish` */
  async publish(wish: OutputWish, produced: Produced): Promise<void> {
    this.#outputs.push(await this.#publish(wish, produced, this.#task.signal))
  }

  /** The file that takes the place of a result; undefined for one that is short enough, or must be. */
  async setAside(output: string | undefined): Promise<OutputFile | undefined> {
    const isShort = output === undefined || Buffer.byteLength(output) <= LIMITS.resultInlineBytesMax
    // Whoever sends a task without a router has nothing by which to fetch a file.
    if (isShort || this.#task.request.origin === undefined) return undefined
    const files = new Map([['', Buffer.from(output)]])
    // It fits in an answer all the same, where this node has no room for it.
    const produced: Produced = { kind: 'bytes', files }
    return await this.#publish(RESULT, produced, this.#task.signal).catch(() => undefined)
  }

  /** All that it wrote, where that is more than its router has; also of a task that has failed or was stopped. */
  async setLogAside(spool: LogSpool): Promise<OutputFile | undefined> {
    spool.close()
    if (!spool.isUsable || this.#task.request.origin === undefined) return undefined
    const produced: Produced = { kind: 'disk', path: spool.path }
    return await this.#publish(LOG, produced, undefined).catch(() => undefined)
  }

  async #publish(
    wish: OutputWish,
    produced: Produced,
    signal: AbortSignal | undefined
  ): Promise<OutputFile> {
    const { clock, files } = this.#components
    const task = this.#task
    const { keepUntilMs, origin } = task.request
    const begunMs = clock.monotonicMs()
    task.enter('publishing')
    const limit = {
      clock,
      signal,
      timeoutMs: LIMITS.publishMsMax,
      code: 'STORE_FAILED',
      message: `its outputs were not taken in within ${formatDuration(LIMITS.publishMsMax)}`
    } as const
    const onSkipped = (path: string): void => {
      task.log.note(`not an output, as it is neither a file nor a folder: ${path}`)
    }
    try {
      const keep = { keptFor: origin?.jobId ?? NOBODY, untilMs: keepUntilMs }
      return await withTimeLimit(limit, (inTime) =>
        files.publish(wish, produced, { keep, onSkipped, signal: inTime })
      )
    } finally {
      this.#tookMs = (this.#tookMs ?? 0) + clock.monotonicMs() - begunMs
    }
  }
}
