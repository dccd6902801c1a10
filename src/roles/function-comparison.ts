/**
 * Has two results compared by a function of the mesh: as a job of the router's own, on a worker that returned neither
 * of them, a trusted one where there is one. It takes no longer than its job may.
 */
import { MeshError } from '../core/errors.ts'
import { parseDurationMs } from '../core/units.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Candidate } from '../selection/candidate.ts'
import type { FunctionQuestion } from './result-checks.ts'
import type { JobDocument } from '../model/job.ts'
import type { JobView } from '../model/generated/api-job.ts'
import type { Json } from '../core/json.ts'

export interface FunctionComparisonComponents {
  candidates: () => readonly Candidate[]
  submitterOf: (jobId: string) => string | undefined
  /**
   * Has a job run; resolves when it has ended, or as it is when the time is up.
   * @throws MeshError as submitting does; the signal's reason
   */
  run: (
    document: JobDocument,
    init: { submitter: string; parentId: string },
    options: AbortOptions & { timeoutMs: number }
  ) => Promise<JobView>
}

const TIMEOUTS = { queue: '1m', run: '1m', total: '2m' } as const
const KEEP = { result: '1h', logs: '1h' } as const

/** As many peers as a job may name. */
const JUDGES_MAX = 256

/** @throws MeshError VERIFY_FAILED where the function does not say; others, where asking again may help */
export async function compareByFunction(
  question: FunctionQuestion,
  { candidates, run, submitterOf }: FunctionComparisonComponents,
  { signal }: AbortOptions
): Promise<boolean> {
  const { jobId, name } = question
  const document = documentOf(question, judgesOf(question, candidates()))
  const init = { submitter: submitterOf(jobId) ?? jobId, parentId: jobId }
  const timeoutMs = parseDurationMs(TIMEOUTS.total, 'timeouts.total')
  const job = await run(document, init, { signal, timeoutMs }).catch((cause: unknown) => {
    const error = MeshError.from(cause)
    if (signal?.aborted === true || error.retryable) throw error
    throw failed(name, error.message, error)
  })
  if (job.state === 'completed' && typeof job.result === 'boolean') return job.result
  throw failed(name, `${job.id} ${endOf(job)}`)
}

/** Trusted workers that have the function and returned neither result; none, where anybody else has to do. */
function judgesOf({ name, voters }: FunctionQuestion, candidates: readonly Candidate[]): string[] {
  return candidates
    .filter(({ functions, tier }) => tier === 'trusted' && functions.includes(name))
    .map(({ peerId }) => peerId)
    .filter((peerId) => !voters.includes(peerId))
    .toSorted()
    .slice(0, JUDGES_MAX)
}

function documentOf(
  { jobId, left, name, right, voters }: FunctionQuestion,
  judges: readonly string[]
): JobDocument {
  const input = { left: valueOf(left.output), right: valueOf(right.output) }
  return {
    name: `compares results of ${jobId}`,
    task: { engine: 'function', name, input },
    where: judges.length === 0 ? { never: [...voters] } : { only: [...judges] },
    timeouts: TIMEOUTS,
    keep: KEEP
  }
}

/** It was checked to be JSON when it came. */
function valueOf(output: string | null): Json {
  return JSON.parse(output ?? 'null') as Json
}

function endOf({ error, result, state }: JobView): string {
  if (state === 'completed') return `returned ${JSON.stringify(result ?? null).slice(0, 80)}`
  return error === undefined ? `is still ${state}` : `failed: ${error.message}`
}

function failed(name: string, why: string, cause?: unknown): MeshError {
  return new MeshError('VERIFY_FAILED', `function ${name} could not compare two results: ${why}`, {
    path: 'verify.compare',
    hint: 'it gets {left, right} and returns true or false, on a worker that returned neither',
    cause
  })
}
