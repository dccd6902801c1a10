/** A job that has not ended, in memory: its records, its compiled plan, and who was tried. Bodies stay in the store. */
import { isTerminal } from '../jobs/records.ts'
import { stepItem, stepJob } from '../jobs/state.ts'
import type { CancelTimer } from '../core/clock.ts'
import type { ItemEvent } from '../jobs/state.ts'
import type { ItemRecord, JobRecord } from '../jobs/records.ts'
import type { JobPlan } from '../model/job.ts'
import type { SelectionRequest } from '../selection/candidate.ts'

export interface ActiveJobInit {
  record: JobRecord
  /** Items that have not ended. */
  items: readonly ItemRecord[]
  plan: JobPlan
  defaults: SelectionRequest['defaults']
  /** Its place among the router's jobs, for the queue. */
  order: number
}

/** An item that has not ended. */
interface ActiveItem {
  record: ItemRecord
  /** Workers that have failed it or refused it, newest last. */
  tried: string[]
  refusalCount: number
  /** Ends the running attempt. */
  controller: AbortController | undefined
}

/** What a job asks of a worker, before anybody was tried. */
export function requestOf(plan: JobPlan, defaults: SelectionRequest['defaults']): SelectionRequest {
  const { engine, placement, resources, retry, route } = plan
  const { sameWorker } = retry
  return { engine, resources, placement, route, sameWorker, triedWorkers: [], defaults }
}

export class ActiveJob {
  readonly plan: JobPlan
  readonly order: number
  cancelTotalTimer: CancelTimer = () => {}
  cancelQueueTimer: CancelTimer = () => {}
  readonly #request: SelectionRequest
  readonly #lane: string
  readonly #items = new Map<number, ActiveItem>()
  #record: JobRecord

  constructor(init: ActiveJobInit) {
    this.plan = init.plan
    this.order = init.order
    this.#record = init.record
    this.#request = requestOf(init.plan, init.defaults)
    const { engine, placement, resources, retry, route } = init.plan
    this.#lane = JSON.stringify([engine, resources, placement, route, retry.sameWorker])
    for (const record of init.items) {
      this.#items.set(record.index, { record, tried: [], refusalCount: 0, controller: undefined })
    }
  }

  get record(): JobRecord {
    return this.#record
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

  /** Equal for items that ask for the same of a worker. */
  laneOf(index: number): string {
    const tried = this.#items.get(index)?.tried ?? []
    return tried.length === 0 ? this.#lane : `${this.#lane}${tried.join()}`
  }

  requestFor(index: number): SelectionRequest {
    return { ...this.#request, triedWorkers: this.#items.get(index)?.tried ?? [] }
  }

  /** Lets something happen to an item; gives its new record, or undefined when it came too late. */
  apply(index: number, event: ItemEvent, nowMs: number): ItemRecord | undefined {
    const item = this.#items.get(index)
    if (item === undefined) return undefined
    const next = stepItem(item.record, event, nowMs)
    if (next === item.record) return undefined
    this.#record = stepJob(this.#record, item.record, next, nowMs)
    item.record = next
    if (isTerminal(next.state)) this.#items.delete(index)
    return next
  }

  began(index: number, controller: AbortController): void {
    const item = this.#items.get(index)
    if (item !== undefined) item.controller = controller
  }

  /** Remembers that a worker was no good for an item, so that another is preferred. */
  addTried(index: number, workerId: string): void {
    const item = this.#items.get(index)
    if (item !== undefined && !item.tried.includes(workerId)) item.tried.push(workerId)
  }

  /** Counts a refusal; gives how many there were before. */
  addRefusal(index: number): number {
    const item = this.#items.get(index)
    if (item === undefined) return 0
    item.refusalCount += 1
    return item.refusalCount - 1
  }
}
