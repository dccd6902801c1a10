/**
 * Items that wait for a worker, in lanes: one lane per kind of demand, so that items nobody can take
 * now do not stand before others that somebody could. Higher priority first, then older, across all lanes.
 */
import TinyQueue from 'tinyqueue'

export interface ReadyEntry {
  jobId: string
  itemIndex: number
  /** 0 to 100, higher first. */
  priority: number
  /** Grows with every job. */
  order: number
}

/** What became of an entry that was offered: `blocked` leaves its lane alone, `enough` ends the round. */
export type Offered = 'taken' | 'blocked' | 'enough'

type Lane = TinyQueue<ReadyEntry>

export class ReadyQueue {
  readonly #lanes = new Map<string, Lane>()
  #size = 0

  /** Entries, those of items that have ended since included. */
  get size(): number {
    return this.#size
  }

  push(laneName: string, entry: ReadyEntry): void {
    let lane = this.#lanes.get(laneName)
    if (lane === undefined) {
      lane = new TinyQueue<ReadyEntry>([], compareEntries)
      this.#lanes.set(laneName, lane)
    }
    lane.push(entry)
    this.#size += 1
  }

  /** Offers entries, the most urgent of all first, until nobody takes any more. It must not push meanwhile. */
  drain(offer: (entry: ReadyEntry, laneName: string) => Offered): void {
    const lanes = new TinyQueue([...this.#lanes], ([, left], [, right]) =>
      compareEntries(left.peek() as ReadyEntry, right.peek() as ReadyEntry)
    )
    for (let named = lanes.pop(); named !== undefined; named = lanes.pop()) {
      const [name, lane] = named
      const offered = offer(lane.peek() as ReadyEntry, name)
      if (offered === 'enough') return
      if (offered === 'blocked') continue
      lane.pop()
      this.#size -= 1
      if (lane.length === 0) this.#lanes.delete(name)
      else lanes.push(named)
    }
  }

  /** Lets go of entries that nobody needs any more. */
  prune(isNeeded: (entry: ReadyEntry) => boolean): void {
    this.#size = 0
    for (const [name, lane] of this.#lanes) {
      const kept = lane.data.filter(isNeeded)
      this.#size += kept.length
      if (kept.length === 0) this.#lanes.delete(name)
      else this.#lanes.set(name, new TinyQueue(kept, compareEntries))
    }
  }
}

function compareEntries(left: ReadyEntry, right: ReadyEntry): number {
  return (
    right.priority - left.priority || left.order - right.order || left.itemIndex - right.itemIndex
  )
}
