/**
 * When two tasks are equal: when all that can decide about their results is. The key is a hash over that,
 * and over what the job demands of the worker whose word it takes. Pure.
 *
 * A task of engine `javascript` or `wasm` that names no seed has one of its own job, and starts its clock
 * when that was submitted; neither is in the key, or no two tasks would be equal. Who needs certain random
 * numbers names a seed, which is.
 */
import { createHash } from 'node:crypto'
import { canonicalJson } from '../core/json.ts'
import { inputsOfItem, withPlainProgram } from '../model/job-inputs.ts'
import { taskOfItem } from '../model/job.ts'
import type { JobDocument, JobPlan } from '../model/job.ts'

/** Changes whenever equal tasks could come to other results than before. */
const VERSION = 1

interface Asked {
  /** Nobody takes the word of workers that somebody else has chosen. */
  submitter: string
  plan: Pick<JobPlan, 'hasNetwork' | 'resources'>
}

/** @param document as it is to be run: what was asked for by other names has become files of the mesh */
export function resultKey(
  document: JobDocument,
  index: number,
  { plan, submitter }: Asked
): string {
  const { outputs = [], verify, where = {} } = document
  // Wishes about speed: they say nothing of whom it trusts.
  const { max_latency_ms: _latency, prefer: _wishes, ...demands } = where
  const decisive = {
    version: VERSION,
    submitter,
    task: withPlainProgram(taskOfItem(document, index)),
    inputs: inputsOfItem(document, index).toSorted(byPath),
    outputs: outputs.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
    resources: plan.resources,
    hasNetwork: plan.hasNetwork,
    demands,
    // What fewer had to agree on is not what was asked for.
    verify: verify?.mode === 'none' ? undefined : verify
  }
  return createHash('sha256').update(canonicalJson(decisive)).digest('hex')
}

function byPath(left: { path: string }, right: { path: string }): number {
  return left.path < right.path ? -1 : 1
}
