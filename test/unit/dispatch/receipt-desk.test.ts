/** A router's own signatures, and what it makes of those of workers. */
import { hash } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { pino } from 'pino'
import { MeshError } from '../../../src/core/errors.ts'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
import { ReceiptChecker } from '../../../src/receipts/receipt-checker.ts'
import { ReceiptDesk } from '../../../src/dispatch/receipt-desk.ts'
import { buildAttempt } from '../../conformance/job-store-records.ts'
import { RESULT_TEXT, TASK_TEXT, buildOrder, buildProof } from '../../support/build-proof.ts'
import { buildSigner } from '../../support/build-signer.ts'
import { openOrder, orderBytes } from '../../../src/receipts/order.ts'
import type { OrderedTask, ReceiptClaim } from '../../../src/dispatch/ports.ts'
import type { ProofParts } from '../../support/build-proof.ts'

const router = buildSigner()
const worker = buildSigner()
const attempt = buildAttempt('j-1', 0, 1, { workerId: worker.peer })
const { job_hash: _hash, router: _router, ...facts } = buildOrder(worker.peer)
const task: OrderedTask = { ...facts, text: TASK_TEXT }
const checker = new ReceiptChecker()
afterAll(async () => await checker.stop())

const asFile = (file: string) => ({ name: 'a', file, size: 1, kind: 'file' })
const ANSWER: ReceiptClaim['answer'] = { bulk: RESULT_TEXT, result: {} }

function buildDesk() {
  const lines: Record<string, unknown>[] = []
  const logger = pino(
    { base: null },
    { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }
  )
  const store = new MemoryJobStore()
  const desk = new ReceiptDesk({ checker, logger, signer: router, store })
  const prove = async (parts: ProofParts, answer = ANSWER) => {
    const { receipt } = await buildProof({ router, worker, ...parts })
    return await desk.prove({ answer, attempt, order: desk.issue(task), receipt })
  }
  return { desk, lines, prove, store }
}

test('an order says what goes where, and is the same when it is made again', async () => {
  const { desk } = buildDesk()
  const { base64, expected } = await desk.issue(task)
  expect(await openOrder(orderBytes(base64))).toMatchObject({
    signer: router.peer,
    document: { ...facts, job_hash: hash('sha256', TASK_TEXT), router: router.peer },
    hash: expected.order_hash
  })
  expect((await buildDesk().desk.issue(task)).base64).toBe(base64)
})

test('a receipt that says what came is stored beside its order', async () => {
  const { lines, prove, store } = buildDesk()
  const proof = await prove({})
  expect(proof).toBeDefined()
  expect(await store.receipt('j-1', 0, 1)).toEqual(proof)
  expect(lines).toEqual([])
})

test('that of a failed task, and of a result in files', async () => {
  const { lines, prove } = buildDesk()
  const error = new MeshError('TASK_FAILED', 'it threw')
  const { result_hash: _result, ...rest } = (await buildProof()).document
  const { result: _none, ...failed } = { ...ANSWER, error }
  // What is undefined is not there once it is signed.
  const without = { result_hash: undefined } as never as Partial<typeof rest>
  expect(await prove({ receipt: { ...without, outcome: 'TASK_FAILED' } }, failed)).toBeDefined()
  const [file, output] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`]
  const result = { output_file: asFile(file), outputs: [asFile(output)] }
  const said = { ...without, result_file: file, outputs: [output] }
  expect(await prove({ receipt: said }, { result })).toBeDefined()
  expect(lines).toEqual([])
})

test.each<[string, ProofParts, string]>([
  ['by another worker', { worker: buildSigner() }, 'worker'],
  ['for another router', { router: buildSigner() }, 'router'],
  ['of another attempt', { order: { attempt: 2 } }, 'attempt'],
  ['of another order', { order: { issued_at_ms: 5 } }, 'order_hash'],
  ['of another task', { order: { job_hash: hash('sha256', 'x') } }, 'job_hash'],
  ['of another result', { receipt: { result_hash: hash('sha256', 'x') } }, 'result_hash'],
  ['of a failure', { receipt: { outcome: 'TASK_FAILED' } }, 'outcome'],
  ['of more than came', { receipt: { outputs: [`sha256:${'3'.repeat(64)}`] } }, 'outputs']
])('a receipt %s is dropped with a line in the log', async (_what, parts, why) => {
  const { lines, prove, store } = buildDesk()
  expect(await prove(parts)).toBeUndefined()
  expect(await store.receipt('j-1', 0, 1)).toBeUndefined()
  expect(lines).toEqual([
    expect.objectContaining({ msg: 'wrong receipt dropped', peer: worker.peer, count: 1 })
  ])
  expect(lines[0]?.['why']).toContain(why)
})

test('what is no receipt at all, or of an answer that is none, is dropped too', async () => {
  const { desk, lines } = buildDesk()
  const { receipt } = await buildProof({ router, worker })
  const claim = { attempt, order: desk.issue(task), receipt }
  for (const wrong of ['', 'AAAA', 'x'.repeat(20_000), `${receipt.slice(0, -8)}AAAAAAA=`]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is counted
    expect(await desk.prove({ ...claim, answer: ANSWER, receipt: wrong })).toBeUndefined()
  }
  const answer = { bulk: RESULT_TEXT, result: { outputs: 'none' } }
  expect(await desk.prove({ ...claim, answer })).toBeUndefined()
  const order = Promise.reject(new Error('its task is gone'))
  expect(await desk.prove({ ...claim, answer: ANSWER, order })).toBeUndefined()
  // Who is wrong again and again is told of ever less often.
  expect(lines.map(({ count }) => count)).toEqual([1, 2, 4])
  expect(lines[2]?.['msg']).toBe('wrong receipts again and again: dropped')
})

test('a router that ends leaves unproven what is not checked yet, and blames nobody', async () => {
  const { desk, lines, prove } = buildDesk()
  const { receipt } = await buildProof({ router, worker })
  const claim = { answer: ANSWER, attempt, order: desk.issue(task), receipt }
  const caught = desk.prove(claim)
  await checker.stop()
  expect(await caught).toBeUndefined()
  expect(await desk.prove(claim)).toBeUndefined()
  expect(lines).toEqual([])
  await checker.start()
  expect(await prove({})).toBeDefined()
})

test('many at once are checked in turn', async () => {
  const { desk, prove } = buildDesk()
  const { receipt } = await buildProof({ router, worker })
  const claim = { answer: ANSWER, attempt, order: desk.issue(task), receipt }
  const proofs = await Promise.all(Array.from({ length: 50 }, () => desk.prove(claim)))
  expect(proofs.filter((proof) => proof !== undefined)).toHaveLength(50)
  expect(await prove({})).toBeDefined()
})
