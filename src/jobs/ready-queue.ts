/**
 * Items that wait for a worker: whose turn it is, and which of theirs is next.
 *
 * Between shares, the one with the most points goes first: the priority of its next item, and one
 * point for every ten seconds since its last turn; of equals, the one whose last turn is longest ago.
 * So equal shares take turns however much each of them has waiting, urgent ones pass others, and none
 * starves. Turns are not saved up: a share that comes anew, or comes back, stands behind those that wait.
 * Virtual times as in fair queueing would save them up for whoever has long waited with less priority.
 *
 * Within a share, an item gains one point for every ten seconds that it waits. As all gain alike, their
 * order never changes, and it is kept once for all.
 *
 * Lanes, one per kind of demand, keep items that nobody can take now from standing before others that
 * somebody could. Within a lane it is first come, first served. Between the lanes of a share, short work
 * goes first: ten milliseconds of waiting count as much as one of expected work.
 */
import TinyQueue from 'tinyqueue'
import { LIMITS } from '../core/limits.ts'
import { PositionHeap } from '../core/position-heap.ts'

export interface ReadyEntry {
  jobId: string
  itemIndex: number
  /** Which one of its job's places it is. */
  place: number
  /** 0 to 100, higher first. */
  priority: number
  /** Grows with every job. */
  order: number
  /** Whose turn it takes. */
  share: string
  /** By the same clock as the times of `drain`. */
  waitingSinceMs: number
  /** How long it is expected to run, in milliseconds at 1 GHz. */
  workMs: number
}

/**
 * What became of an entry that was offered. `gone`: its item no longer waits, so it was nobody's turn.
 * `blocked` leaves its lane alone until the next round, `enough` ends the round.
 */
export type Offered = 'taken' | 'gone' | 'blocked' | 'enough'

/** One point: the least urgent item passes new ones of the highest priority after a quarter of an hour. */
const AGING_MS = 10_000

/** So much longer waits who takes one millisecond more: many short tasks wait for a long one otherwise. */
const WORK_FACTOR = 10

/** Whose turn it is when there are more shares than can have one each. */
const FURTHER = Symbol('further shares')

interface Lane {
  name: string
  share: Share
  entries: TinyQueue<ReadyEntry>
  /** By what was expected last: what is learnt meanwhile must not put later entries before earlier ones. */
  workMs: number
  /** Among the lanes of its share. */
  position: number
}

interface Share {
  key: string | symbol
  lanes: Map<string, Lane>
  /** Those of its lanes that are not blocked in this round, the most urgent first. */
  open: PositionHeap<Lane>
  /** When it last had a turn, or began to wait. */
  servedAtMs: number
  /** The same as a number that no two shares have. */
  turn: number
}

export class ReadyQueue {
  /** Those that have something waiting. */
  readonly #shares = new Map<string | symbol, Share>()
  #size = 0
  #turn = 0
  #drainedAtMs = -Infinity

  /** Entries, those of items that have ended since included. */
  get size(): number {
    return this.#size
  }

  push(laneName: string, entry: ReadyEntry): void {
    const share = this.#shareOf(entry)
    const lane = share.lanes.get(laneName)
    this.#size += 1
    if (lane === undefined) return addLane(share, laneName, entry)
    lane.entries.push(entry)
    lane.workMs = entry.workMs
    share.open.moved(lane)
  }

