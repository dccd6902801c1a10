/**
 * Chooses a worker for a task: hard rules, then room, then the least expected cost, then a draw among those
 * that are nearly as good. Pure: the same request, workers and circumstances give the same answer, in whatever
 * order the workers come. The record that explains it is put into words only when asked for.
 */
import { LIMITS } from '../core/limits.ts'
import { compileRequest } from './compile.ts'
import { completionMs, emptyCost, measureCost } from './cost.ts'
import { codeIn, explainPick, rowFor } from './explain.ts'
import { pickWorker } from './pick.ts'
import { summarise } from './summary.ts'
import type { Candidate, Circumstances, SelectionRequest } from './candidate.ts'
import type { CompiledRequest } from './compile.ts'
import type { Task } from './cost.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'
import type { Outlook } from './outlook.ts'

/** What is expected of the worker that was chosen, in milliseconds. */
export interface Expectation {
  runMs: number
  /** From now until its word is here. */
  totalMs: number
}

export interface Selection {
  chosenPeerId: string | undefined
  expected: Expectation | undefined
  /** Same words as `job plan`. `no_worker_fits` also when no worker is known. */
  outlook: Outlook
  /** Workers looked at, those that some rule refuses, and those that fit but have no room now. */
  consideredCount: number
  refusedCount: number
  fullCount: number
  /**
   * The full record, without `job_id`, `item` and `attempt`, which the caller adds.
   * @param listedMax how many workers it lists at most @default LIMITS.decisionCandidatesMax
   */
  explain(listedMax?: number): DecisionRecord
  /** Those that were looked at. */
  candidates: readonly Candidate[]
  /** The reason code of one of them, without words, and the words. */
  codeOf(candidate: Candidate): string
  reasonOf(candidate: Candidate): string
  /** One sentence for people: who could start it, or why nobody can. */
  summarise(): string
}

/** @throws MeshError FIELD_INVALID where the weights make no score */
export function selectWorker(
  request: SelectionRequest,
  candidates: readonly Candidate[],
  circumstances: Circumstances
): Selection {
  const compiled = compiledOf(request)
  const choice = pickWorker(compiled, candidates, circumstances, LISTED_MAX)
  const { canStart, chosen, fullCount, refusedCount } = choice
  return {
    chosenPeerId: chosen?.peerId,
    expected: chosen && expectationOf(compiled, chosen.candidate, circumstances),
    outlook: toOutlook(canStart, candidates.length - refusedCount),
    consideredCount: candidates.length,
    refusedCount,
    fullCount,
    explain: (listedMax = LISTED_MAX) => {
      // For a longer list all workers are looked at again, to the same end.
      const listed =
        listedMax > LISTED_MAX ? pickWorker(compiled, candidates, circumstances, listedMax) : choice
      const consideredCount = candidates.length
      return explainPick(compiled, listed, circumstances, { consideredCount, listedMax })
    },
    candidates,
    codeOf: (candidate) => codeIn(compiled, choice, candidate),
    reasonOf: (candidate) => rowFor({ compiled, choice, circumstances }, candidate).reason,
    summarise: () => summarise(compiled, candidates)
  }
}

const LISTED_MAX = LIMITS.decisionCandidatesMax

/** Most tasks of a job ask for the very same. */
const compiledRequests = new WeakMap<SelectionRequest, CompiledRequest>()

function compiledOf(request: SelectionRequest): CompiledRequest {
  const known = compiledRequests.get(request)
  if (known !== undefined) return known
  const compiled = compileRequest(request)
  compiledRequests.set(request, compiled)
  return compiled
}

function expectationOf(compiled: CompiledRequest, candidate: Candidate, task: Task): Expectation {
  const parts = emptyCost()
  measureCost(compiled, candidate, task, parts)
  return { runMs: parts.runMs, totalMs: completionMs(parts) }
}

function toOutlook(canStart: boolean, fittingCount: number): Outlook {
  if (canStart) return 'can_start'
  return fittingCount > 0 ? 'would_queue' : 'no_worker_fits'
}
