/** How the bad workers of a simulation misbehave: when they crash, when they lie, and what they say then. */
import type { Random } from '../../core/random.ts'

export type Misdeed = 'crash' | 'wrong'

export type Attack =
  /** A share of its tasks, 0 to 1, at any time. */
  | { kind: 'steady'; misdeed: Misdeed; share: number }
  /** Good for a while, then all its tasks for a while, and so on. */
  | { kind: 'on-off'; misdeed: Misdeed; goodMs: number; badMs: number }
  /** So many tasks done well, and from then on none. */
  | { kind: 'patient'; misdeed: Misdeed; honestTasks: number }

/** What of a bad worker decides what it does next. */
export interface Villain {
  /** Where in its turns it begins, 0 to 1. */
  phase: number
  /** Tasks that it did well since it last joined. */
  honestTasks: number
}

/** What a bad worker does with its next task; undefined: it does it well. */
export function misdeedOf(
  attack: Attack,
  { honestTasks, phase }: Villain,
  nowMs: number,
  random: Random
): Misdeed | undefined {
  switch (attack.kind) {
    case 'steady':
      return attack.share >= 1 || random.next() < attack.share ? attack.misdeed : undefined
    case 'on-off': {
      const turnMs = attack.goodMs + attack.badMs
      return (nowMs + phase * turnMs) % turnMs >= attack.goodMs ? attack.misdeed : undefined
    }
    case 'patient':
      return honestTasks >= attack.honestTasks ? attack.misdeed : undefined
  }
}
