/** What a router shares with others of its experience: the exchange, joined to its ledger and its store. */
import { ExperienceExchange } from '../discovery/experience-exchange.ts'
import type { JobEngine } from './job-engine.ts'
import type { NodeCore } from './node-core.ts'
import type { RouterSettings } from '../config/settings.ts'

/** Which word of each router was the last. */
const NOTE = 'experience'

export function createExperienceExchange(
  core: NodeCore,
  { reputation, store }: Pick<JobEngine, 'reputation' | 'store'>,
  settings: Pick<RouterSettings, 'trustedRouters'>
): ExperienceExchange {
  const nowMs = (): number => reputation.nowMs()
  const ledger = {
    ownExperience: () =>
      reputation.list().map(({ peerId, quarantinedUntilMs }) => {
        const { bad, good } = reputation.ledger.evidenceOf(peerId, nowMs())
        const counts = reputation.ledger.recordOf(peerId)?.counts
        const [right, wrong] = [counts?.right ?? 0, counts?.wrong ?? 0]
        const receipts = reputation.receiptsOf(peerId)
        return { peerId, good, bad, right, wrong, quarantinedUntilMs, receipts }
      }),
    ownExperienceOf: (peer: string) => reputation.ledger.evidenceOf(peer, nowMs()),
    setImported: reputation.setImported.bind(reputation)
  }
  const note = {
    read: () => store.note(NOTE),
    write: (text: string) => store.apply([{ kind: 'note', name: NOTE, text }])
  }
  return new ExperienceExchange({ ...core, ledger, note, nowMs }, settings)
}
