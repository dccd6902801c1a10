/** The order of workers, and short sorted lists of the best of many without sorting all of them. */

/** Something that stands in the order of workers. */
export interface Ranked {
  tier: number
  score: number
  peerId: string
}

/** Lower tier first, then higher score, then the peer id, so that no two workers are ever alike. */
export function isBefore(left: Ranked, right: Ranked): boolean {
  if (left.tier !== right.tier) return left.tier < right.tier
  if (left.score !== right.score) return left.score > right.score
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
  let index = list.length
  while (index > 0 && isEarlier(item, list[index - 1] as T)) index -= 1
  list.splice(index, 0, item)
}
