/**
 * Chooses a worker for a task: hard rules, then room, then score, then a draw among the best. Pure: the
 * same request, workers, draw and time give the same answer, in whatever order the workers come.
 * The pick is cheap enough for each task; the record that explains it is built only when asked for.
 */
import { compileRequest } from './compile.ts'
import { explainPick } from './explain.ts'
import { pickWorker } from './pick.ts'
import { summarise } from './summary.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'
import type { Candidate, SelectionRequest } from './candidate.ts'
import type { Outlook } from './outlook.ts'

/** What was decided. It looks at the candidates again to explain itself, so ask before they change. */
export interface Selection {
  chosenPeerId: string | undefined
  /** Same words as `job plan`. `no_worker_fits` also when no worker is known. */
  outlook: Outlook
  /** Workers looked at, those that some rule refuses, and those that fit but have no room now. */
  consideredCount: number
  refusedCount: number
  fullCount: number
  /** The full record, without `job_id`, `item` and `attempt`, which the caller adds. */
  explain(): DecisionRecord
  /** One sentence for people: who could start it, or why nobody can. */
  summarise(): string
}

/**
 * @param draw from 0 (included) to 1 (excluded), by chance
 * @throws MeshError FIELD_INVALID where the weights make no score
 */
export function selectWorker(
  request: SelectionRequest,
  candidates: readonly Candidate[],
  draw: number,
  nowMs: number
): Selection {
  const compiled = compileRequest(request)
  const pick = pickWorker(compiled, candidates, draw)
  const { chosen, refusedCount, fullCount, canStart } = pick
  return {
    chosenPeerId: chosen?.peerId,
    outlook: toOutlook(canStart, candidates.length - refusedCount),
    consideredCount: candidates.length,
    refusedCount,
    fullCount,
    explain: () => explainPick(compiled, candidates, pick, { draw, nowMs }),
    summarise: () => summarise(compiled, candidates)
  }
}

function toOutlook(canStart: boolean, fittingCount: number): Outlook {
  if (canStart) return 'can_start'
  return fittingCount > 0 ? 'would_queue' : 'no_worker_fits'
}
