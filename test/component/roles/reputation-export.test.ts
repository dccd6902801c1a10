/** An export of reputation: what the router wrote, anyone can count again, and no letter of it can be changed unseen. */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { FailingStore } from '../../support/failing-store.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { ReceiptDigests } from '../../../src/reputation/receipt-digests.ts'
import { ReputationKeeper } from '../../../src/roles/reputation-keeper.ts'
import { buildProof } from '../../support/build-proof.ts'
import { buildSigner } from '../../support/build-signer.ts'
import { exportLines, verifyExport } from '../../../src/roles/reputation-export.ts'
import { EXPORT_LINE_BYTES_MAX } from '../../../src/reputation/recount.ts'
import { sealExperience } from '../../../src/discovery/experience.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import type { AttemptOutcome } from '../../../src/reputation/outcomes.ts'
import type { ReceiptDigest } from '../../../src/reputation/receipt-digests.ts'
import type { RecountReport } from '../../../src/reputation/recount.ts'

const router = buildSigner()
const worker = buildSigner()
const cheat = buildSigner()

function outcome(
  kind: 'completed' | 'right' | 'wrong',
  workerId: string,
  about: { item: number; receipt?: string }
): AttemptOutcome {
  const attempt = { jobId: 'j-1', itemIndex: about.item, attempt: 1 }
  return { kind, workerId, attempt, latencyMs: 3.25, receipt: about.receipt }
}

async function receiptOf(signer: typeof worker, item: number, by = router): Promise<string> {
  const order = { job_id: 'j-1', item, attempt: 1 }
  return (await buildProof({ router: by, worker: signer, order })).receipt
}

