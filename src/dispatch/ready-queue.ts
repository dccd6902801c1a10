/**
 * Items that wait for a worker, in lanes: one lane per kind of demand, so that items nobody can take
 * now do not stand before others that somebody could. Within a lane higher priority first, then older.
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

export class ReadyQueue {
  readonly #lanes = new Map<string, TinyQueue<ReadyEntry>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  push(laneName: string, entry: ReadyEntry): void {
    let lane = this.#lanes.get(laneName)
    if (lane === undefined) {
      lane = new TinyQueue<ReadyEntry>([], compare)
      this.#lanes.set(laneName, lane)
    }
    lane.push(entry)
    this.#size += 1
  }

  /** Names of the lanes that have entries, the one with the most urgent first entry first. */
  lanes(): string[] {
    if (this.#lanes.size === 1) return [...this.#lanes.keys()]
    return [...this.#lanes]
      .toSorted(([, left], [, right]) =>
        compare(left.peek() as ReadyEntry, right.peek() as ReadyEntry)
      )
      .map(([name]) => name)
  }

  peek(laneName: string): ReadyEntry | undefined {
    return this.#lanes.get(laneName)?.peek()
  }

  /** Takes the first entry of a lane. */
  pop(laneName: string): ReadyEntry | undefined {
    const lane = this.#lanes.get(laneName)
    const first = lane?.pop()
    if (lane === undefined || first === undefined) return undefined
    if (lane.length === 0) this.#lanes.delete(laneName)
    this.#size -= 1
    return first
  }
}

function compare(left: ReadyEntry, right: ReadyEntry): number {
  return (
    right.priority - left.priority || left.order - right.order || left.itemIndex - right.itemIndex
  )
}
