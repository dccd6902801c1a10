/** Remembers what a simulation showed to the outside, and says which promises that breaks. */
import { isTerminal } from '../../src/jobs/records.ts'
import { emptyCounts } from '../../src/jobs/state.ts'
import type { FinishedItem } from '../../src/dispatch/job-steps.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../../src/jobs/records.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { JobStore } from '../../src/jobs/store.ts'
import type { SentTask } from '../support/fake-worker.ts'

type Change = { job: JobRecord; finished: FinishedItem | undefined }
type Act = 'stop' | 'hold' | 'release' | 'rerun'

export class Witness {
  readonly violations: string[] = []
  readonly #nowMs: () => number
  readonly #trace: string[] | undefined
  readonly #documents = new Map<string, Partial<JobDocument>>()
  /** Items that somebody was told have ended, and what they gave. */
  readonly #ended = new Map<string, string>()
  /** Jobs of which somebody was told that they have ended. */
  readonly #endedJobs = new Map<string, string>()
  readonly #leases = new Set<string>()
  /** Leases of tasks that began at a worker, by item. */
  readonly #begun = new Map<string, string[]>()
  /** Leases of tasks that began after somebody was told that their item has ended. */
  readonly #begunLate = new Set<string>()
  readonly #releases = new Map<string, number>()
  /** Jobs that somebody has asked to hold, and nobody to release since. */
  readonly #holding = new Set<string>()
  /** When jobs were on hold, from the answer until somebody asked to release them. */
  readonly #holds = new Map<string, { fromMs: number; untilMs: number }[]>()
  readonly #startedAtMs: number

  constructor(
    nowMs: () => number,
    { startedAtMs, trace }: { startedAtMs: number; trace: string[] | undefined }
  ) {
    this.#nowMs = nowMs
    this.#startedAtMs = startedAtMs
    this.#trace = trace
  }

