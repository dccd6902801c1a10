/**
 * Who gets a task, among workers in order. Of the best few that are nearly equal it is one by chance, so that
 * routers which see the same do not all send to the same. Where nobody is to be preferred, it is one of all, each
 * as likely. Now and then it is a newcomer, of whom little is known, so that whoever is new can prove itself: at a
 * bounded rate, which is all that a flood of new identities can get while others are free. Where the task would
 * wait for the best, a newcomer with a free slot gets it: nobody stays idle while there is work. A recorded
 * decision is drawn again by the same code (replay.ts).
 */
import type { Ranked } from './ranking.ts'

/** So many tasks of all go to a newcomer, where others are proven. */
export const EXPLORATION_SHARE = 0.02
/** Workers whose costs differ by this share of the least are drawn about as often as each other. */
const SOFTNESS = 0.05

/** What the draw goes by. */
export interface Drawable extends Ranked {
  /** How long the task would wait there for a slot. */
  waitMs: number
}

export interface Drawn<T> {
  chosen: T | undefined
  /** Whether it was chosen because little is known of it. */
  isExploration: boolean
  /** The best few, best first. */
  pool: readonly T[]
  /** The chance of each of them; together with that of the newcomer they sum to 1. */
  chances: readonly number[]
  newcomerChance: number
}

export interface DrawInit<T> {
  /** By chance, from 0 (included) to 1 (excluded). It decides both: whether it is the newcomer, and else who. */
  draw: number
  /** How many of the best it is drawn from; `all`: from all of the first tier, each as likely. */
  pickCount: number | 'all'
  newcomer: T | undefined
}

/** @param ranked by `isBefore` */
export function drawFrom<T extends Drawable>(
  ranked: readonly T[],
  { draw, newcomer, pickCount }: DrawInit<T>
): Drawn<T> {
  const [best] = ranked
  const pool =
    best === undefined ? [] : firstOf(ranked, pickCount).filter(({ tier }) => tier === best.tier)
  const newcomerChance = newcomer === undefined ? 0 : chanceOfNewcomer(newcomer, best)
  const odds = pickCount === 'all' ? pool.map(() => 1) : oddsOf(pool)
  const chances = chancesOf(odds, 1 - newcomerChance)
  const isExploration = draw < newcomerChance
  const chosen = isExploration ? newcomer : pool[indexAt(chances, draw - newcomerChance)]
  return { chosen, isExploration, pool, chances, newcomerChance }
}

function chanceOfNewcomer({ waitMs }: Drawable, best: Drawable | undefined): number {
  return best !== undefined && best.waitMs > 0 && waitMs === 0 ? 1 : EXPLORATION_SHARE
}

function firstOf<T>(ranked: readonly T[], pickCount: number | 'all'): readonly T[] {
  return pickCount === 'all' ? ranked : ranked.slice(0, pickCount)
}

function oddsOf(pool: readonly Ranked[]): number[] {
  const least = pool[0]?.cost ?? 0
  return pool.map(({ cost }) => Math.exp(-excessOf(cost, least) / SOFTNESS))
}

function chancesOf(odds: readonly number[], sum: number): number[] {
  const oddsSum = odds.reduce((total, one) => total + one, 0)
  return odds.map((one) => (one / oddsSum) * sum)
}

/** Where the best costs nothing, whoever costs anything is infinitely worse. */
function excessOf(cost: number, least: number): number {
  if (least > 0) return cost / least - 1
  return cost > 0 ? Infinity : 0
}

function indexAt(chances: readonly number[], draw: number): number {
  let rest = draw
  let chosen = -1
  for (const [index, chance] of chances.entries()) {
    if (chance === 0) continue
    // Rounding may leave a rest after the last one; then the last one that had a chance it is.
    chosen = index
    rest -= chance
    if (rest < 0) break
  }
  return chosen
}
