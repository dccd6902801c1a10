/** A router's reputation without workers: always the same, in two pages where there are pages. */
import { Readable } from 'node:stream'
import type { EvidenceEntry } from '../../src/model/generated/evidence-entry.ts'
import type { ReputationServices } from '../../src/http/services.ts'
import type { ReputationView } from '../../src/model/generated/api-reputation.ts'

export interface FakeReputationParts {
  view: ReputationView
  entry: EvidenceEntry
  /** The first line of an export. */
  header: object
  /** Hears of every call. */
  note: (name: string, ...details: unknown[]) => void
}

export function fakeReputation({
  entry,
  header,
  note,
  view
}: FakeReputationParts): ReputationServices {
  return {
    list: (page) => {
      note('reputations', page)
      return [view]
    },
    describe: async (peer, which) => {
      note('reputation', peer, which)
      return view
    },
    evidence: async (peer, page) => {
      note('evidence', peer, page)
      return { entries: [entry], next: page.after === undefined ? '1-2' : undefined }
    },
    suspects: async (peer, page) => {
      note('suspects', peer, page)
      return [entry]
    },
    export: (which) => {
      note('export', which)
      return Readable.from([`${JSON.stringify(header)}\n`, '{}\n'])
    }
  }
}
