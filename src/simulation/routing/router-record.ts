/** What a simulated router remembers of its workers: the project's ledger, with a past made up for it. */
import { PROVEN_EVIDENCE } from '../../selection/pick.ts'
import { ReputationLedger } from '../../reputation/ledger.ts'
import type { Attempt } from './attempt.ts'
import type { WorkerView } from './worker-view.ts'

/** When the simulation begins, in Unix milliseconds. */
const START_MS = 1_700_000_000_000

export class RouterRecord {
  readonly #views: readonly WorkerView[]
  readonly #indexes: ReadonlyMap<string, number>
  readonly #ledger: ReputationLedger

  constructor(views: readonly WorkerView[], goodCount: number) {
    this.#views = views
    this.#indexes = new Map(views.map(({ peerId }, index) => [peerId, index]))
    this.#ledger = goodCount > 0 ? ledgerOf(views, goodCount) : new ReputationLedger()
    for (const index of views.keys()) this.#update(index, 0)
  }

  indexOf(peerId: string): number {
    return this.#indexes.get(peerId) as number
  }

  isProven(worker: number): boolean {
    return (this.#views[worker] as WorkerView).evidenceLeft >= PROVEN_EVIDENCE
  }

  completed({ expected, sentMs, worker }: Attempt, nowMs: number): void {
    const view = this.#views[worker] as WorkerView
    const promisedMs = expected.totalMs
    this.#ledger.record(
      { kind: 'completed', workerId: view.peerId, latencyMs: nowMs - sentMs, promisedMs },
      START_MS + nowMs
    )
    this.#update(worker, nowMs)
  }

  lost({ worker }: Attempt, nowMs: number): void {
    const { peerId: workerId } = this.#views[worker] as WorkerView
    const outcome = { kind: 'failed', workerId, blame: 'worker', code: 'TASK_LOST' } as const
    this.#ledger.record(outcome, START_MS + nowMs)
    this.#update(worker, nowMs)
  }

  #update(worker: number, nowMs: number): void {
    const view = this.#views[worker] as WorkerView
    const { bad, good } = this.#ledger.evidenceOf(view.peerId, START_MS + nowMs)
    view.prospect = this.#ledger.prospectOf(view.peerId, START_MS + nowMs)
    view.evidenceLeft = good + bad
  }
}

/** As after so many good outcomes of each worker, without counting every one. */
function ledgerOf(views: readonly WorkerView[], goodCount: number): ReputationLedger {
  const seen = new ReputationLedger()
  const outcome = { kind: 'completed', latencyMs: 1, promisedMs: 1 } as const
  for (const { peerId } of views) seen.record({ ...outcome, workerId: peerId }, START_MS)
  const document = seen.toDocument(START_MS)
  const completed = Math.ceil(goodCount)
  const workers = document.workers.map((worker) => ({
    ...worker,
    good: goodCount,
    counts: { ...worker.counts, completed }
  }))
  return ReputationLedger.fromDocument({ ...document, workers })
}
