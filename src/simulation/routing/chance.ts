/** Draws from the distributions that a simulated mesh is made of. */
import type { Random } from '../../core/random.ts'

export function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random.next()) * mean
}

/** With mean 0 and deviation 1. */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()))
  return radius * Math.cos(2 * Math.PI * random.next())
}

/** Pareto's law between two ends: most are short, and the few long ones are half of all work. */
export interface BoundedPareto {
  alpha: number
  min: number
  max: number
}

export function boundedPareto(random: Random, { alpha, max, min }: BoundedPareto): number {
  const [low, high] = [min ** alpha, max ** alpha]
  const draw = random.next()
  return ((high - draw * (high - low)) / (high * low)) ** (-1 / alpha)
}

export function meanOfBoundedPareto({ alpha, max, min }: BoundedPareto): number {
  const scale = min ** alpha / (1 - (min / max) ** alpha)
  return scale * (alpha / (alpha - 1)) * (min ** (1 - alpha) - max ** (1 - alpha))
}

/** One of several, each as likely as its share; the last one takes what rounding leaves. */
export function oneOf<T extends { share: number }>(random: Random, choices: readonly T[]): T {
  let draw = random.next()
  for (const choice of choices) {
    draw -= choice.share
    if (draw < 0) return choice
  }
  return choices.at(-1) as T
}

/** From 0 to 1, always the same for the same numbers: for chance that must not depend on what happened before. */
export function hashToUnit(first: number, second: number, third: number): number {
  let mixed =
    Math.imul(first, 0x9e3779b1) ^
    Math.imul(second + 7, 0x85ebca6b) ^
    Math.imul(third + 13, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
}
