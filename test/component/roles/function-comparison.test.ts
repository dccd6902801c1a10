/** Results that a function of the mesh compares: whom it is asked of, with what, and what its end means. */
import { expect, it } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { checkJob, compileJob } from '../../../src/model/job.ts'
import { compareByFunction } from '../../../src/roles/function-comparison.ts'
import { buildCandidate } from '../../support/build-candidate.ts'
import { buildJobView } from '../../support/fake-api-services.ts'
import { NO_FILES } from '../../../src/jobs/records.ts'
import type { Candidate } from '../../../src/selection/candidate.ts'
import type { FunctionComparisonComponents } from '../../../src/roles/function-comparison.ts'
import type { FunctionQuestion } from '../../../src/roles/result-checks.ts'
import type { JobDocument } from '../../../src/model/job.ts'
import type { JobView } from '../../../src/model/generated/api-job.ts'

const PEERS = ['A', 'B', 'C', 'D'].map((letter) => `12D3KooW${letter.repeat(44)}`)
const [ALICE = '', BOB = '', CAROL = '', DAVE = ''] = PEERS

function resultOf(attempt: number, workerId: string, output: string): FunctionQuestion['left'] {
  return { attempt, workerId, output, files: NO_FILES, hasLog: false }
}

const QUESTION: FunctionQuestion = {
  jobId: 'j-1',
  name: 'same-face',
  left: resultOf(1, ALICE, '{"face":1}'),
  right: resultOf(2, BOB, '{"$job":"j-0"}'),
  voters: [ALICE, BOB]
}

function worker(peerId: string, more: Partial<Candidate> = {}): Candidate {
  const functions = ['same-face']
  return buildCandidate({ engines: ['function'], functions, tier: 'trusted', ...more, peerId })
}

interface Asked {
  document: JobDocument
  init: { submitter: string; parentId: string }
}

async function compare(
  candidates: readonly Candidate[],
  run: FunctionComparisonComponents['run']
): Promise<{ answer: boolean | MeshError; asked: Asked[] }> {
  const asked: Asked[] = []
  const components: FunctionComparisonComponents = {
    candidates: () => candidates,
    submitterOf: () => 'http',
    run: async (document, init, options) => {
      asked.push({ document, init })
      return await run(document, init, options)
    }
  }
  const answer = compareByFunction(QUESTION, components, {})
  return { answer: await answer.catch((cause: unknown) => cause as MeshError), asked }
}

function ended(part: Partial<JobView>): () => Promise<JobView> {
  return async () => buildJobView({ id: 'j-2', state: 'completed', ...part })
}

it('asks trusted workers that returned neither, in the name of whoever submitted the job', async () => {
  const mesh = [
    worker(ALICE),
    worker(DAVE),
    worker(CAROL),
    worker(BOB, { tier: 'probation' }),
    worker(`12D3KooW${'E'.repeat(44)}`, { functions: [] })
  ]
  const { answer, asked } = await compare(mesh, ended({ result: true }))
  expect(answer).toBe(true)
  expect(asked).toHaveLength(1)
  const [{ document, init } = {} as Asked] = asked
  expect(init).toEqual({ submitter: 'http', parentId: 'j-1' })
  expect(document.where).toEqual({ only: [CAROL, DAVE] })
  // What a result has in it is no reference to another job.
  const input = { left: { face: 1 }, right: { $job: 'j-0' } }
  expect(document.task).toEqual({ engine: 'function', name: 'same-face', input })
  expect(checkJob(document)).toEqual(document)
  expect(compileJob(document).timeouts.totalMs).toBe(120_000)
})

it('asks anybody else where nobody is trusted', async () => {
  const mesh = [worker(ALICE, { tier: 'probation' }), worker(CAROL, { tier: 'probation' })]
  const { answer, asked } = await compare(mesh, ended({ result: false }))
  expect(answer).toBe(false)
  expect(asked[0]?.document.where).toEqual({ never: [ALICE, BOB] })
})

it.each([
  ['returned "yes"', { result: 'yes' }],
  ['returned 4', { result: 4 }],
  ['is still running', { state: 'running' }],
  ['failed: no', { state: 'failed', error: new MeshError('TASK_FAILED', 'no').toData() }]
])('fails clearly where it %s', async (words, part) => {
  const { answer } = await compare([], ended(part as Partial<JobView>))
  expect(answer).toMatchObject({ code: 'VERIFY_FAILED', blame: 'job', path: 'verify.compare' })
  expect((answer as MeshError).message).toContain(words)
})

it('is asked again where the router could not run it just now', async () => {
  const full = await compare([], async () => await Promise.reject(new MeshError('QUEUE_FULL', 'x')))
  expect(full.answer).toMatchObject({ code: 'QUEUE_FULL' })
  const large = await compare([], async () => {
    throw new MeshError('REQUEST_TOO_LARGE', 'the task is too large')
  })
  expect(large.answer).toMatchObject({ code: 'VERIFY_FAILED' })
})
