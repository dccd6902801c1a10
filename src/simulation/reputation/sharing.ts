/** Routers of a simulation tell each other what they have seen, and those of the attacker what suits it. */
import { NO_IMPORT } from '../../reputation/reputation.ts'
import { weighClaims } from '../../reputation/shared.ts'
import type { Claims } from '../../reputation/shared.ts'
import type { EvidenceRouter } from './evidence-router.ts'
import type { Fleet } from './fleet.ts'

/** What a lying router claims to have seen of each worker. */
export const CLAIMED_TASKS = 1_000

/** Each of the honest routers weighs what all others say. */
export function shareExperience(
  routers: readonly EvidenceRouter[],
  fleet: Fleet,
  liars: number,
  nowMs: number
): void {
  const books = [
    ...routers.map((router, index) => honestClaims(`router-${index}`, router, fleet, nowMs)),
    ...Array.from({ length: liars }, (_, index) => lyingClaims(`liar-${index}`, fleet))
  ]
  for (const [index, { ledger }] of routers.entries()) {
    const others = books.filter((book) => book !== books[index])
    const imported = weighClaims(others, (peerId) => ledger.evidenceOf(peerId, nowMs))
    for (const { peerId } of fleet.workers) {
      ledger.setImported(peerId, imported.get(peerId) ?? NO_IMPORT)
    }
  }
}

function honestClaims(
  name: string,
  { ledger }: EvidenceRouter,
  { workers }: Fleet,
  nowMs: number
): Claims {
  const entries = workers.map(({ peerId }) => [peerId, ledger.evidenceOf(peerId, nowMs)] as const)
  return { router: name, workers: new Map(entries) }
}

function lyingClaims(name: string, { workers }: Fleet): Claims {
  const entries = workers.map(({ isBad, peerId }) => {
    const claim = isBad ? { good: CLAIMED_TASKS, bad: 0 } : { good: 0, bad: CLAIMED_TASKS }
    return [peerId, claim] as const
  })
  return { router: name, workers: new Map(entries) }
}
