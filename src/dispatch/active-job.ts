/** A job that has not ended, in memory: its records and who was tried. Bodies stay in the store. */
import { isTerminal } from '../jobs/records.ts'
import { letGoOfRest, mayBegin, openItem } from './active-item.ts'
import { Refusers } from './refusers.ts'
import { step } from '../jobs/state.ts'
import { TO_RUN } from './wish.ts'
import type { ActiveItem } from './active-item.ts'
import type { Attempt } from './attempt.ts'
import type { CancelTimer } from '../core/clock.ts'
import type { Demand } from './demand.ts'
import type { Effect } from '../jobs/state.ts'
import type { ItemEvent } from '../jobs/item-state.ts'
import type { ItemRecord, JobRecord } from '../jobs/records.ts'
import type { JobInputs } from './job-inputs.ts'
import type { JobPlan } from '../model/job.ts'
import type { Place, Wish } from './wish.ts'
import type { Refuser } from './refusers.ts'
import type { SelectionRequest } from '../selection/candidate.ts'
import type { StoreChange } from '../jobs/store.ts'
import type { UncheckedResult } from './ports.ts'

export interface ActiveJobInit {
  /** As it is in the store. */
  record: JobRecord
  /** Items that have not ended. */
  items: readonly ItemRecord[]
  demand: Demand
  /** Its place among the router's jobs, for the queue. */
  order: number
}

/** By index. Most jobs have one item, and a Map for it would take more memory than the item itself. */
type OpenItems = Map<number, ActiveItem> | ActiveItem | undefined

/** What an item has met so far, which says where it may go next. */
interface Reach {
  pinnedTo: string | null
  tried: readonly string[]
  refusedLately: SelectionRequest['refusedLately']
  /** Workers where another copy is, or that are too close to one, with the words for it. */
  taken: ReadonlyMap<string, string>
}

/** More than any job's attempts, so that no failure is forgotten; refusals without end are. */
const TRIED_MAX = 128

/** What an event changed. */
export interface Applied {
  item: ItemRecord
  effects: readonly Effect[]
  /** Its attempts that were open, and that it does not count on any more. */
  dropped: readonly Attempt[]
}

