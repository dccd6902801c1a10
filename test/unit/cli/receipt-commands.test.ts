/** Receipts on the command line: out of files that need no router, and by the jobs that a router knows. */
import { hash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RESULT_TEXT, buildProof } from '../../support/build-proof.ts'
import { buildSigner } from '../../support/build-signer.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import { startWithHome } from '../../support/api-with-home.ts'
import { temporaryFolder } from '../../support/build-task-server.ts'
import { writeProofs } from '../../../src/receipts/proof-file.ts'
import type { BuiltProof } from '../../support/build-proof.ts'
import type { Proof } from '../../../src/receipts/proof.ts'

function saved(content: readonly Proof[] | string, name = 'proof.json'): string {
  const file = join(temporaryFolder(), name)
  writeFileSync(file, typeof content === 'string' ? content : writeProofs(content))
  return file
}

const run = (...words: string[]) => runInProcess(words, {})
const verify = (file: string, ...flags: string[]) => run('receipt', 'verify', file, ...flags)
const view = ({ order, receipt, worker }: BuiltProof) => ({
  job_id: 'j-7m2k9x04tqhe',
  item: '0',
  attempt: 1,
  worker: worker.peer,
  order,
  receipt
})

test('a file alone says who ran what for whom', async () => {
  const proof = await buildProof()
  const { code, stdout } = await run('receipt', 'show', saved([proof]))
  expect(code).toBe(0)
  for (const word of [proof.worker.peer, proof.router.peer, 'completed', 'builtin noop', '2ms']) {
    expect(stdout).toContain(word)
  }
  const json = await run('receipt', 'show', saved([proof]), '--json')
  expect(JSON.parse(json.stdout)).toMatchObject([
    { receipt: proof.document, worker: proof.worker.peer, router: proof.router.peer }
  ])
})

test('verify is content with what is right, and with what is expected', async () => {
  const { order, receipt, router, worker } = await buildProof()
  const file = saved([{ order, receipt }])
  // As it was signed, with a line's end, and as people read it.
  for (const text of [RESULT_TEXT, `${RESULT_TEXT}\n`, '{\n  "answer": 42\n}\n']) {
    const flags = ['--worker', worker.peer, '--router', router.peer]
    // oxlint-disable-next-line no-await-in-loop
    const { code, stdout } = await verify(file, '--result', saved(text, 'result.json'), ...flags)
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'valid'])
  }
  const alone = await verify(saved([{ receipt }]))
  expect(alone).toMatchObject({ code: 0 })
  expect(alone.stdout).toContain('its order is not here')
})

test('verify knows a text as `job run` prints it', async () => {
  const text = 'two\nlines\n'
  const { order, receipt } = await buildProof({
    receipt: { result_hash: hash('sha256', JSON.stringify(text)) }
  })
  const file = saved([{ order, receipt }])
  for (const [kept, code] of [
    [`${text}\n`, 0],
    [text, 0],
    ['two lines\n', 1]
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await verify(file, '--result', saved(kept, 'result.txt'))).toMatchObject({ code })
  }
})

test('verify says what is wrong, and exits with 1', async () => {
  const proof = await buildProof()
  const other = await buildProof({ router: proof.router })
  const { order, receipt, worker } = proof
  const broken = Buffer.from(receipt, 'base64')
  broken[200] = (broken[200] ?? 0) ^ 1
  const stranger = buildSigner().peer
  const cases: [string, string[], string][] = [
    [saved([{ order, receipt: broken.toString('base64') }]), [], 'not validly signed by'],
    [saved([{ order, receipt: other.receipt }]), [], "the receipt's worker is"],
    [saved([proof]), ['--worker', stranger], `is ${worker.peer}, not ${stranger}`],
    [saved([proof]), ['--router', stranger], "the receipt's router is"],
    [saved([{ receipt }]), ['--router', proof.router.peer], 'it has signed nothing'],
    [saved([proof]), ['--result', saved('43', 'result.json')], 'not the one that was signed'],
    [saved([proof, { receipt: other.order }]), [], 'this is not a receipt']
  ]
  for (const [file, flags, why] of cases) {
    // oxlint-disable-next-line no-await-in-loop
    const { code, stdout } = await verify(file, ...flags)
    expect(code).toBe(1)
    expect(stdout).toContain('not valid: ')
    expect(stdout).toContain(why)
  }
  const json = await verify(saved([proof]), '--worker', stranger, '--json')
  expect(JSON.parse(json.stdout)).toMatchObject([
    { is_valid: false, proof: { worker: worker.peer } }
  ])
})

test.each([
  ['what is no JSON', 'receipt', 'RECEIPT_INVALID'],
  ['what is no receipt', '{"order":"AAAA"}', 'RECEIPT_INVALID']
])('%s is refused as a file', async (_what, text, code) => {
  const { stderr, ...rest } = await verify(saved(text))
  expect(rest.code).toBe(1)
  expect(stderr).toContain(code)
})

test('a file that is not there is not taken for a job', async () => {
  const { code, stderr } = await verify('./nowhere.json')
  expect([code, stderr]).toEqual([1, expect.stringContaining('FILE_NOT_FOUND')])
})

test('a job has the receipts of its attempts, or of the run whose result it has', async () => {
  const { env, services } = await startWithHome()
  const proof = await buildProof()
  services.receiptViews = [view(proof), { ...view(proof), reused_by: '7' }]
  const words = ['receipt', 'show', 'j-7m2k', '--item', '0', '--attempt', '1']
  const { stdout } = await runInProcess(words, { env })
  expect(services.calls).toEqual([['receipts', 'j-7m2k', { item: '0', attempt: 1, limit: 100 }]])
  expect(stdout).toContain('reused by')
  const file = join(temporaryFolder(), 'proof.json')
  expect((await runInProcess(['receipt', 'show', 'j-7m2k', '--out', file], { env })).code).toBe(0)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(
    [proof, proof].map(({ order, receipt }) => ({ receipt, order }))
  )
  expect((await verify(file)).code).toBe(0)
  services.receiptViews = []
  const none = await runInProcess(['receipt', 'verify', 'j-7m2k'], { env })
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('nothing was signed')])
})

test('a file of more receipts than anybody writes is refused before they are checked', async () => {
  const file = saved(Array.from({ length: 16_385 }, () => ({ receipt: '' })))
  const { code, stderr } = await verify(file)
  expect(code).toBe(1)
  expect(stderr).toContain('REQUEST_TOO_LARGE')
})
