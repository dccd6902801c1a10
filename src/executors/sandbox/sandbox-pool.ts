/**
 * A set of sandbox hosts, kept warm and reused, one task at a time each. A host that was killed or
 * has broken is replaced. The pool queues nothing: who calls it holds the slots.
 */
import { SandboxHost } from './sandbox-host.ts'
import { assert } from '../../core/assert.ts'
import { MeshError } from '../../core/errors.ts'
import { sleep } from '../../core/abort.ts'
import { stopped, stopping } from '../task-ends.ts'
import type { Clock } from '../../core/clock.ts'
import type { SandboxProgram } from './sandbox-program.ts'
import type { SandboxCounts } from '../executor.ts'
import type { Attachment } from './byte-pipe.ts'
import type { SandboxOutcome, SandboxTerms } from './sandbox-host.ts'
import type { Startable } from '../../core/startable.ts'

export interface SandboxPoolComponents {
  clock: Clock
  /** What its hosts run. */
  program: SandboxProgram
}

export interface SandboxPoolInit {
  /** Tasks at the same time; a host takes some 50 MiB when idle. @default 1 */
  size?: number
  /** Hosts that `start` brings up; the others come with the first task that needs them. @default 1 */
  warmCount?: number
}

/** First wait after a host that did not start; doubles with each further one. */
const BACKOFF_MS = 100
const BACKOFF_MS_MAX = 5_000

/** @typeParam Request what the hosts' program takes as one task */
export class SandboxPool<Request> implements Startable {
  readonly size: number
  readonly #clock: Clock
  readonly #program: SandboxProgram
  readonly #warmCount: number
  /** Every host that lives or starts. */
  readonly #hosts = new Set<SandboxHost<Request>>()
  /** Those of them that no task has. */
  readonly #spares: SandboxHost<Request>[] = []
  #runningCount = 0
  #failedStartCount = 0
  readonly #starts = { begun: 0, failed: 0 }
  #nextStartMs = 0
  #isStopped = true

  constructor(components: SandboxPoolComponents, init: SandboxPoolInit = {}) {
    this.size = init.size ?? 1
    this.#warmCount = Math.min(this.size, init.warmCount ?? 1)
    this.#clock = components.clock
    this.#program = components.program
  }

  /** Process ids of all hosts, for monitoring and for tests. */
  get pids(): number[] {
    return [...this.#hosts].flatMap(({ pid }) => pid ?? [])
  }

  counts(): SandboxCounts {
    return { starts: this.#starts.begun, failedStarts: this.#starts.failed, live: this.#hosts.size }
  }

  /** @throws MeshError SANDBOX_CRASHED when a host does not start: the engine is then of no use here */
  async start(): Promise<void> {
    if (!this.#isStopped) return
    this.#isStopped = false
    while (this.#spares.length < this.#warmCount) this.#spares.push(this.#spawn())
    await Promise.all(this.#spares.map((host) => host.ready)).catch(async (cause: unknown) => {
      await this.stop()
      throw cause
    })
  }

  /** A task that still runs ends with WORKER_STOPPING. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#spares.length = 0
    await Promise.all([...this.#hosts].map((host) => host.kill(stopping())))
  }

  /** Never rejects for what the task or the sandbox does: that is in the outcome. */
  async run(
    request: Request,
    terms: SandboxTerms,
    attachments: readonly Attachment[] = []
  ): Promise<SandboxOutcome> {
    assert(this.#runningCount < this.size, 'the caller runs no more tasks than the pool has hosts')
    this.#runningCount += 1
    const waitedSinceMs = this.#clock.monotonicMs()
    try {
      const host = await this.#take(terms.signal)
      const outcome = await host.run(request, terms, attachments)
      this.#giveBack(host)
      return outcome
    } catch (cause) {
      return {
        error: this.#startFault(cause, terms.signal),
        produced: [],
        logsDroppedBytes: 0,
        usage: { wallMs: this.#clock.monotonicMs() - waitedSinceMs }
      }
    } finally {
      this.#runningCount -= 1
    }
  }

  /** A host that is ready. The longest idle are the last choice: the others are still in the caches. */
  async #take(signal: AbortSignal): Promise<SandboxHost<Request>> {
    let host = this.#popSpare()
    if (host === undefined) {
      const waitMs = this.#nextStartMs - this.#clock.monotonicMs()
      if (waitMs > 0) await sleep(this.#clock, waitMs, { signal })
      if (this.#isStopped) throw stopping()
      host = this.#popSpare() ?? this.#spawn()
    }
    if (!host.isReady) await this.#whenReady(host, signal)
    return host
  }

  async #whenReady(host: SandboxHost<Request>, signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<never>()
    const stop = (): void => aborted.reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    try {
      signal.throwIfAborted()
      await Promise.race([host.ready, aborted.promise])
    } catch (cause) {
      // It starts for nobody now; the next task will be glad of it.
      if (!host.isEnded) this.#giveBack(host)
      throw cause
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  #popSpare(): SandboxHost<Request> | undefined {
    const index = this.#spares.findLastIndex((host) => host.isReady)
    return index === -1 ? this.#spares.shift() : this.#spares.splice(index, 1)[0]
  }

  #giveBack(host: SandboxHost<Request>): void {
    if (this.#isStopped) return
    if (!host.isEnded) this.#spares.push(host)
    // After a failed start the next task pays for the next try, or a broken host would spin.
    else if (this.#failedStartCount === 0) this.#spares.push(this.#spawn())
  }

  #spawn(): SandboxHost<Request> {
    const host = new SandboxHost<Request>(this.#clock, this.#program)
    this.#hosts.add(host)
    this.#starts.begun += 1
    void this.#follow(host)
    return host
  }

  async #follow(host: SandboxHost<Request>): Promise<void> {
    try {
      await host.ready
      this.#failedStartCount = 0
    } catch {
      // Whoever waits for this host gets the reason; here it only slows the next start.
      const waitMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** this.#failedStartCount)
      this.#failedStartCount += 1
      this.#starts.failed += 1
      this.#nextStartMs = this.#clock.monotonicMs() + waitMs
    }
    await host.gone
    this.#hosts.delete(host)
    const index = this.#spares.indexOf(host)
    if (index !== -1) this.#spares.splice(index, 1)
  }

  #startFault(cause: unknown, signal: AbortSignal): MeshError {
    if (this.#isStopped) return stopping()
    if (signal.aborted) return stopped()
    if (cause instanceof MeshError) return cause
    // Not the world's mistake but ours: it must not pass for a task's end.
    throw cause
  }
}
