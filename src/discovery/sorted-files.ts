/**
 * Files in an order, of which pages are read while files come and go. Sorting waits until somebody reads,
 * and then only what is new is sorted and merged in: a hundred thousand files that come cost one pass.
 */

/** What files are sorted by. */
export interface FileMark {
  readonly id: string
  readonly name: string
}

export class SortedFiles<T extends FileMark> {
  readonly #compare: (left: FileMark, right: FileMark) => number
  #sorted: T[] = []
  readonly #added = new Set<T>()
  readonly #removed = new Set<T>()

  constructor(order: 'name' | 'id') {
    this.#compare = order === 'id' ? compareIds : compareNames
  }

  add(file: T): void {
    this.#added.add(file)
  }

  remove(file: T): void {
    if (!this.#added.delete(file)) this.#removed.add(file)
  }

  /** All that come after a place, which need not be a file's. Nothing may be added or removed meanwhile. */
  *after(place: FileMark): Generator<T, undefined> {
    this.#merge()
    const sorted = this.#sorted
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(sorted[middle] as T, place) > 0) high = middle
      else low = middle + 1
    }
    for (let index = low; index < sorted.length; index += 1) yield sorted[index] as T
  }

  #merge(): void {
    if (this.#added.size === 0 && this.#removed.size === 0) return
    const fresh = [...this.#added].toSorted(this.#compare)
    const merged: T[] = []
    let next = 0
    for (const file of this.#sorted) {
      if (this.#removed.has(file)) continue
      while (next < fresh.length && this.#compare(fresh[next] as T, file) < 0) {
        merged.push(fresh[next] as T)
        next += 1
      }
      merged.push(file)
    }
    this.#sorted = merged.concat(fresh.slice(next))
    this.#added.clear()
    this.#removed.clear()
  }
}

function compareIds(left: FileMark, right: FileMark): number {
  return left.id < right.id ? -1 : Number(left.id > right.id)
}

/** By code units, as ids are: the same everywhere, whatever the machine's language. */
function compareNames(left: FileMark, right: FileMark): number {
  if (left.name === right.name) return compareIds(left, right)
  return left.name < right.name ? -1 : 1
}