  get jobIds(): string[] {
    return [...this.#documents.keys()]
  }

  claim(isTrue: boolean, what: string): void {
    if (isTrue) return
    this.violations.push(what)
    this.see(`BROKEN: ${what}`)
  }

  see(what: string): void {
    this.#trace?.push(`${String(this.#nowMs()).padStart(8)} ${what}`)
  }

  /** A life begins: listens to all that it tells. */
  begin(changes: Change[]): void {
    for (const change of changes.splice(0)) this.#told(change)
    changes.push = (...more) => {
      for (const change of more) this.#told(change)
      return 0
    }
  }

  accepted(id: string, document: Partial<JobDocument>): void {
    this.#documents.set(id, document)
    this.see(`${id} accepted: ${JSON.stringify(document)}`)
  }

  documentOf(id: string): Partial<JobDocument> {
    return this.#documents.get(id) ?? {}
  }

  asked(id: string, what: Act): void {
    this.see(`${id} asked to ${what}`)
    if (what === 'hold') this.#holding.add(id)
    if (what !== 'release') return
    this.#holding.delete(id)
    for (const hold of this.#holds.get(id) ?? [])
      hold.untilMs = Math.min(hold.untilMs, this.#nowMs())
    this.#releases.set(id, (this.#releases.get(id) ?? 0) + 1)
  }

  answered(id: string, what: Act): void {
    this.see(`${id} answered: ${what}`)
    if (what !== 'hold' || !this.#holding.delete(id)) return
    const holds = this.#holds.get(id) ?? []
    this.#holds.set(id, [...holds, { fromMs: this.#nowMs(), untilMs: Infinity }])
  }

  sent({ attempt, item, jobId, leaseId, peer }: SentTask): void {
    this.see(`${jobId}/${item} attempt ${attempt} to ${peer} as ${leaseId}`)
    this.claim(!this.#leases.has(leaseId), `${leaseId} was given twice`)
    this.#leases.add(leaseId)
  }

  began({ item, jobId, leaseId }: SentTask): void {
    const key = `${jobId}/${item}`
    const begun = this.#begun.get(key) ?? []
    this.#begun.set(key, begun)
    begun.push(leaseId)
    // A copy that was on its way may begin, and hears at once that nobody needs it.
    if (this.#ended.has(key)) this.#begunLate.add(leaseId)
    const { retry, verify } = this.documentOf(jobId)
    const { attempts = 3 } = retry ?? {}
    const most = 1 + (this.#releases.get(jobId) ?? 0)
    // Whoever wants results checked wants copies.
    this.claim(
      verify !== undefined || attempts > 1 || begun.length <= most,
      `${key} may begin once, and began again`
    )
  }

  async checkJob(id: string, store: JobStore): Promise<void> {
    const job = await store.job(id)
    if (job === undefined) return this.claim(false, `${id} has no row`)
    const items = await store.items(id, { limit: 1_000 })
    this.claim(
      items.length === job.itemCount,
      `${id} has ${items.length} of ${job.itemCount} items`
    )
    const counts = emptyCounts()
    for (const { state } of items) counts[state] += 1
    const isSame = JSON.stringify(counts) === JSON.stringify({ ...emptyCounts(), ...job.counts })
    this.claim(
      isSame,
      `${id} says ${JSON.stringify(job.counts)}, its items ${JSON.stringify(counts)}`
    )
    const ends = job.history.filter(({ state }) => isTerminal(state as JobRecord['state']))
    this.claim(ends.length === 1, `${id} has ${ends.length} ends in its history`)
    const told = this.#endedJobs.get(id) ?? job.state
    this.claim(told === job.state, `${id} was told to be ${told}, and is ${job.state}`)
    const hasError = job.state === 'failed' || job.state === 'stopped'
    this.claim((job.error !== null) === hasError, `${id} is ${job.state} with ${job.error?.code}`)
    for (const item of items) await this.#checkItem(item, store)
  }

  async #checkItem(item: ItemRecord, store: JobStore): Promise<void> {
    const { attemptCount, endedAtMs, index, jobId, resultAttempt, state } = item
    const key = `${jobId}/${index}`
    const output = (await store.outputs(jobId, [index])).get(index)
    const end = endOf(item, output ?? null)
    this.claim(
      (this.#ended.get(key) ?? end) === end,
      `${key} ended as ${this.#ended.get(key)}, and is ${end}`
    )
    this.claim(item.ending === null, `${key} is still to end`)
    const attempts = await store.attempts(jobId, { itemIndex: index, limit: 10_000 })
    const numbers = attempts.map(({ number }) => number)
    const isWhole = numbers.every((number, at) => number === at + 1)
    this.claim(
      isWhole && numbers.length === attemptCount,
      `${key} numbers its ${attemptCount} attempts ${numbers.join()}`
    )
    for (const attempt of attempts) {
      const { leaseId, number, offeredAtMs } = attempt
      const name = `attempt ${number} of ${key}`
      this.claim(attempt.endedAtMs !== null, `${name} is left ${attempt.state}`)
      this.claim(offeredAtMs <= (endedAtMs ?? 0), `${name} was offered after the end`)
      const isSuperseded = attempt.history.some(({ reason }) => reason === 'COPY_SUPERSEDED')
      this.claim(!this.#begunLate.has(leaseId) || isSuperseded, `${name} began after the end`)
    }
    this.claim(item.copies === null, `${key} has ended, and still counts on attempts`)
    this.#checkHolds(key, attempts)
    const accepted = attempts.find(({ number }) => number === resultAttempt)
    if (state === 'completed') return this.#checkResult(key, { attempt: accepted, output })
    this.claim(output === undefined, `${key} is ${state} with a result`)
  }

  #checkResult(
    key: string,
    { attempt, output }: { attempt: AttemptRecord | undefined; output: string | undefined }
  ): void {
    const leaseId = attempt?.leaseId ?? ''
    this.claim(attempt?.state === 'completed', `${key} is completed by what is ${attempt?.state}`)
    this.claim(output === JSON.stringify(leaseId), `${key} has ${output}, not that of ${leaseId}`)
    const hasBegun = this.#begun.get(key)?.includes(leaseId) === true
    this.claim(hasBegun, `${key} has the result of what never began`)
  }

  #checkHolds(key: string, attempts: readonly AttemptRecord[]): void {
    for (const { jobId, number, offeredAtMs } of attempts) {
      const atMs = offeredAtMs - this.#startedAtMs
      const isHeld = this.#holds
        .get(jobId)
        ?.some(({ fromMs, untilMs }) => fromMs < atMs && atMs < untilMs)
      this.claim(isHeld !== true, `${key} began attempt ${number} while it was held`)
    }
  }

  #told({ finished, job }: Change): void {
    if (finished !== undefined) {
      const { item, output } = finished
      const key = `${item.jobId}/${item.index}`
      this.see(`${key} told ${item.state}`)
      this.claim(!this.#ended.has(key), `${key} was told to end twice`)
      this.#ended.set(key, endOf(item, output))
    }
    const told = this.#endedJobs.get(job.id)
    if (told !== undefined)
      this.claim(job.state === told, `${job.id} was ${told}, then ${job.state}`)
    else if (isTerminal(job.state)) {
      this.see(`${job.id} told ${job.state}`)
      this.#endedJobs.set(job.id, job.state)
    }
  }
}

function endOf({ state }: ItemRecord, output: string | null): string {
  return output === null ? state : `${state} ${output}`
}
