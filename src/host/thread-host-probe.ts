/**
 * The real `HostProbe`: a thread for what is asked often, a short-lived process for the graphics
 * cards. It starts them when asked and gives up on them when told; when to ask, and what a failure
 * means, is the monitor's to decide.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { deferred } from '../core/abort.ts'
import { assert } from '../core/assert.ts'
import { childEnvironment } from '../core/child-environment.ts'
import { siblingModule } from '../core/sibling-module.ts'
import type { Socket } from 'node:net'
import type { AbortOptions, Deferred } from '../core/abort.ts'
import type { HostProbe, RawGpu, RawHostFacts } from './host-probe.ts'

export interface ThreadHostProbeInit {
  /** The directory whose disk counts. @default the current one */
  directory?: string | undefined
  /** Whether the thread also measures, once a second, how much the machine has slowed down. @default false */
  measuresSlowdown?: boolean | undefined
  /** The thread's program. @default host-probe-thread beside this file */
  threadUrl?: URL
  /** The program that prints the graphics controllers. @default gpu-probe-process beside this file */
  gpuUrl?: URL
}

/** What the thread is told when it starts. */
export interface ProbeThreadData {
  directory: string
  measuresSlowdown: boolean
}

/** What the thread answers to every message, and what it tells unasked. */
export type ProbeAnswer = { facts: RawHostFacts } | { problem: string } | { slowdown: number }

/** A hundred cards take a few kilobytes each; more than this is no list of cards. */
const GPU_TEXT_BYTES_MAX = 1_048_576

const runFile = promisify(execFile)

export class ThreadHostProbe implements HostProbe {
  readonly #data: ProbeThreadData
  readonly #threadUrl: URL
  readonly #gpuUrl: URL
  #worker: Worker | undefined
  #pending: Deferred<RawHostFacts> | undefined
  #holdsProcess = true
  #slowdown = 1

  constructor(init: ThreadHostProbeInit = {}) {
    const { directory = process.cwd(), measuresSlowdown = false } = init
    this.#data = { directory, measuresSlowdown }
    this.#threadUrl = init.threadUrl ?? siblingModule(import.meta.url, 'host-probe-thread')
    this.#gpuUrl = init.gpuUrl ?? siblingModule(import.meta.url, 'gpu-probe-process')
  }

  get slowdown(): number {
    return this.#slowdown
  }

  /** @throws when the thread fails, ends, or the signal fires; the next call starts a new thread. */
  async probe(options: AbortOptions = {}): Promise<RawHostFacts> {
    const { signal } = options
    signal?.throwIfAborted()
    assert(this.#pending === undefined, 'the thread is asked one thing at a time')
    const pending = deferred<RawHostFacts>()
    this.#pending = pending
    this.#worker ??= this.#launch()
    const worker = this.#worker
    const giveUp = (): void => this.#drop(worker, signal?.reason)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage('look')
      return await pending.promise
    } finally {
      signal?.removeEventListener('abort', giveUp)
      this.#pending = undefined
      this.#holdsProcess = false
      worker.unref()
    }
  }

  async probeGpus(options: AbortOptions = {}): Promise<readonly RawGpu[]> {
    const run = runFile(process.execPath, [fileURLToPath(this.#gpuUrl)], {
      env: childEnvironment(),
      maxBuffer: GPU_TEXT_BYTES_MAX,
      killSignal: 'SIGKILL',
      windowsHide: true,
      ...(options.signal === undefined ? {} : { signal: options.signal })
    })
    run.child.unref()
    for (const pipe of [run.child.stdout, run.child.stderr]) (pipe as Socket | null)?.unref()
    const { stdout } = await run
    const controllers: unknown = JSON.parse(stdout)
    return Array.isArray(controllers) ? (controllers as RawGpu[]) : []
  }

  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    this.#worker = undefined
    this.#pending?.reject(new Error('the probe was closed'))
    await worker.terminate()
  }

  #launch(): Worker {
    const worker = new Worker(this.#threadUrl, {
      workerData: this.#data,
      name: 'host-probe',
      // It asks tools of the system.
      env: childEnvironment()
    })
    worker.on('message', (answer: ProbeAnswer) => {
      if (this.#worker !== worker) return
      if ('slowdown' in answer) this.#slowdown = answer.slowdown
      else if ('facts' in answer) this.#pending?.resolve(answer.facts)
      else this.#pending?.reject(new Error(answer.problem))
    })
    worker.on('error', (cause) => this.#drop(worker, cause))
    worker.on('exit', (code) => this.#drop(worker, new Error(`the thread ended with ${code}`)))
    // The first answer is waited for at the node's start, when nothing else may keep the process yet.
    if (!this.#holdsProcess) worker.unref()
    return worker
  }

  #drop(worker: Worker, reason: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#pending?.reject(reason)
    // Not awaited: a thread that waits for a tool ends only when the tool does.
    void worker.terminate()
  }
}
