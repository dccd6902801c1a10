/** The order of workers, and short sorted lists of the first of many without sorting all of them. */

/** Something that stands in the order of workers. */
export interface Ranked {
  tier: number
  /** Milliseconds. */
  cost: number
  peerId: string
}

/** Lower tier first, then less cost, then the peer id, so that no two workers are ever alike. */
export function isBefore(left: Ranked, right: Ranked): boolean {
  if (left.tier !== right.tier) return left.tier < right.tier
  if (left.cost !== right.cost) return left.cost < right.cost
  return left.peerId < right.peerId
}

/** Puts an item into a sorted list that keeps only the first `countMax`. */
export function insertSorted<T>(
  list: T[],
  item: T,
  countMax: number,
  isEarlier: (left: T, right: T) => boolean
): void {
  if (list.length >= countMax) {
    const last = list.at(-1)
    if (last === undefined || !isEarlier(item, last)) return
    list.pop()
  }
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isEarlier(item, list[middle] as T)) high = middle
    else low = middle + 1
  }
  list.splice(low, 0, item)
}