/** A router that has seen some, and what it exports. */
async function exported(
  more: AttemptOutcome[] = [],
  of?: string
): Promise<{ text: string; keeper: ReputationKeeper }> {
  const folder = await mkdtemp(join(tmpdir(), 'export-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const clock = new FakeClock()
  const nowMs = (): number => Math.floor(clock.wallMs())
  const logger = pino({ level: 'silent' })
  const keeper = new ReputationKeeper(
    { store: new FailingStore(), clock, logger, nowMs },
    { folder, evidenceBytesMax: 1_048_576 }
  )
  await keeper.start()
  onTestFinished(() => keeper.stop())
  const outcomes = [
    outcome('completed', worker.peer, { item: 0, receipt: await receiptOf(worker, 0) }),
    outcome('right', worker.peer, { item: 0 }),
    outcome('completed', worker.peer, { item: 1, receipt: await receiptOf(worker, 1) }),
    { kind: 'failed', workerId: worker.peer, blame: 'worker', code: 'PEER_SILENT' } as const,
    outcome('completed', cheat.peer, { item: 2, receipt: await receiptOf(cheat, 2) }),
    outcome('wrong', cheat.peer, { item: 2 }),
    ...more
  ]
  for (const one of outcomes) {
    clock.advance(1_000)
    keeper.record(one)
  }
  clock.advance(3_600_000)
  const { evidence } = keeper
  let text = ''
  for await (const line of exportLines({ evidence, nowMs, signer: router }, of)) text += line
  return { text, keeper }
}

/** What the router says of its experience, as others hear it. */
async function wordOf(keeper: ReputationKeeper, by = router, atMs = 1): Promise<string> {
  const workers = [worker.peer, cheat.peer].map((peer_id) => {
    const { count, sha256, sinceMs } = keeper.receiptsOf(peer_id) as ReceiptDigest
    const receipts = { count, sha256, since_ms: sinceMs }
    return { peer_id, good: 1, bad: 0, receipts }
  })
  return await sealExperience({ seq: 1, at_ms: atMs, expires_ms: atMs, workers }, by)
}

async function verify(text: string, word?: string): Promise<RecountReport> {
  const folder = await mkdtemp(join(tmpdir(), 'verify-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'evidence.jsonl')
  await writeFile(file, text)
  return await verifyExport(file, word)
}

test('what was exported is what it says it is, and which of it workers have signed', async () => {
  const { keeper, text } = await exported()
  const report = await verify(text)
  expect(report).toMatchObject({ router: router.peer, lines: 9, findings: [] })
  const [first, second] = report.workers
  expect(first).toMatchObject({ worker: worker.peer, entries: 4, proven: 2, word: 2, earlier: 0 })
  expect(first).toMatchObject({ is_same: true, stated: keeper.of(worker.peer).reputation })
  expect(second).toMatchObject({ worker: cheat.peer, entries: 2, proven: 1, word: 1 })
})

test('each of its lines is of its schema', async () => {
  const { text } = await exported()
  const values = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  expect(values).toHaveLength(10)
  validatorFor('reputation-export')(values[0])
  validatorFor('evidence-checkpoint')(values[1])
  for (const entry of values.slice(2, -2)) validatorFor('evidence-entry')(entry)
  validatorFor('reputation-export#/$defs/scores')(values.at(-2))
  validatorFor('reputation-export#/$defs/seal')(values.at(-1))
})

test('it may be of one worker', async () => {
  const { text } = await exported([], worker.peer)
  expect(text).not.toContain(cheat.peer)
  expect((await verify(text)).workers.map((one) => one.worker)).toEqual([worker.peer])
})

test('a changed, a left out and a moved line are found', async () => {
  const { text } = await exported()
  const lines = text.trimEnd().split('\n')
  const changed = text.replace('"latency_ms":3.25', '"latency_ms":3.26')
  expect((await verify(changed)).findings).toEqual(['the router has signed other lines than these'])
  const without = lines.toSpliced(5, 1).join('\n')
  expect((await verify(without)).findings).toEqual([
    'the router has signed other lines than these',
    expect.stringContaining(`the score of ${worker.peer} does not follow`)
  ])
  const moved = [...lines.slice(0, 2), lines[3], lines[2], ...lines.slice(4)].join('\n')
  expect((await verify(moved)).findings[0]).toBe('line 4 is out of its time')
})

test('a receipt of another worker, of another router or for the second time proves nothing', async () => {
  const borrowed = await receiptOf(cheat, 7)
  const foreign = await receiptOf(worker, 8, buildSigner())
  const again = await receiptOf(worker, 9)
  const { text } = await exported([
    outcome('completed', worker.peer, { item: 7, receipt: borrowed }),
    outcome('completed', worker.peer, { item: 8, receipt: foreign }),
    outcome('completed', worker.peer, { item: 9, receipt: again }),
    { ...outcome('completed', worker.peer, { item: 9 }), attempt: undefined, receipt: again }
  ])
  const { findings, workers } = await verify(text)
  expect(findings).toEqual([
    expect.stringContaining("line 9 has a receipt that proves nothing: the receipt's worker"),
    expect.stringContaining("line 10 has a receipt that proves nothing: the receipt's router"),
    'line 12 has a receipt that was there before'
  ])
  expect(workers.find((one) => one.worker === worker.peer)).toMatchObject({ entries: 8, proven: 3 })
})

test('it is held to what the router said before of the receipts that it had counted', async () => {
  const third = outcome('completed', worker.peer, { item: 3, receipt: await receiptOf(worker, 3) })
  const fourth = outcome('completed', worker.peer, { item: 4, receipt: await receiptOf(worker, 4) })
  const said = await exported([third])
  const word = await wordOf(said.keeper)
  expect(await verify(said.text, word)).toMatchObject({ held: 2, findings: [] })
  // More of them by then is no contradiction; fewer, and others, are.
  const more = await exported([third, fourth])
  expect(await verify(more.text, word)).toMatchObject({ held: 2, findings: [] })
  for (const other of [[], [fourth]]) {
    const { text } = await exported(other)
    expect((await verify(text, word)).findings).toEqual([
      `the receipts of ${worker.peer} are not those that the router had counted`
    ])
  }
  const foreign = await wordOf(said.keeper, buildSigner())
  expect((await verify(said.text, foreign)).findings).toEqual([
    expect.stringContaining('of another router')
  ])
  const late = await wordOf(said.keeper, router, said.keeper.nowMs() + 1)
  expect((await verify(said.text, late)).findings).toEqual([
    'the experience is of a time after the export'
  ])
})

test('a chain of receipts begins anew after an hour', () => {
  const digests = new ReceiptDigests()
  digests.add('w', 'first', 5)
  digests.add('w', 'second', 3_600_004)
  expect(digests.of('w')).toMatchObject({ sinceMs: 5, count: 2 })
  digests.add('w', 'third', 3_600_005)
  expect(digests.of('w')).toMatchObject({ sinceMs: 3_600_005, count: 1 })
})

test('what another has signed, or another program has counted, is said', async () => {
  const { text } = await exported()
  const other = text.replace(`"router":"${router.peer}"`, `"router":"${cheat.peer}"`)
  expect((await verify(other)).findings).toContain('the router has signed other lines than these')
  const formulas = text.replace('"prior_good":4', '"prior_good":40')
  await expect(verify(formulas)).rejects.toThrow('another prior_good than this program has')
})

test.each(['', '{}\n{}\n', 'no JSON\n\n\n\n', '{"format":"taskmesh-reputation"}\n'])(
  'no export: %j',
  async (text) => {
    await expect(verify(text)).rejects.toMatchObject({ name: 'MeshError' })
  }
)

test('a file that is not there is said to be unreadable', async () => {
  await expect(verifyExport('/no/such/file')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
})

test('a task type may hold letters at which other readers of lines would cut', async () => {
  const odd = outcome('completed', worker.peer, { item: 3 })
  const { text } = await exported([{ ...odd, taskType: 'process:/a\u2028b\u2029c' }])
  expect(text).toContain('\u2028')
  expect((await verify(text)).findings).toEqual([])
})

test('a line without end is given up, and the process lives', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'verify-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'zeros.jsonl')
  await writeFile(file, '')
  // No disk is taken for it.
  await truncate(file, EXPORT_LINE_BYTES_MAX + 1_048_576)
  await expect(verifyExport(file)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
})

test.each([
  ['[['.repeat(10_000), 'line 2: JSON nests deeper than 64 levels'],
  ['{"version":2}', 'line 2: the stored reputation is damaged: at_ms']
])('a checkpoint that is none is named by its line: %#', async (wrong, message) => {
  const { text } = await exported()
  const lines = text.split('\n').with(1, wrong)
  await expect(verify(lines.join('\n'))).rejects.toMatchObject({
    code: 'FIELD_INVALID',
    message: expect.stringContaining(message) as string
  })
})
