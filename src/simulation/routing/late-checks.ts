/**
 * Whether a worker is still there that has had a task for much longer than expected: it is asked, and who does
 * not answer is suspected, and the task begins elsewhere. Who answers is asked again, ever more rarely.
 */
import { answerWithinMs, lateAfterMs } from '../../selection/late-check.ts'
import type { Attempt } from './attempt.ts'
import type { RouterInit } from './router.ts'
import type { WorkerView } from './worker-view.ts'

const AGAIN_TRIPS = 2
const AGAIN_MS_MIN = 1_000
const DOUBLINGS_MAX = 5

export class LateChecks {
  readonly #init: RouterInit
  readonly #views: readonly WorkerView[]
  readonly #onLost: (attempt: Attempt) => void

  constructor(init: RouterInit, views: readonly WorkerView[], onLost: (attempt: Attempt) => void) {
    this.#init = init
    this.#views = views
    this.#onLost = onLost
  }

  watch(attempt: Attempt): void {
    const delayMs = lateAfterMs(attempt.expected.totalMs)
    this.#init.events.after(delayMs, () => this.#check(attempt, 0))
  }

  #check(attempt: Attempt, doublings: number): void {
    const { events, index, tally, wire } = this.#init
    const view = this.#views[attempt.worker] as WorkerView
    if (isOver(attempt, view)) return
    const askedMs = events.nowMs
    tally.probes += 1
    wire.ask(index, attempt.worker)
    events.after(answerWithinMs(view), () => {
      if (isOver(attempt, view)) return
      if (view.reportedMs < askedMs) {
        tally.suspicions += 1
        view.isSuspected = true
        this.#onLost(attempt)
        return
      }
      const againMs = Math.max(AGAIN_MS_MIN, AGAIN_TRIPS * (view.latencyMs ?? 0)) * 2 ** doublings
      events.after(againMs, () => this.#check(attempt, Math.min(DOUBLINGS_MAX, doublings + 1)))
    })
  }
}

/** What is known to be down is lost without a question. */
function isOver({ isStopped, job }: Attempt, { isSuspected }: WorkerView): boolean {
  return isStopped || job.isDone || isSuspected
}
