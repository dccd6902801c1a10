/**
 * How peers behave: what each has done wrong, weighed and fading, and who is shut out for how long. Nothing
 * here touches the network; `door.ts` keeps those out whom this names. Peer ids cost nothing, so this stops
 * whoever misbehaves under one name; `door.ts` bounds what many names from one address may do.
 */
import { LIMITS } from '../../core/limits.ts'
import { OFFENCES } from '../../protocol/offence.ts'
import type { Clock } from '../../core/clock.ts'
import type { Offence } from '../../protocol/offence.ts'

export interface ConductComponents {
  clock: Pick<Clock, 'monotonicMs'>
  /** Called once each time that a peer is shut out. */
  onShunned: (peer: string, offence: Offence, shunMs: number) => void
}

export interface ConductCounts {
  /** Since the start, by what was done. */
  offences: Partial<Record<Offence, number>>
  /** Times that a peer was shut out. */
  shuns: number
  /** Peers that are shut out now. */
  shunned: number
}

/** Who is shut out now. */
export interface Shunned {
  peer: string
  /** What it did last before that. */
  offence: Offence
  /** How much longer. */
  leftMs: number
}

interface Conducted {
  points: number
  pointsAtMs: number
  /** Times shut out, fading. */
  repeats: number
  shunnedUntilMs: number
  shunnedFor: Offence | undefined
}

/** Five broken frames within a minute, of which the first has faded a little by the fifth; two thousand refused requests. */
export const SHUN_POINTS = 95
export const POINTS_HALF_LIFE_MS = 10 * 60_000
/** The first time; doubled with each repeat. A program that is restarted after a mistake comes back soon. */
export const SHUN_MS_MIN = 60_000
export const SHUN_MS_MAX = 3_600_000
export const REPEATS_HALF_LIFE_MS = 3_600_000

export class Conduct {
  readonly #components: ConductComponents
  /** Those who did something lately, oldest first. */
  readonly #peers = new Map<string, Conducted>()
  readonly #offences: Partial<Record<Offence, number>> = {}
  #shunCount = 0

  constructor(components: ConductComponents) {
    this.#components = components
  }

  strike(peer: string, offence: Offence): void {
    this.#offences[offence] = (this.#offences[offence] ?? 0) + 1
    const nowMs = this.#components.clock.monotonicMs()
    const known = this.#peers.get(peer) ?? freshConduct(nowMs)
    // What was under way when it was shut out is counted, and no new reason.
    if (nowMs < known.shunnedUntilMs) return
    known.points = faded(known.points, nowMs - known.pointsAtMs, POINTS_HALF_LIFE_MS)
    known.points += OFFENCES[offence]
    known.pointsAtMs = nowMs
    this.#keep(peer, known, nowMs)
    if (known.points >= SHUN_POINTS) this.#shun(peer, known, offence)
  }

  isShunned(peer: string): boolean {
    const known = this.#peers.get(peer)
    return known !== undefined && this.#components.clock.monotonicMs() < known.shunnedUntilMs
  }

  /** Those who have to stay out for longest first. */
  shunned(): Shunned[] {
    const nowMs = this.#components.clock.monotonicMs()
    return [...this.#peers]
      .flatMap(([peer, { shunnedFor: offence, shunnedUntilMs }]) =>
        offence === undefined || nowMs >= shunnedUntilMs
          ? []
          : [{ peer, offence, leftMs: shunnedUntilMs - nowMs }]
      )
      .toSorted((left, right) => right.leftMs - left.leftMs)
  }

  counts(): ConductCounts {
    const shunned = this.shunned().length
    return { offences: { ...this.#offences }, shuns: this.#shunCount, shunned }
  }

  #shun(peer: string, known: Conducted, offence: Offence): void {
    const nowMs = known.pointsAtMs
    const sinceMs = Math.max(0, nowMs - known.shunnedUntilMs)
    known.repeats = faded(known.repeats, sinceMs, REPEATS_HALF_LIFE_MS)
    const shunMs = Math.min(SHUN_MS_MAX, SHUN_MS_MIN * 2 ** Math.round(known.repeats))
    known.repeats += 1
    known.points = 0
    known.shunnedUntilMs = nowMs + shunMs
    known.shunnedFor = offence
    this.#shunCount += 1
    this.#components.onShunned(peer, offence, shunMs)
  }

  /** The room is bounded: whoever did nothing for longest is forgotten first, those shut out last. */
  #keep(peer: string, known: Conducted, nowMs: number): void {
    this.#peers.delete(peer)
    this.#peers.set(peer, known)
    if (this.#peers.size <= LIMITS.conductPeersMax) return
    let [first] = this.#peers.keys()
    for (const [other, { shunnedUntilMs }] of this.#peers) {
      if (nowMs < shunnedUntilMs) continue
      first = other
      break
    }
    if (first !== undefined) this.#peers.delete(first)
  }
}

function freshConduct(nowMs: number): Conducted {
  return {
    points: 0,
    pointsAtMs: nowMs,
    repeats: 0,
    shunnedUntilMs: -Infinity,
    shunnedFor: undefined
  }
}

function faded(amount: number, passedMs: number, halfLifeMs: number): number {
  return amount === 0 ? 0 : amount * 2 ** (-passedMs / halfLifeMs)
}
