/** Workers whose results are really compared, and whose record really follows from what was found. */
import { ReputationLedger } from '../../src/reputation/ledger.ts'
import { seededRandom } from '../../src/core/random.ts'
import { VotedChecks } from '../../src/roles/result-checks.ts'
import { FakeWorkers } from './fake-workers.ts'
import type { AttemptOutcome } from '../../src/reputation/outcomes.ts'
import type { Candidate } from '../../src/selection/candidate.ts'
import type { FunctionQuestion } from '../../src/roles/result-checks.ts'
import type { Reputation } from '../../src/reputation/reputation.ts'

/** Any moment will do: nothing fades while a test looks. */
const NOW_MS = 1_800_000_000_000

export class JudgedWorkers extends FakeWorkers {
  /** Multiaddrs, by worker. */
  readonly addresses: Record<string, string[]> = {}
  /** What was counted, oldest first; the engine adds to it. */
  outcomes: readonly AttemptOutcome[] = []
  areSame: (question: FunctionQuestion) => Promise<boolean> = async () => false
  readonly checks: VotedChecks
  readonly #ledger = new ReputationLedger()
  #countedCount = 0

  constructor(seed = 1) {
    super()
    this.checks = new VotedChecks({
      random: seededRandom(seed),
      candidates: () => this.candidates(),
      standingOf: (workerId) => this.of(workerId),
      partyOf: (workerId) => ({
        workerId,
        owner: this.#labelsOf(workerId)['owner'],
        addresses: this.addresses[workerId] ?? []
      }),
      areSame: async (question) => await this.areSame(question)
    })
  }

  of(workerId: string): Reputation {
    for (const outcome of this.outcomes.slice(this.#countedCount)) {
      this.#ledger.record(outcome, NOW_MS)
    }
    this.#countedCount = this.outcomes.length
    return this.#ledger.of(workerId, NOW_MS)
  }

  /** Results were found right before. */
  trust(workerId: string, rightCount = 10): void {
    for (let count = 0; count < rightCount; count += 1) {
      this.#ledger.record({ kind: 'right', workerId }, NOW_MS)
    }
  }

  override candidates(): Candidate[] {
    return super.candidates().map((candidate) => {
      const { prospect, reputation, tier } = this.of(candidate.peerId)
      // The same object, as tasks on their way are counted in it.
      return Object.assign(candidate, { prospect, reputation, tier })
    })
  }

  #labelsOf(workerId: string): Candidate['labels'] {
    return super.candidates().find(({ peerId }) => peerId === workerId)?.labels ?? {}
  }
}
