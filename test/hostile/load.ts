/**
 * The honest load: short jobs at a fixed rate, now and then one of many items and one with a file of the mesh, all
 * through the router's API as a program would hand them in. Each is timed from the call to its end, and its
 * result is looked at.
 */
import { MeshError } from '../../src/core/errors.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { ApiClient } from '../../src/client/api-client.ts'
import type { CancelTimer } from '../../src/core/clock.ts'

export type JobKind = 'short' | 'array' | 'file'

export interface Sample {
  kind: JobKind
  /** Milliseconds since 1970, as attackers in other processes count them too. */
  startedAtMs: number
  tookMs: number
  /** Undefined: it was not acknowledged. */
  jobId: string | undefined
  /** What is wrong with it, if anything is. */
  fault: string | undefined
}

export interface LoadInit {
  client: ApiClient
  files: readonly string[]
  /** @default 8 */
  shortPerSecond?: number
}

const SHORT_PER_SECOND = 8
/** Every so many short jobs, one of the other kinds comes besides. */
const ARRAY_EVERY = 40
const FILE_EVERY = 16
const ITEMS = 16
const JOB_MS_MAX = 120_000

const SOURCE = 'function main (n) { return n * n + 1 }'
const FILE_SOURCE = 'function main () { return files.text("in").slice(0, 5) }'

export class Load {
  readonly samples: Sample[] = []
  readonly #init: Required<LoadInit>
  readonly #pending = new Set<Promise<void>>()
  #cancel: CancelTimer = () => {}
  #count = 0

  constructor(init: LoadInit) {
    this.#init = { shortPerSecond: SHORT_PER_SECOND, ...init }
  }

  start(): void {
    this.#cancel = systemClock.every(1_000 / this.#init.shortPerSecond, () => this.#tick())
  }

  /** Resolves when all that was handed in has ended, or should have. */
  async stop(): Promise<void> {
    this.#cancel()
    await Promise.all(this.#pending)
  }

  #tick(): void {
    const n = this.#count++
    this.#run('short', { task: { engine: 'javascript', source: SOURCE, input: n } }, (job) =>
      job.result === n * n + 1 ? undefined : `its result is ${JSON.stringify(job.result)}`
    )
    if (n % ARRAY_EVERY === 0) {
      const each = Array.from({ length: ITEMS }, (_, index) => ({ id: `i${index}`, input: index }))
      this.#run('array', { task: { engine: 'javascript', source: SOURCE }, each }, ({ counts }) =>
        counts.completed === ITEMS ? undefined : `${counts.completed} of ${ITEMS} items`
      )
    }
    const file = this.#init.files[(n / FILE_EVERY) % this.#init.files.length]
    if (n % FILE_EVERY === 0 && file !== undefined) {
      const inputs = [{ path: 'in', from: `mesh:${file}` }]
      this.#run('file', { task: { engine: 'javascript', source: FILE_SOURCE }, inputs }, (job) =>
        job.result === 'file ' ? undefined : `its result is ${JSON.stringify(job.result)}`
      )
    }
  }

  #run(kind: JobKind, document: object, faultOf: (job: JobOf) => string | undefined): void {
    const running = this.#measure(kind, { name: `honest-${kind}`, ...document }, faultOf)
    this.#pending.add(running)
    void running.finally(() => this.#pending.delete(running))
  }

  async #measure(
    kind: JobKind,
    document: object,
    faultOf: (job: JobOf) => string | undefined
  ): Promise<void> {
    const { client } = this.#init
    const startedAtMs = systemClock.wallMs()
    const beganMs = systemClock.monotonicMs()
    let jobId: string | undefined
    let fault: string | undefined
    try {
      const signal = AbortSignal.timeout(JOB_MS_MAX)
      ;({ id: jobId } = await client.submit(document, { signal }))
      const job = await client.wait(jobId, { timeoutMs: JOB_MS_MAX })
      fault = job.state === 'completed' ? faultOf(job) : `it is ${job.state}: ${job.error?.message}`
    } catch (cause) {
      const { code, message } = MeshError.from(cause)
      fault = `${code}: ${message}`
    }
    const tookMs = systemClock.monotonicMs() - beganMs
    this.samples.push({ kind, startedAtMs, tookMs, jobId, fault })
  }
}

type JobOf = Awaited<ReturnType<ApiClient['wait']>>
