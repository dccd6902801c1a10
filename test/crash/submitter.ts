/**
 * Hands the planned jobs to their routers at their times, as a careful program does: one with a key again
 * and again until it is acknowledged, one without only when it was surely not taken.
 */
import { deferred, sleep } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { CrashMesh } from './crash-mesh.ts'
import type { Deferred } from '../../src/core/abort.ts'
import type { PlannedJob } from './workload.ts'

export interface Acknowledgement {
  planned: PlannedJob
  jobId: string
}

/** An answer that is late by so much is taken for lost; a cut link never gives one. */
const ANSWER_MS_MAX = 5_000
const RETRY_MS = 500

export class Submitter {
  readonly acknowledged: Acknowledgement[] = []
  /** Answers that no router should give. */
  readonly complaints: string[] = []
  /** Jobs that nobody knows to be taken or not. */
  unsureCount = 0
  /** Submissions that had to be repeated. */
  repeatCount = 0
  readonly #mesh: CrashMesh
  /** Who waits for the next submission to a router. */
  readonly #sendings = new Map<string, Deferred<void>>()

  constructor(mesh: CrashMesh) {
    this.#mesh = mesh
  }

  /** Resolves when all are acknowledged or given up. */
  async submitAll(planned: readonly PlannedJob[]): Promise<void> {
    const startMs = systemClock.monotonicMs()
    const submissions: Promise<void>[] = []
    for (const job of planned) {
      const waitMs = job.atMs - (systemClock.monotonicMs() - startMs)
      // oxlint-disable-next-line no-await-in-loop
      if (waitMs > 0) await sleep(systemClock, waitMs)
      submissions.push(this.#submit(job))
    }
    await Promise.all(submissions)
  }

  /** Resolves in the moment in which the next submission goes to this router. */
  nextSending(router: string): Promise<void> {
    const sending = this.#sendings.get(router) ?? deferred<void>()
    this.#sendings.set(router, sending)
    return sending.promise
  }

  async #submit(planned: PlannedJob): Promise<void> {
    const jobId = await this.#sendUntilSure(planned)
    if (jobId === undefined) return
    this.acknowledged.push({ planned, jobId })
    if (!planned.isRepeated) return
    const again = await this.#sendUntilSure(planned)
    if (again !== jobId) {
      this.complaints.push(`key ${planned.key} gave ${jobId} first and ${again} later`)
    }
  }

  /** @returns the job's id; undefined if it is unknown whether it was taken, or it never will be */
  async #sendUntilSure(planned: PlannedJob): Promise<string | undefined> {
    for (;;) {
      // Each attempt waits for the one before it.
      /* oxlint-disable no-await-in-loop */
      const answer = await this.#send(planned)
      if (answer.kind === 'taken') return answer.jobId
      if (answer.kind === 'wrong') {
        this.complaints.push(`${planned.name} was refused: ${answer.text}`)
        return undefined
      }
      if (answer.kind === 'lost' && planned.key === undefined) {
        this.unsureCount += 1
        return undefined
      }
      this.repeatCount += 1
      await sleep(systemClock, RETRY_MS)
      /* oxlint-enable no-await-in-loop */
    }
  }

  async #send({ document, router }: PlannedJob): Promise<Answer> {
    const { token, url } = this.#mesh.api(router)
    const sending = fetch(`${url}/v1/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(document),
      signal: AbortSignal.timeout(ANSWER_MS_MAX)
    })
    this.#sendings.get(router)?.resolve()
    this.#sendings.delete(router)
    try {
      const response = await sending
      return readAnswer(response.status, await response.text())
    } catch {
      // Refused, cut off or too late: whether it was taken nobody knows.
      return { kind: 'lost' }
    }
  }
}

/** `refused`: not taken, and worth another try. */
type Answer =
  | { kind: 'taken'; jobId: string }
  | { kind: 'refused' }
  | { kind: 'lost' }
  | { kind: 'wrong'; text: string }

function readAnswer(status: number, text: string): Answer {
  const body = JSON.parse(text) as { id?: string; retryable?: boolean }
  if ((status === 201 || status === 200) && body.id !== undefined) {
    return { kind: 'taken', jobId: body.id }
  }
  // A store that failed in the midst of a commit can't say whether the job is in it.
  if (status >= 500) return { kind: 'lost' }
  return body.retryable === true ? { kind: 'refused' } : { kind: 'wrong', text }
}
