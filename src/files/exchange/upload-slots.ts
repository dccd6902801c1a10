/**
 * Who is given pieces now. There are a few slots; whoever holds one long while others wait goes back into
 * the line, so that all get their turn. It knows no bytes and no streams. Pure.
 */

/** Long enough to get up to speed and to take some pieces. */
const TURN_MS = 20_000
/** A slot is kept so long for one that asks for nothing: its next request may be on its way. */
const IDLE_MS = 2_000

interface Holding {
  sinceMs: number
  /** When it was last seen to want something. */
  wantedAtMs: number
}

export class UploadSlots<T> {
  readonly #max: number
  readonly #onGranted: (member: T) => void
  readonly #onTaken: (member: T) => void
  readonly #holding = new Map<T, Holding>()
  readonly #waiting = new Set<T>()

  constructor(
    max: number,
    events: { onGranted: (member: T) => void; onTaken: (member: T) => void }
  ) {
    this.#max = max
    this.#onGranted = events.onGranted
    this.#onTaken = events.onTaken
  }

  get heldCount(): number {
    return this.#holding.size
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Somebody wants something. @returns whether it has a slot; otherwise it stands in line, and is told */
  want(member: T, nowMs: number): boolean {
    const held = this.#holding.get(member)
    if (held !== undefined) {
      held.wantedAtMs = nowMs
      return true
    }
    if (this.#holding.size >= this.#max) {
      this.#waiting.add(member)
      return false
    }
    this.#waiting.delete(member)
    this.#holding.set(member, { sinceMs: nowMs, wantedAtMs: nowMs })
    return true
  }

  /** It is gone. */
  leave(member: T, nowMs: number): void {
    this.#waiting.delete(member)
    if (this.#holding.delete(member)) this.#grant(nowMs)
  }

  /** Slots that nobody uses are given on, and one that was held long. @param isActive whether it has requests */
  turn(nowMs: number, isActive: (member: T) => boolean): void {
    for (const [member, held] of this.#holding) {
      if (isActive(member)) held.wantedAtMs = nowMs
      else if (nowMs - held.wantedAtMs >= IDLE_MS) this.#holding.delete(member)
    }
    const eldest = this.#eldest()
    const isFull = this.#holding.size >= this.#max
    if (eldest !== undefined && isFull && this.#waiting.size > 0) {
      const [member, { sinceMs }] = eldest
      if (nowMs - sinceMs >= TURN_MS) this.#passOn(member, nowMs)
    }
    this.#grant(nowMs)
  }

  #eldest(): [T, Holding] | undefined {
    return [...this.#holding].toSorted(([, left], [, right]) => left.sinceMs - right.sinceMs)[0]
  }

  #passOn(member: T, nowMs: number): void {
    this.#holding.delete(member)
    this.#onTaken(member)
    this.#grant(nowMs)
    this.#waiting.add(member)
  }

  #grant(nowMs: number): void {
    for (const member of this.#waiting) {
      if (this.#holding.size >= this.#max) return
      this.#waiting.delete(member)
      this.#holding.set(member, { sinceMs: nowMs, wantedAtMs: nowMs })
      this.#onGranted(member)
    }
  }
}
