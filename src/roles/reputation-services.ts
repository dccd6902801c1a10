/** What the HTTP API asks of reputation, given by the keeper and its evidence. */
import { exportLines } from './reputation-export.ts'
import { toDetailedView, toReputationView } from './reputation-view.ts'
import type { ReputationKeeper } from './reputation-keeper.ts'
import type { ReputationServices } from '../http/services.ts'
import type { Signer } from '../receipts/signer.ts'

export function createReputationServices(
  keeper: ReputationKeeper,
  signer: Signer
): ReputationServices {
  const { evidence } = keeper
  const nowMs = (): number => keeper.nowMs()
  return {
    list: ({ after, limit }) => {
      const all = keeper.list()
      // One that has gone meanwhile has nobody after it.
      const start = after === undefined ? 0 : indexAfter(all, after)
      const rows = all.slice(start, start + limit)
      return rows.map((reputation) => toReputationView(keeper.ledger, reputation))
    },
    describe: async (peer, { asOfMs }) => {
      const atMs = asOfMs ?? nowMs()
      const ledger = asOfMs === undefined ? keeper.ledger : await evidence.ledgerAt(asOfMs)
      return toDetailedView(ledger, peer, atMs)
    },
    evidence: (peer, page) => evidence.page(peer, page),
    suspects: async (peer, { after, limit }) => {
      const { lastWrongMs = 0 } = keeper.ledger.recordOf(peer) ?? {}
      const rows = await evidence.suspects(peer, lastWrongMs)
      return rows.slice(after, after + limit)
    },
    export: ({ peer }) => exportLines({ evidence, nowMs, signer }, peer)
  }
}

function indexAfter(rows: readonly { peerId: string }[], peer: string): number {
  const index = rows.findIndex(({ peerId }) => peerId === peer)
  return index === -1 ? rows.length : index + 1
}
