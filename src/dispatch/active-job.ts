/** A job that has not ended, in memory: its records and who was tried. Bodies stay in the store. */
import { isTerminal } from '../jobs/records.ts'
import { Refusers } from './refusers.ts'
import { step } from '../jobs/state.ts'
import type { Attempt } from './attempt.ts'
import type { CancelTimer } from '../core/clock.ts'
import type { Demand } from './demand.ts'
import type { Effect, ItemEvent } from '../jobs/state.ts'
import type { ItemRecord, JobRecord } from '../jobs/records.ts'
import type { JobInputs } from './job-inputs.ts'
import type { JobPlan } from '../model/job.ts'
import type { Refuser } from './refusers.ts'
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
  /** Those that will not have it; most items meet none. */
  refusers: Refusers | undefined
  /** In which it stands in the queue, while it does. */
  lane: string | undefined
  /** The one that is open, if one is. */
  attempt: Attempt | undefined
  /** Ends the wait for the next attempt. */
  cancelDelay: CancelTimer | undefined
}

/** By index. Most jobs have one item, and a Map for it would take more memory than the item itself. */
type OpenItems = Map<number, ActiveItem> | ActiveItem | undefined

const NOBODY: readonly string[] = []

/** What an item has met so far, which says where it may go next. */
interface Place {
  pinnedTo: string | null
  tried: readonly string[]
  refusedLately: SelectionRequest['refusedLately']
}

/** More than any job's attempts, so that no failure is forgotten; refusals without end are. */
const TRIED_MAX = 128

/** What an event changed. */
export interface Applied {
  item: ItemRecord
  effects: readonly Effect[]
}

export class ActiveJob {
  readonly order: number
  readonly demand: Demand
  /** Since when nothing of it has run, in the dispatcher's time. */
  waitingSinceMs = 0
  /** Which files its items read, once that was looked up; nothing for most jobs. */
  inputs: JobInputs | undefined
  /** Workers of items that are done, where no other item may go to them. */
  readonly #doneOn: string[] = []
  #items: OpenItems
  #record: JobRecord
  /** The record before its last change. */
  #beforeEnd: JobRecord
  #isEndStored = false
  #lastRefusal: string | undefined
  /** The record as it was last handed out to be stored. */
  #stored: JobRecord | undefined

