/**
 * Items that wait for a worker, or for one more copy: at their places in the queue, or before they come there
 * because a pause is due. Workers that would not have one of them are left out for it, for a while.
 */
import { ReadyQueue } from '../jobs/ready-queue.ts'
import { Timetable } from '../core/timetable.ts'
import type { ActiveJob } from './active-job.ts'
import type { Clock } from '../core/clock.ts'
import type { CandidateSource } from './ports.ts'
import type { Offered, ReadyEntry } from '../jobs/ready-queue.ts'
import type { Place, Wish } from './wish.ts'

export interface ItemQueueComponents {
  clock: Clock
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  job: (jobId: string) => ActiveJob | undefined
  source: Pick<CandidateSource, 'workMs'>
  /** Called when something has come into the queue. */
  onEntered: () => void
}

/** A place whose turn it is. */
export interface Turn {
  job: ActiveJob
  index: number
  place: Place
}

/** A worker that is not asked about an item for a while. */
interface LeftOut {
  job: ActiveJob
  index: number
  workerId: string
}

/** So many entries of ended items may lie in the queue before it is cleaned. */
const STALE_ENTRIES_MAX = 1_000
const REFUSAL_LETTERS_MAX = 200

export class ItemQueue {
  readonly #components: ItemQueueComponents
  readonly #queue = new ReadyQueue()
  readonly #leftOut: Timetable<LeftOut>
  #staleCount = 0
  #isClosed = false

  constructor(components: ItemQueueComponents) {
    this.#components = components
    this.#leftOut = new Timetable({
      ...components,
      onDue: ({ index, job, workerId }) => {
        job.letIn(index, workerId)
        for (const place of job.enqueuedAnew(index)) this.#push(job, index, place)
      }
    })
  }

  /** Entries, those of items that have ended since included. */
  get size(): number {
    return this.#queue.size
  }

  /** Nothing comes in any more. */
  close(): void {
    this.#isClosed = true
    this.#leftOut.clear()
  }

  /** It may have ended, or be held, since that was planned. */
  enter(job: ActiveJob, index: number, wish: Wish): void {
    const place = this.#isClosed ? undefined : job.enqueued(index, wish, this.#components.nowMs())
    if (place !== undefined) this.#push(job, index, place)
  }

  /** Offers places, each time the one whose turn it is, until nobody takes any more. */
  drain(offer: (turn: Turn) => Offered): void {
    const onEntry = (entry: ReadyEntry, lane: string): Offered => {
      const turn = this.#turnOf(entry, lane)
      return turn === undefined ? 'gone' : offer(turn)
    }
    this.#queue.drain(onEntry, this.#components.nowMs())
  }

  /** Has a worker not asked about an item for a while. */
  leaveOut(job: ActiveJob, index: number, refusal: { workerId: string; words: string }): void {
    const { workerId, words } = refusal
    const leftOut = { job, index, workerId }
    const cancel = (): void => this.#leftOut.delete(leftOut)
    const shown = words.slice(0, REFUSAL_LETTERS_MAX)
    const forMs = job.leaveOut(index, { workerId, words: shown, cancel })
    this.#leftOut.set(leftOut, this.#components.nowMs() + forMs)
  }

  /** Items that ended without being sent leave their entries behind; those go once they are many. */
  ended(count: number): void {
    this.#staleCount += count
    if (this.#staleCount <= Math.max(STALE_ENTRIES_MAX, this.#queue.size / 2)) return
    this.#staleCount = 0
    this.#queue.prune((entry, lane) => this.#turnOf(entry, lane) !== undefined)
  }

  /** @param lane where the entry stands; its item may stand elsewhere by now */
  #turnOf({ itemIndex: index, jobId, place: number }: ReadyEntry, lane: string): Turn | undefined {
    const job = this.#components.job(jobId)
    const place = job?.item(index)?.places.find((one) => one.number === number)
    return job === undefined || place?.lane !== lane ? undefined : { job, index, place }
  }

  #push(job: ActiveJob, index: number, { lane, number }: Place): void {
    this.#queue.push(lane, {
      jobId: job.record.id,
      itemIndex: index,
      place: number,
      priority: job.plan.priority,
      share: job.record.share,
      order: job.order,
      waitingSinceMs: job.waitingSinceMs,
      workMs: this.#components.source.workMs(job.plan.taskType)
    })
    this.#components.onEntered()
  }
}
