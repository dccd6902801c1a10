/**
 * The threads of one function that is a module. A thread keeps the node's own loop free, can be ended,
 * and bounds its heap; memory outside the heap it does not bound, and a heap that grows too fast may
 * still end the whole process. It is for the owner's own code, not for strangers'.
 */
import { fileURLToPath } from 'node:url'
import { MessageChannel } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { MeshError, messageOf } from '../../core/errors.ts'
import { deferred } from '../../core/abort.ts'
import { siblingModule } from '../../core/sibling-module.ts'
import { faultOf } from './function-fault.ts'
import type { Deferred } from '../../core/abort.ts'
import type { FunctionCall, FunctionEnd, RunningCall } from './function-call.ts'
import type { ModuleBody } from './known-function.ts'
import type { Startable } from '../../core/startable.ts'
import type { ThreadCall, ThreadMessage } from './function-thread.ts'

export interface ThreadPoolInit extends ModuleBody {
  name: string
  size: number
}

const ENTRY = fileURLToPath(siblingModule(import.meta.url, 'function-thread'))
/** An idle thread takes some 10 MiB, a new one 40 ms. */
const IDLE_MS = 60_000
const BYTES_PER_MIB = 2 ** 20
/**
 * What may be moved to the old generation at once. Node ends a thread at its limit and grants it 16 MiB to
 * get there; with V8's own 48 MiB a loop of small objects ended the process instead.
 */
const YOUNG_MIB = 8

export class ThreadPool implements Startable {
  readonly #init: ThreadPoolInit
  #pool: Piscina | undefined

  constructor(init: ThreadPoolInit) {
    this.#init = init
  }

  /** @throws MeshError ENGINE_UNAVAILABLE where the module can't be loaded or has no such function */
  async start(): Promise<void> {
    if (this.#pool !== undefined) return
    const { env, exportName, memoryBytesMax, module, name, size } = this.#init
    this.#pool = new Piscina({
      filename: ENTRY,
      minThreads: 1,
      maxThreads: size,
      idleTimeout: IDLE_MS,
      env,
      resourceLimits: {
        maxOldGenerationSizeMb: Math.ceil(memoryBytesMax / BYTES_PER_MIB),
        maxYoungGenerationSizeMb: YOUNG_MIB
      }
    })
    // A thread that ends between two calls concerns none of them, and the program around it even less.
    this.#pool.on('error', () => {})
    try {
      await this.#pool.run({ module, exportName }, { name: 'findFunction' })
    } catch (cause) {
      await this.stop()
      throw new MeshError(
        'ENGINE_UNAVAILABLE',
        `function ${name} cannot be offered: ${messageOf(cause)}`,
        { cause }
      )
    }
  }

  async stop(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    await pool?.destroy()
  }

  run(call: FunctionCall): RunningCall {
    const killing = new AbortController()
    return { ended: this.#run(call, killing.signal), kill: () => killing.abort() }
  }

  async #run(
    { onLog, onProgress, signal, ...call }: FunctionCall,
    killed: AbortSignal
  ): Promise<FunctionEnd> {
    const { exportName, module } = this.#init
    const { port1: near, port2: port } = new MessageChannel()
    const done = deferred<FunctionEnd>()
    const gone = deferred<void>()
    const stop = (): void => near.postMessage(MeshError.from(signal.reason).toData(), [])
    near.on('message', (message: ThreadMessage) => hear(message, { onLog, onProgress }, done))
    near.once('close', () => gone.resolve())
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      const threadCall: ThreadCall = { ...call, module, exportName, port }
      await this.#pool?.run(threadCall, {
        name: 'runFunction',
        transferList: [port],
        signal: killed
      })
      // By the same way as the log, so that nothing of the log comes after it.
      return await done.promise
    } catch (cause) {
      // The thread is told to end before it has; with it goes its end of the channel. One that never
      // began still has it here.
      port.close()
      await gone.promise
      return endOfThread(cause)
    } finally {
      signal.removeEventListener('abort', stop)
      near.close()
    }
  }
}

function hear(
  message: ThreadMessage,
  { onLog, onProgress }: Pick<FunctionCall, 'onLog' | 'onProgress'>,
  done: Deferred<FunctionEnd>
): void {
  switch (message.type) {
    case 'log':
      return onLog(message.entry)
    case 'progress':
      return onProgress(message.progress)
    case 'done':
      return done.resolve(message.end)
  }
}

function endOfThread(cause: unknown): FunctionEnd {
  const isOutOfMemory = (cause as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY'
  const fault = isOutOfMemory
    ? faultOf('TASK_OUT_OF_MEMORY', "the function needed more than its thread's heap")
    : faultOf('TASK_FAILED', `the function ended its thread: ${messageOf(cause)}`)
  return { fault, droppedBytes: 0 }
}