const NOBODY: readonly string[] = []
const NOWHERE: ReadonlyMap<string, string> = new Map()

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
  #openCount = 0
  #placeNumber = 0
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

  /** Attempts of its items that are open. */
  get openCount(): number {
    return this.#openCount
  }

  /** The item if it has not ended. */
  item(index: number): Readonly<ActiveItem> | undefined {
    return this.#find(index)
  }

  /** Items that have not ended, by index. */
  items(): ItemRecord[] {
    return Array.from(this.#all(), ({ record }) => record)
  }

  /** The first item that waits for a worker: with none open, or else for one more copy. */
  firstWaiting(): ItemRecord | undefined {
    let copied: ItemRecord | undefined
    for (const { places, record } of this.#all()) {
      if (record.state === 'queued') return record
      if (places.length > 0) copied ??= record
    }
    return copied
  }

  /** When that of its items came into the queue that has waited there for longest; Infinity where none waits. */
  get waitingFromMs(): number {
    let fromMs = Infinity
    for (const { places } of this.#all()) {
      for (const { sinceMs } of places) fromMs = Math.min(fromMs, sinceMs)
    }
    return fromMs
  }

  /** It stands in the queue from now on. @returns where; undefined if it does not want that now */
  enqueued(index: number, wish: Wish, nowMs: number): Place | undefined {
    const item = this.#find(index)
    const isPrimary = wish.role === 'primary'
    if (item === undefined || !mayBegin(item.record, isPrimary)) return undefined
    if (!isPrimary && this.#record.isOnHold) return undefined
    const place = this.#newPlace(index, wish, nowMs)
    item.places = isPrimary ? [place] : [...item.places, place]
    return place
  }

  /** Its places anew, where its lanes are others now: those that it had before are void. */
  enqueuedAnew(index: number): readonly Place[] {
    const item = this.#find(index)
    if (item === undefined || item.places.length === 0) return []
    item.places = item.places.map(({ sinceMs, wish }) => this.#newPlace(index, wish, sinceMs))
    return item.places
  }

  /** It stands there no more. */
  leave(index: number, place: Place): void {
    const item = this.#find(index)
    if (item !== undefined) item.places = item.places.filter((one) => one !== place)
  }

  requestFor(index: number, wish: Wish = TO_RUN, near: Iterable<string> = []): SelectionRequest {
    const { pinnedTo, refusedLately, taken, tried } = this.#reachOf(index, wish)
    const { request } = this.demand
    const inputs = this.inputs?.of(index)
    const elsewhere = withWords(taken, near, 'it is too close to a worker that has another copy')
    const trust = wish.apart.trust === 'any' ? request.trust : wish.apart.trust
    if (pinnedTo !== null) {
      // There is no other worker for it, so that none is avoided.
      const placement = { ...request.placement, only: [pinnedTo] }
      return { ...request, placement, sameWorker: 'allow', refusedLately, inputs }
    }
    const isByChance = wish.role === 'check'
    const isUntouched = tried.length === 0 && refusedLately.size === 0 && elsewhere.size === 0
    const isPlain = isUntouched && trust === request.trust && !isByChance
    if (isPlain && inputs === undefined) return request
    return { ...request, triedWorkers: tried, refusedLately, elsewhere, trust, isByChance, inputs }
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
    const over = letGoOfRest(item)
    this.#openCount -= over.length
    if (isTerminal(next.state)) {
      if (this.#isSpread && next.state === 'completed') this.#doneOn.push(next.workerId ?? '')
      item.cancelDelay?.()
      item.refusers?.forget()
      this.#drop(index)
    }
    // An attempt whose own word this was has ended by itself.
    const own = 'attempt' in event ? event.attempt : undefined
    return { item: next, effects, dropped: over.filter(({ record }) => record.number !== own) }
  }

  /** Says whether its owner lets something of it begin; if not, its items stand in no queue for another copy, either. */
  setOnHold(isOnHold: boolean): void {
    this.#record = { ...this.#record, isOnHold }
    for (const item of this.#all()) {
      if (isOnHold) item.places = item.places.filter(({ wish }) => wish.role === 'primary')
    }
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
    if (item === undefined) return
    item.attempts = [...item.attempts, attempt]
    this.#openCount += 1
  }

  /** An attempt's result is here, and waits for its checks. */
  addResult(index: number, result: UncheckedResult): void {
    const item = this.#find(index)
    if (item !== undefined) item.results = [...item.results, result]
  }

  /** What its results that wait for their checks take in memory. */
  get uncheckedBytes(): number {
    let bytes = 0
    for (const { results } of this.#all()) {
      for (const { output } of results) bytes += output?.length ?? 0
    }
    return bytes
  }

  delayed(index: number, cancel: CancelTimer): void {
    const item = this.#find(index)
    if (item === undefined) return
    // Only what was planned last is still to happen.
    item.cancelDelay?.()
    item.cancelDelay = cancel
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

  /** Ends that. If it stands in the queue, it stands in the wrong lane from now on. */
  letIn(index: number, workerId: string): void {
    this.#find(index)?.refusers?.letIn(workerId)
  }

  /** Whether each of its items is to be on a worker of its own. */
  get #isSpread(): boolean {
    return this.plan.engine === 'storage'
  }

  /** Workers where an item may not go, as it or another one is there or is done there. */
  #takenFor({ record }: ActiveItem, { apart }: Wish): ReadonlyMap<string, string> {
    const own = [...(record.copies ?? []).map(({ workerId }) => workerId), ...apart.workers]
    const taken = own.length === 0 ? NOWHERE : withWords(NOWHERE, own, 'it has another copy')
    return this.#isSpread
      ? withWords(taken, this.#others(record.index), 'it keeps another copy')
      : taken
  }

  *#others(index: number): Iterable<string> {
    yield* this.#doneOn
    for (const { attempts, record } of this.#all()) {
      if (record.index !== index) for (const attempt of attempts) yield attempt.record.workerId
    }
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

  #newPlace(index: number, wish: Wish, sinceMs: number): Place {
    this.#placeNumber += 1
    return { number: this.#placeNumber, lane: this.#laneOf(index, wish), wish, sinceMs }
  }

  #laneOf(index: number, wish: Wish): string {
    const { pinnedTo, refusedLately, tried } = this.#reachOf(index, wish)
    const { lane } = this.demand
    // Where others are decides where it may go, so that it stands in nobody else's way.
    if (wish.role !== 'primary') return `${lane}#${this.#record.id}/${index}/${this.#placeNumber}`
    const where = pinnedTo === null ? tried.join() : `@${pinnedTo}`
    const whereNot = refusedLately.size === 0 ? '' : `!${[...refusedLately.keys()].join()}`
    // Its items stand in each other's way, and in nobody else's.
    if (this.#isSpread) return `${lane}${where}#${this.#record.id}`
    return where === '' && whereNot === '' ? lane : `${lane}${where}${whereNot}`
  }

  #reachOf(index: number, wish: Wish): Reach {
    const item = this.#find(index)
    return {
      pinnedTo: item?.record.pinnedTo ?? null,
      tried: item?.tried ?? NOBODY,
      refusedLately: item?.refusers?.leftOut ?? this.demand.request.refusedLately,
      taken: item === undefined ? NOWHERE : this.#takenFor(item, wish)
    }
  }
}

function openItems(records: readonly ItemRecord[]): OpenItems {
  const items = records.map(openItem)
  return items.length > 1 ? new Map(items.map((item) => [item.record.index, item])) : items[0]
}

/** What was known of a worker before stays. */
function withWords(
  known: ReadonlyMap<string, string>,
  workers: Iterable<string>,
  words: string
): ReadonlyMap<string, string> {
  const added = Array.from(workers, (workerId) => [workerId, words] as const)
  return added.length === 0 ? known : new Map([...added, ...known])
}
