/** What the harness draws from its seed: numbers in a range, one of several, now and then. */
import type { Random } from '../../src/core/random.ts'

/** A whole number from `min` to `max`, both included. */
export function drawInteger(random: Random, min: number, max: number): number {
  return min + Math.floor(random.next() * (max - min + 1))
}

export function drawOne<T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(random.next() * choices.length)] ?? choices[0]
}

/** One of several, each as often as its weight says. */
export function drawWeighted<T extends string>(
  random: Random,
  weights: Readonly<Record<T, number>>
): T {
  const entries = Object.entries(weights) as [T, number][]
  let left = random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [choice, weight] of entries) {
    left -= weight
    if (left < 0) return choice
  }
  throw new Error('there is nothing to draw from')
}

export function drawIf(random: Random, chance: number): boolean {
  return random.next() < chance
}