  constructor(init: ActiveJobInit) {
    this.order = init.order
    this.demand = init.demand
    this.#record = init.record
    this.#beforeEnd = init.record
    this.#stored = init.record
    this.#items = openItems(init.items)
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

  /** What the last worker said that did not take one of its tasks. */
  get lastRefusal(): string | undefined {
    return this.#lastRefusal
  }

  get hasEnded(): boolean {
    return isTerminal(this.#record.state)
  }

  /** The item if it has not ended. */
  item(index: number): Readonly<ActiveItem> | undefined {
    return this.#find(index)
  }

  /** Items that have not ended, by index. */
  items(): ItemRecord[] {
    return Array.from(this.#all(), ({ record }) => record)
  }

  /** The first item that waits for a worker. */
  firstWaiting(): ItemRecord | undefined {
    for (const { record } of this.#all()) {
      if (record.state === 'queued') return record
    }
    return undefined
  }

  /**
   * It stands in the queue from now on.
   * @returns its lane, equal for items that ask for the same of a worker; undefined if it does not wait for one
   */
  enqueued(index: number): string | undefined {
    const item = this.#find(index)
    if (item?.record.state !== 'queued') return undefined
    item.lane = this.#laneOf(index)
    return item.lane
  }

  requestFor(index: number): SelectionRequest {
    const { pinnedTo, refusedLately, tried } = this.#placeOf(index)
    const { request } = this.demand
    const inputs = this.inputs?.of(index)
    if (pinnedTo === null) {
      const isPlain = tried.length === 0 && refusedLately.size === 0 && inputs === undefined
      return isPlain ? request : { ...request, triedWorkers: tried, refusedLately, inputs }
    }
    // There is no other worker for it, so that none is avoided.
    const placement = { ...request.placement, only: [pinnedTo] }
    return { ...request, placement, sameWorker: 'allow', refusedLately, inputs }
  }

  /** Lets something happen to an item; gives what that changed, or undefined when it came too late. */
  apply(index: number, event: ItemEvent, nowMs: number): Applied | undefined {
    const item = this.#find(index)
    if (item === undefined) return undefined
    const context = { nowMs, keep: this.plan.keep }
    const { effects, item: next, job } = step(this.#record, item.record, event, context)
    if (next === item.record) return undefined
    this.#beforeEnd = this.#record
    this.#record = job
    item.record = next
    if (next.state !== 'queued') item.lane = undefined
    if (isTerminal(next.state)) {
      if (this.#isSpread && next.state === 'completed') this.#doneOn.push(next.workerId ?? '')
      item.cancelDelay?.()
      item.refusers?.forget()
      this.#drop(index)
    }
    return { item: next, effects }
  }

  /** Says whether its owner lets something of it begin. */
  setOnHold(isOnHold: boolean): void {
    this.#record = { ...this.#record, isOnHold }
    this.markUnsaved()
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

  began(index: number, attempt: Attempt): void {
    const item = this.#find(index)
    if (item !== undefined) item.attempt = attempt
  }

  /** The attempt is over, or nobody waits for it any more. */
  dropAttempt(index: number): void {
    const item = this.#find(index)
    if (item !== undefined) item.attempt = undefined
  }

  delayed(index: number, cancel: CancelTimer): void {
    const item = this.#find(index)
    if (item !== undefined) item.cancelDelay = cancel
  }

  /** Remembers that a worker was no good for an item, so that another is preferred. */
  addTried(index: number, workerId: string): void {
    const item = this.#find(index)
    if (item === undefined || item.tried.includes(workerId)) return
    item.tried = [...item.tried, workerId].slice(-TRIED_MAX)
  }

  addRefusal(index: number, why: string): void {
    this.#lastRefusal = why
    const item = this.#find(index)
    if (item !== undefined) item.refusalCount += 1
  }

  /** Has a worker not asked about an item for a while. @returns for how long */
  leaveOut(index: number, refuser: Refuser): number {
    const item = this.#find(index)
    if (item === undefined) return 0
    item.refusers ??= new Refusers()
    return item.refusers.leaveOut(refuser)
  }

  /** Ends that. @returns whether the item stands in the queue, and now in the wrong lane */
  letIn(index: number, workerId: string): boolean {
    const item = this.#find(index)
    item?.refusers?.letIn(workerId)
    return item?.lane !== undefined
  }

  /** Whether each of its items is to be on a worker of its own. */
  get #isSpread(): boolean {
    return this.plan.engine === 'storage'
  }

  /** Workers where an item may not go, as another is there or is done there. */
  #others(index: number): SelectionRequest['refusedLately'] | undefined {
    if (!this.#isSpread) return undefined
    const others = new Set(this.#doneOn)
    for (const { attempt, record } of this.#all()) {
      if (record.index !== index && attempt !== undefined) others.add(attempt.record.workerId)
    }
    return new Map(Array.from(others, (workerId) => [workerId, 'it keeps another copy']))
  }

  #find(index: number): ActiveItem | undefined {
    if (this.#items instanceof Map) return this.#items.get(index)
    return this.#items?.record.index === index ? this.#items : undefined
  }

  #all(): Iterable<ActiveItem> {
    if (this.#items instanceof Map) return this.#items.values()
    return this.#items === undefined ? [] : [this.#items]
  }

  #drop(index: number): void {
    if (this.#items instanceof Map) this.#items.delete(index)
    else this.#items = undefined
  }

  #laneOf(index: number): string {
    const { pinnedTo, refusedLately, tried } = this.#placeOf(index)
    const { lane } = this.demand
    const where = pinnedTo === null ? tried.join() : `@${pinnedTo}`
    const whereNot = refusedLately.size === 0 ? '' : `!${[...refusedLately.keys()].join()}`
    // Its items stand in each other's way, and in nobody else's.
    if (this.#isSpread) return `${lane}${where}#${this.#record.id}`
    return where === '' && whereNot === '' ? lane : `${lane}${where}${whereNot}`
  }

  #placeOf(index: number): Place {
    const item = this.#find(index)
    const leftOut = item?.refusers?.leftOut ?? this.demand.request.refusedLately
    const others = this.#others(index)
    return {
      pinnedTo: item?.record.pinnedTo ?? null,
      tried: item?.tried ?? NOBODY,
      refusedLately: others === undefined ? leftOut : new Map([...leftOut, ...others])
    }
  }
}

function openItems(records: readonly ItemRecord[]): OpenItems {
  const items = records.map(openItem)
  return items.length > 1 ? new Map(items.map((item) => [item.record.index, item])) : items[0]
}

function openItem(record: ItemRecord): ActiveItem {
  return {
    record,
    tried: NOBODY,
    refusalCount: 0,
    refusers: undefined,
    lane: undefined,
    attempt: undefined,
    cancelDelay: undefined
  }
}
