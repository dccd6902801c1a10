/** Jobs with copies, and who says whose result is right: every task returns something else, so that chance does. */
import { MeshError } from '../../src/core/errors.ts'
import type { CheckAnswer, CheckQuestion, ResultChecks } from '../../src/dispatch/ports.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { Random } from '../../src/core/random.ts'
import type { SimClock } from './sim-clock.ts'

/** An answer takes up to so long. */
const ANSWER_MS_MAX = 50

export class SimChecks implements ResultChecks {
  readonly #random: Random
  readonly #world: SimClock

  constructor(random: Random, world: SimClock) {
    this.#random = random
    this.#world = world
  }

  /** What a job says of its copies. */
  someDocument(): Partial<JobDocument> {
    const route = { hedge: this.#chance(0.7) }
    if (this.#chance(0.6)) return { route }
    return { route, verify: { mode: this.#oneOf(['spot', 'quorum', 'adaptive'] as const) } }
  }

  async review({ openCount, results }: CheckQuestion): Promise<CheckAnswer> {
    await new Promise<void>((resolve) => {
      this.#world.after(this.#random.next() * ANSWER_MS_MAX, resolve)
    })
    if (results.length > 1 || this.#chance(0.3)) return this.#accept(results)
    if (openCount > 0) return { kind: 'wait' }
    if (this.#chance(0.05)) throw new MeshError('STORE_FAILED', 'the comparison failed')
    const error = new MeshError('VERIFY_UNDECIDED', 'they differ')
    if (this.#chance(0.05)) return { kind: 'undecided', error }
    return { kind: 'more', copies: [{ workers: [], groups: [], trust: 'any' }] }
  }

  groupsOf(): readonly string[] {
    return []
  }

  #accept(results: CheckQuestion['results']): CheckAnswer {
    const { attempt } = this.#oneOf(results)
    const others = results.flatMap((one) => (one.attempt === attempt ? [] : [one.attempt]))
    const wrong = this.#chance(0.5) ? [] : others
    const verified = { by: 'agreement', copies: results.length, agreed: 1 } as const
    return { kind: 'accept', attempt, right: [attempt], wrong, verified }
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  #oneOf<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random.next() * choices.length)] as T
  }
}