  /** Offers entries, each time the one whose turn it is, until nobody takes any more. It must not push meanwhile. */
  drain(offer: (entry: ReadyEntry, laneName: string) => Offered, nowMs: number): void {
    this.#drainedAtMs = nowMs
    const round = new Round(this.#shares, nowMs)
    try {
      for (let lane = round.next(); lane !== undefined; lane = round.next()) {
        const offered = offer(headOf(lane), lane.name)
        if (offered === 'enough') return
        if (offered === 'blocked') round.block(lane)
        else this.#take(lane, offered === 'taken' ? nowMs : undefined)
      }
    } finally {
      round.end()
    }
  }

  /** Lets go of entries that nobody needs any more. */
  prune(isNeeded: (entry: ReadyEntry, laneName: string) => boolean): void {
    for (const share of this.#shares.values()) {
      for (const lane of share.lanes.values()) {
        const kept = lane.entries.data.filter((entry) => isNeeded(entry, lane.name))
        this.#size -= lane.entries.length - kept.length
        lane.entries = new TinyQueue(kept, compareEntries)
        this.#settle(lane)
      }
    }
  }

  #shareOf({ share: name, waitingSinceMs }: ReadyEntry): Share {
    const own = this.#shares.get(name)
    if (own !== undefined) return own
    const key = this.#shares.size < LIMITS.sharesMax ? name : FURTHER
    const known = this.#shares.get(key)
    if (known !== undefined) return known
    this.#turn += 1
    const share: Share = {
      key,
      lanes: new Map(),
      open: new PositionHeap(isLaneBefore),
      // An item that came back has waited long, but its share has had turns since.
      servedAtMs: Math.max(waitingSinceMs, this.#drainedAtMs),
      turn: this.#turn
    }
    this.#shares.set(key, share)
    return share
  }

  /** @param servedAtMs undefined where it was nobody's turn */
  #take(lane: Lane, servedAtMs: number | undefined): void {
    lane.entries.pop()
    this.#size -= 1
    if (servedAtMs !== undefined) {
      this.#turn += 1
      lane.share.servedAtMs = servedAtMs
      lane.share.turn = this.#turn
    }
    this.#settle(lane)
  }

  /** Brings a lane whose entries have become fewer to its place, and lets go of what is empty. */
  #settle(lane: Lane): void {
    const { share } = lane
    if (lane.entries.length > 0) return share.open.moved(lane)
    share.open.remove(lane)
    share.lanes.delete(lane.name)
    if (share.lanes.size === 0) this.#shares.delete(share.key)
  }
}

/** One look at all that waits, at one moment. */
class Round {
  readonly #shares: ReadonlyMap<unknown, Share>
  readonly #nowMs: number
  readonly #blocked = new Set<string>()
  /** Blocked lanes, out of their shares' heaps while the round lasts. */
  readonly #aside: Lane[] = []

  constructor(shares: ReadonlyMap<unknown, Share>, nowMs: number) {
    this.#shares = shares
    this.#nowMs = nowMs
  }

  /** The lane whose first entry is to go next. */
  next(): Lane | undefined {
    let best: Lane | undefined
    let bestPoints = -Infinity
    for (const share of this.#shares.values()) {
      const lane = this.#openLane(share)
      if (lane === undefined) continue
      const points = this.#pointsOf(lane)
      if (points < bestPoints) continue
      if (points === bestPoints && best !== undefined && best.share.turn < share.turn) continue
      best = lane
      bestPoints = points
    }
    return best
  }

  /** Whoever's it is: the same lane asks for the same. */
  block({ name }: Lane): void {
    this.#blocked.add(name)
  }

  end(): void {
    for (const lane of this.#aside) lane.share.open.add(lane)
  }

  #openLane({ open }: Share): Lane | undefined {
    let lane = open.peek()
    while (lane !== undefined && this.#blocked.has(lane.name)) {
      open.remove(lane)
      this.#aside.push(lane)
      lane = open.peek()
    }
    return lane
  }

  /** Whole points, so that among equals it is the turn that counts and not the millisecond. */
  #pointsOf(lane: Lane): number {
    return headOf(lane).priority + Math.floor((this.#nowMs - lane.share.servedAtMs) / AGING_MS)
  }
}

function addLane(share: Share, name: string, entry: ReadyEntry): void {
  const entries = new TinyQueue([entry], compareEntries)
  const lane: Lane = { name, share, entries, workMs: entry.workMs, position: 0 }
  share.lanes.set(name, lane)
  share.open.add(lane)
}

/** A lane that is kept has entries. */
function headOf(lane: Lane): ReadyEntry {
  return lane.entries.peek() as ReadyEntry
}

function isLaneBefore(left: Lane, right: Lane): boolean {
  const workMs = left.workMs - right.workMs
  const [head, other] = [headOf(left), headOf(right)]
  const byUrgency = urgencyMs(head) - urgencyMs(other) + WORK_FACTOR * workMs
  return (byUrgency || compareEntries(head, other)) < 0
}

function compareEntries(left: ReadyEntry, right: ReadyEntry): number {
  return (
    urgencyMs(left) - urgencyMs(right) ||
    left.order - right.order ||
    left.itemIndex - right.itemIndex
  )
}

/** Earlier is more urgent: waiting and priority in one figure, whatever the time is now. */
function urgencyMs({ priority, waitingSinceMs }: ReadyEntry): number {
  return waitingSinceMs - priority * AGING_MS
}
