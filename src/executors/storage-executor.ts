/**
 * Engine `storage`: brings a file or folder of the mesh here and sees to it that it stays until its date. No
 * code runs; how files are kept is not known here.
 */
import { assert } from '../core/assert.ts'
import { MeshError } from '../core/errors.ts'
import { parseMoment } from '../core/moment.ts'
import { neverBegan, stopped, timedOut } from './task-ends.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Executor, TaskOutcome, TaskRun } from './executor.ts'

export interface KeepRequest {
  /** `mesh:sha256:…` */
  file: string
  /** Unix milliseconds. */
  untilMs: number
  /** For whom: the job's id. */
  owner: string
}

export interface KeptFile {
  file: string
  sizeBytes: number
  kind: 'file' | 'folder'
}

/** What the engine needs of the node's files. */
export interface FileKeeper {
  /**
   * Brings a file here, if it is not here, and keeps it. Said again, it is kept for longer.
   * @throws MeshError FILE_UNAVAILABLE, STORE_FULL, FIELD_INVALID; the signal's reason
   */
  keep(
    request: KeepRequest,
    options: AbortOptions & {
      onProgress: (progress: { bytes: number; totalBytes: number }) => void
    }
  ): Promise<KeptFile>
}

export interface StorageExecutorComponents {
  clock: Clock
  keeper: FileKeeper
}

export class StorageExecutor implements Executor {
  readonly engine = 'storage'
  /** No code of the task's runs, so nothing has to be kept from it. */
  readonly isolation = 'sandbox'
  readonly enforces = [] as const
  readonly allowsNetwork = false
  readonly names = []
  readonly #components: StorageExecutorComponents

  constructor(components: StorageExecutorComponents) {
    this.#components = components
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  /** Every worker has it. */
  refusalOf(): undefined {}

  async run(run: TaskRun): Promise<TaskOutcome> {
    const { clock } = this.#components
    const { signal, timeoutMs } = run
    if (signal.aborted) return neverBegan(stopped())
    const controller = new AbortController()
    const onStop = (): void => controller.abort(stopped())
    signal.addEventListener('abort', onStop, { once: true })
    const cancel = clock.after(timeoutMs, () => controller.abort(timedOut(timeoutMs)))
    const begunMs = clock.monotonicMs()
    let end: Pick<TaskOutcome, 'output' | 'error'>
    try {
      end = { output: JSON.stringify(await this.#keep(run, controller.signal)) }
    } catch (cause) {
      end = { error: MeshError.from(cause) }
    } finally {
      cancel()
      signal.removeEventListener('abort', onStop)
    }
    return { ...end, logsDroppedBytes: 0, usage: { wallMs: clock.monotonicMs() - begunMs } }
  }

  async #keep({ onProgress, origin, task }: TaskRun, signal: AbortSignal): Promise<object> {
    assert(task.engine === 'storage', 'the registry gives each engine its own tasks')
    const { clock, keeper } = this.#components
    const untilMs = parseMoment(task.until, 'task.until')
    if (untilMs <= clock.wallMs()) throw isOver(task.until)
    const { file, kind, sizeBytes } = await keeper.keep(
      { file: task.file, untilMs, owner: origin?.jobId ?? NOBODY },
      {
        signal,
        onProgress: ({ bytes, totalBytes }) => {
          if (!signal.aborted) onProgress({ ratio: totalBytes === 0 ? 1 : bytes / totalBytes })
        }
      }
    )
    return { file, size: sizeBytes, kind, until: new Date(untilMs).toISOString() }
  }
}

/** Of a task that came without a router. */
const NOBODY = 'direct'

function isOver(until: string): MeshError {
  return new MeshError('FIELD_INVALID', `${until} is past`, {
    path: 'task.until',
    hint: 'write a moment that is to come, with its zone, such as 2027-12-24T18:00:00Z',
    blame: 'job'
  })
}
