/**
 * How much the experience of other routers counts. Only of how dependable a worker is, never of whether its results
 * are right: that one sees for oneself. Each router is believed as far as it agrees with what was seen here,
 * what it says of a worker weighs no more than the ledger lets all of them together add, so that nobody outweighs the
 * others by claiming more: even many liars move little, and soon nothing.
 */
import { assert } from '../core/assert.ts'
import { boundImport } from './reputation.ts'
import type { Imported } from './reputation.ts'
import type { Service } from './score.ts'

/** What a router says that it has itself seen of workers. */
export interface Claims {
  router: string
  workers: ReadonlyMap<string, Service>
}

/** Agreement is measured on so many workers at least. */
const COMMON_MIN = 5
/** Of which both have seen so much. */
const EVIDENCE_MIN = 5
/** Who agrees no better than this is not believed at all. */
const AGREEMENT_MIN = 0.7
/** Of one with whom nothing is common: half, which costs little as all of it is bounded. */
const CREDIBILITY_UNKNOWN = 0.5

/** How far a router is believed, 0 to 1, by what it says of workers that are known here. */
export function credibilityOf(
  claims: ReadonlyMap<string, Service>,
  ownOf: (worker: string) => Service
): number {
  let squares = 0
  let common = 0
  for (const [worker, claim] of claims) {
    const own = ownOf(worker)
    if (!isTelling(own) || !isTelling(claim)) continue
    squares += (shareOf(own) - shareOf(claim)) ** 2
    common += 1
  }
  if (common < COMMON_MIN) return CREDIBILITY_UNKNOWN
  const agreement = 1 - Math.sqrt(squares / common)
  return Math.max(0, Math.min(1, (agreement - AGREEMENT_MIN) / (1 - AGREEMENT_MIN)))
}

/** What others' experience adds to the evidence of each worker that somebody speaks of, before it is bounded. */
export function weighClaims(
  books: Iterable<Claims>,
  ownOf: (worker: string) => Service
): Map<string, Imported> {
  const sums = new Map<string, Imported>()
  for (const { workers } of books) {
    const credibility = credibilityOf(workers, ownOf)
    for (const [worker, { bad, good }] of workers) {
      assert(good >= 0 && bad >= 0, 'claims are checked before they are weighed')
      const sum = sums.get(worker) ?? { fa: 0, fb: 0 }
      const { fa, fb } = boundImport({ fa: good, fb: bad })
      sum.fa += credibility * fa
      sum.fb += credibility * fb
      sums.set(worker, sum)
    }
  }
  return sums
}

function isTelling({ bad, good }: Service): boolean {
  return good + bad >= EVIDENCE_MIN
}

/** With one good and one bad on top, so that few tasks don't make for extremes. */
function shareOf({ bad, good }: Service): number {
  return (good + 1) / (good + bad + 2)
}
