/** What a worker signs of the tasks that routers send it. */
import { hash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ProgramDigests } from '../../../src/execution/program-digests.ts'
import {
  assignmentOf,
  buildTaskServer,
  codeOf,
  leaseId,
  temporaryFolder
} from '../../support/build-task-server.ts'
import { buildOrder } from '../../support/build-proof.ts'
import { buildSigner } from '../../support/build-signer.ts'
import { openProof } from '../../../src/receipts/proof.ts'
import { sealOrder } from '../../../src/receipts/order.ts'
import { settle } from '../../support/settle.ts'
import { MeshError } from '../../../src/core/errors.ts'
import type { Assignment } from '../../../src/model/generated/commands-execute-task.ts'
import type { TaskServerBench } from '../../support/build-task-server.ts'
import type { OpenedProof } from '../../../src/receipts/proof.ts'

const TASK = { engine: 'javascript', source: 'function main () {}' }
const INPUT = `sha256:${'a'.repeat(64)}`
const router = buildSigner()

/** Sends a task as a router does, over a session. */
async function sendTask(
  { send, signer }: TaskServerBench,
  task: object = TASK,
  more: Partial<Assignment> = {}
) {
  const text = JSON.stringify(task)
  const { attempt, item, job_id, lease_id } = { ...assignmentOf(1), ...more }
  const facts = { attempt, item, job_id, lease_id, job_hash: hash('sha256', text) }
  const { base64: order } = await sealOrder(buildOrder(signer.peer, facts), router)
  const assignment = { ...assignmentOf(1), order, ...more }
  const context = { remotePeer: router.peer, bulk: Buffer.from(text) }
  const answer = send('EXECUTE_TASK', { task_data: task as never, assignment }, context)
  return { order, answer }
}

async function proofOf({
  answer,
  order
}: Awaited<ReturnType<typeof sendTask>>): Promise<OpenedProof> {
  const { result } = await answer
  return await openProof({ order, receipt: result?.receipt ?? '' })
}

test('a completed task has a receipt of what ran, of what, and what came of it', async () => {
  const bench = await buildTaskServer({ engine: 'javascript' })
  const inputs = [{ path: 'in.txt', from: `mesh:${INPUT}` }]
  const sent = await sendTask(bench, { task: TASK, inputs })
  await settle()
  bench.files.fetches[0]?.arrive()
  await settle()
  bench.clock.advance(40)
  bench.executor.running[0]?.end({ output: '{"a":1}' })
  const { receipt } = await proofOf(sent)
  expect(receipt.document).toMatchObject({
    attempt: 1,
    engine: { name: 'javascript', digest: hash('sha256', TASK.source) },
    inputs: [INPUT],
    item: 1,
    job_id: 'j-1',
    outcome: 'completed',
    result_hash: hash('sha256', '{"a":1}'),
    router: router.peer,
    usage: { wall_ms: 1 },
    worker: bench.signer.peer
  })
  const { ended_at_ms: endedAtMs, started_at_ms: startedAtMs } = receipt.document.worker_clock
  expect(endedAtMs - startedAtMs).toBe(40)
})

test('a failed task has one too, that says by what', async () => {
  const bench = await buildTaskServer()
  const sent = await sendTask(bench, { engine: 'builtin', name: 'noop' })
  await settle()
  bench.executor.running[0]?.end({ error: new MeshError('TASK_FAILED', 'it threw') })
  const { document } = (await proofOf(sent)).receipt
  expect(document).toMatchObject({ outcome: 'TASK_FAILED', engine: { program: 'noop' } })
  expect(document.result_hash).toBeUndefined()
})

test('who comes back for a result gets the same receipt again', async () => {
  const bench = await buildTaskServer()
  const { answer } = await sendTask(bench, { engine: 'builtin', name: 'noop' })
  await settle()
  bench.executor.running[0]?.end()
  const { result } = await answer
  const params = { lease_id: leaseId(1), log_from: 0 }
  const again = await bench.send('ATTACH_TASK', params, { remotePeer: router.peer })
  expect(again.result?.receipt).toBe(result?.receipt)
  expect(again.result?.receipt).toBeDefined()
})

test('a refusal has none', async () => {
  const bench = await buildTaskServer()
  bench.executor.refusal = new MeshError('OWNER_REFUSED', 'no')
  const { answer } = await sendTask(bench, { engine: 'builtin', name: 'noop' })
  expect(codeOf(await answer)).toBe('OWNER_REFUSED')
  expect((await answer).result?.receipt).toBeUndefined()
})

test.each<[string, string | undefined]>([
  ['without an order', undefined],
  ['with an order that is none', '!']
])('a task %s runs, and has none', async (_how, order) => {
  const bench = await buildTaskServer()
  const assignment = { ...assignmentOf(1), ...(order === undefined ? {} : { order }) }
  const task_data = { engine: 'builtin', name: 'noop' }
  const bulk = Buffer.from(JSON.stringify(task_data))
  const answer = bench.send('EXECUTE_TASK', { task_data, assignment }, { bulk })
  await settle()
  bench.executor.running[0]?.end()
  expect(await answer).toMatchObject({ bulk: 'null' })
  expect((await answer).result?.receipt).toBeUndefined()
})

test('a program is known by its content, for as long as its file stays as it is', async () => {
  const file = join(temporaryFolder(), 'program')
  const digests = new ProgramDigests()
  expect(await digests.of(file)).toBeUndefined()
  writeFileSync(file, 'one')
  expect(await digests.of(file)).toBe(hash('sha256', 'one'))
  expect(await digests.of(file)).toBe(hash('sha256', 'one'))
  writeFileSync(file, 'another')
  expect(await digests.of(file)).toBe(hash('sha256', 'another'))
})
