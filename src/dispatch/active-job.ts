/** A job that has not ended, in memory: its records and who was tried. Bodies stay in the store. */
import { isTerminal } from '../jobs/records.ts'
import { stepItem, stepJob } from '../jobs/state.ts'
import type { CancelTimer } from '../core/clock.ts'
import type { Demand } from './demand.ts'
import type { ItemEvent } from '../jobs/state.ts'
import type { ItemRecord, JobRecord } from '../jobs/records.ts'
import type { JobPlan } from '../model/job.ts'
import type { SelectionRequest } from '../selection/candidate.ts'
import type { StoreChange } from '../jobs/store.ts'

export interface ActiveJobInit {
  /** As it is in the store. */
  record: JobRecord
  /** Items that have not ended. */
  items: readonly ItemRecord[]
  demand: Demand
  /** Its place among the router's jobs, for the queue. */
  order: number
}

/** An item that has not ended. */
interface ActiveItem {
  record: ItemRecord
  /** Workers to be avoided for it, newest last. */
  tried: readonly string[]
  refusalCount: number
  /** Ends the running attempt. */
  controller: AbortController | undefined
  /** Ends the wait for the next attempt. */
  cancelDelay: CancelTimer | undefined
}

const NOBODY: readonly string[] = []

/** More than any job's attempts, so that no failure is forgotten; refusals without end are. */
const TRIED_MAX = 128

export class ActiveJob {
  readonly order: number
  readonly demand: Demand
  cancelTotalTimer: CancelTimer = () => {}
  cancelQueueTimer: CancelTimer = () => {}
  /** Since when nothing of it has run, in the dispatcher's time. */
  waitingSinceMs = 0
  readonly #items = new Map<number, ActiveItem>()
  #record: JobRecord
  /** The record before its last change. */
  #beforeEnd: JobRecord
  #isEndStored = false
  /** The record as it was last handed out to be stored. */
  #stored: JobRecord | undefined

  constructor(init: ActiveJobInit) {
    this.order = init.order
    this.demand = init.demand
    this.#record = init.record
    this.#beforeEnd = init.record
    this.#stored = init.record
    for (const record of init.items) {
      this.#items.set(record.index, {
        record,
        tried: NOBODY,
        refusalCount: 0,
        controller: undefined,
        cancelDelay: undefined
      })
    }
  }

  get plan(): JobPlan {
    return this.demand.plan
  }

  get record(): JobRecord {
    return this.#record
  }

  /** The record as others may see it: the end of a job only once it is in the store. */
  get shownRecord(): JobRecord {
    return this.hasEnded && !this.#isEndStored ? this.#beforeEnd : this.#record
  }

  markEndStored(): void {
    this.#isEndStored = true
  }

  get hasEnded(): boolean {
    return isTerminal(this.#record.state)
  }

  /** The item if it has not ended. */
  item(index: number): Readonly<ActiveItem> | undefined {
    return this.#items.get(index)
  }

  /** Items that have not ended, by index. */
  items(): ItemRecord[] {
    return [...this.#items.values()].map(({ record }) => record)
  }

  /** The first item that waits for a worker. */
  firstWaiting(): ItemRecord | undefined {
    for (const { record } of this.#items.values()) {
      if (record.state === 'queued') return record
    }
    return undefined
  }

  /** Equal for items that ask for the same of a worker. */
  laneOf(index: number): string {
    const tried = this.#items.get(index)?.tried ?? NOBODY
    return tried.length === 0 ? this.demand.lane : `${this.demand.lane}${tried.join()}`
  }

  requestFor(index: number): SelectionRequest {
    const tried = this.#items.get(index)?.tried ?? NOBODY
    return tried.length === 0
      ? this.demand.request
      : { ...this.demand.request, triedWorkers: tried }
  }

  /** Lets something happen to an item; gives its new record, or undefined when it came too late. */
  apply(index: number, event: ItemEvent, nowMs: number): ItemRecord | undefined {
    const item = this.#items.get(index)
    if (item === undefined) return undefined
    const next = stepItem(item.record, event, nowMs)
    if (next === item.record) return undefined
    this.#beforeEnd = this.#record
    this.#record = stepJob(this.#record, item.record, next, nowMs)
    item.record = next
    if (next.state !== 'running') item.controller = undefined
    if (isTerminal(next.state)) {
      item.cancelDelay?.()
      this.#items.delete(index)
    }
    return next
  }

  /**
   * The job's row, if it has to be written: its counts follow from its items and are made anew after a
   * restart, so that only a new state or error is worth a write.
   */
  unsavedRow(): StoreChange[] {
    const isSaved =
      this.#stored?.state === this.#record.state && this.#stored.error === this.#record.error
    if (isSaved) return []
    this.#stored = this.#record
    return [{ kind: 'job', job: this.#record }]
  }

  /** The row that was last handed out could not be stored. */
  markUnsaved(): void {
    this.#stored = undefined
  }

  began(index: number, controller: AbortController): void {
    const item = this.#items.get(index)
    if (item !== undefined) item.controller = controller
  }

  delayed(index: number, cancel: CancelTimer): void {
    const item = this.#items.get(index)
    if (item !== undefined) item.cancelDelay = cancel
  }

  /** Remembers that a worker was no good for an item, so that another is preferred. */
  addTried(index: number, workerId: string): void {
    const item = this.#items.get(index)
    if (item === undefined || item.tried.includes(workerId)) return
    item.tried = [...item.tried, workerId].slice(-TRIED_MAX)
  }

  /** Counts a refusal; gives how many there were before. */
  addRefusal(index: number): number {
    const item = this.#items.get(index)
    if (item === undefined) return 0
    item.refusalCount += 1
    return item.refusalCount - 1
  }
}
