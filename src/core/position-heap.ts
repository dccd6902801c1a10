/**
 * A heap whose members know where they stand in it, so that one whose urgency has changed can be moved,
 * and any can be taken out, without a search.
 */

export interface Positioned {
  /** Kept by the heap that it is in. */
  position: number
}

export class PositionHeap<T extends Positioned> {
  readonly #isBefore: (left: T, right: T) => boolean
  readonly #members: T[] = []

  constructor(isBefore: (left: T, right: T) => boolean) {
    this.#isBefore = isBefore
  }

  /** The first of all. */
  peek(): T | undefined {
    return this.#members[0]
  }

  add(member: T): void {
    this.#members.push(member)
    this.#rise(member, this.#members.length - 1)
  }

  /** Takes out a member of this heap. */
  remove(member: T): void {
    const { position } = member
    const last = this.#members.pop()
    if (last === undefined || last === member) return
    this.#members[position] = last
    last.position = position
    this.moved(last)
  }

  /** To be called when a member of this heap has become more or less urgent. */
  moved(member: T): void {
    this.#rise(member, member.position)
    this.#sink(member, member.position)
  }

  #rise(member: T, from: number): void {
    let position = from
    while (position > 0) {
      const above = (position - 1) >> 1
      const parent = this.#members[above] as T
      if (!this.#isBefore(member, parent)) break
      this.#place(parent, position)
      position = above
    }
    this.#place(member, position)
  }

  #sink(member: T, from: number): void {
    let position = from
    for (;;) {
      const below = this.#firstBelow(position)
      if (below === undefined || !this.#isBefore(below, member)) break
      const next = below.position
      this.#place(below, position)
      position = next
    }
    this.#place(member, position)
  }

  #firstBelow(position: number): T | undefined {
    const left = this.#members[2 * position + 1]
    const right = this.#members[2 * position + 2]
    if (left === undefined || right === undefined) return left
    return this.#isBefore(right, left) ? right : left
  }

  #place(member: T, position: number): void {
    this.#members[position] = member
    member.position = position
  }
}
