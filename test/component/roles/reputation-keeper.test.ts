/** Reputation over restarts: the ledger is what its evidence on disk gives, whatever happens to either. */
import {
  appendFileSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { FailingStore } from '../../support/failing-store.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { ReputationKeeper } from '../../../src/roles/reputation-keeper.ts'
import { until } from '../../support/until.ts'
import { steadyTime } from '../../../src/core/clock.ts'
import type { AttemptOutcome } from '../../../src/reputation/outcomes.ts'

const MIB = 1_048_576

interface Home {
  folder: string
  store: FailingStore
  clock: FakeClock
  warnings: string[]
}

async function createHome(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'reputation-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return { folder, store: new FailingStore(), clock: new FakeClock(), warnings: [] }
}

/** Another life of the same router. */
async function live(home: Home, evidenceBytesMax = MIB): Promise<ReputationKeeper> {
  const { clock, folder, store, warnings } = home
  const stream = { write: (line: string) => void warnings.push(line) }
  const logger = pino({ level: 'warn' }, stream)
  const keeper = new ReputationKeeper(
    { store, clock, logger, nowMs: steadyTime(clock) },
    { folder, evidenceBytesMax }
  )
  await keeper.start()
  onTestFinished(() => keeper.stop())
  return keeper
}

function completed(itemIndex: number, about: Partial<AttemptOutcome> = {}): AttemptOutcome {
  const attempt = { jobId: 'j-1', itemIndex, attempt: 1 }
  return { kind: 'completed', workerId: 'w', latencyMs: 5, attempt, ...about } as AttemptOutcome
}

function segmentsOf({ folder }: Home): string[] {
  return readdirSync(join(folder, 'evidence'))
    .toSorted()
    .map((name) => join(folder, 'evidence', name))
}

async function entriesOf(keeper: ReputationKeeper): Promise<unknown[]> {
  return (await keeper.evidence.page('w', { limit: 1_000 })).entries
}

test('what was seen is known after a restart, even one without a goodbye', async () => {
  const home = await createHome()
  const first = await live(home)
  first.record(completed(0, { taskType: 'builtin:sum', receipt: 'c2lnbmVk' }))
  home.clock.advance(1_500)
  first.record({ kind: 'failed', workerId: 'w', blame: 'worker', code: 'RESULT_INVALID' })
  // What the timer writes within a second.
  expect(await entriesOf(first)).toHaveLength(2)
  const second = await live(home)
  expect(second.of('w')).toMatchObject({ successCount: 1, failureCount: 1, averageLatencyMs: 5 })
  expect(second.ledger.toDocument(0)).toEqual(first.ledger.toDocument(0))
  expect(await entriesOf(second)).toMatchObject([
    { kind: 'failed', code: 'RESULT_INVALID' },
    { kind: 'completed', task_type: 'builtin:sum', job: 'j-1', item: 0, receipt: 'c2lnbmVk' }
  ])
})

test('an outcome that comes again after a crash counts once', async () => {
  const home = await createHome()
  const first = await live(home)
  first.record(completed(0))
  await entriesOf(first)
  const second = await live(home)
  second.record(completed(0))
  expect(second.of('w').successCount).toBe(1)
})

test('a wrong result is on the disk before the next second', async () => {
  const home = await createHome()
  const first = await live(home)
  first.record({ kind: 'wrong', workerId: 'w' })
  const [path = ''] = segmentsOf(home)
  // No clock moves here: nobody but the record itself has it written.
  await until(
    'the wrong result to be written',
    () => readFileSync(path, 'utf8'),
    (text) => text.includes('"wrong"}\n')
  )
  const second = await live(home)
  expect(second.of('w')).toMatchObject({ tier: 'quarantined', strikes: 1 })
})

test('a line that was not written to its end is dropped, and said', async () => {
  const home = await createHome()
  const first = await live(home)
  first.record(completed(0))
  first.record(completed(1))
  await first.stop()
  const [path = ''] = segmentsOf(home)
  truncateSync(path, statSync(path).size - 5)
  const second = await live(home)
  expect(second.of('w').successCount).toBe(1)
  expect(home.warnings.join()).toContain('the last line of evidence was not complete')
  second.record(completed(2))
  await second.stop()
  expect((await live(home)).of('w').successCount).toBe(2)
})

test('what was left of a segment that was never complete is nothing', async () => {
  const home = await createHome()
  const first = await live(home)
  first.record(completed(0))
  await first.stop()
  writeFileSync(join(home.folder, 'evidence', '00000002.jsonl.new'), '{"version"')
  expect((await live(home)).of('w').successCount).toBe(1)
  expect(segmentsOf(home)).toHaveLength(1)
})

test('damage is refused by file and line, and nothing is written over', async () => {
  const home = await createHome()
  const first = await live(home)
  first.record(completed(0))
  await first.stop()
  const [path = ''] = segmentsOf(home)
  appendFileSync(path, '{"at_ms":1,"worker":"w","kind":"praised"}\n')
  const before = readFileSync(path, 'utf8')
  await expect(live(home)).rejects.toMatchObject({ code: 'STORE_FAILED', path })
  await expect(live(home)).rejects.toThrow('in line 3')
  expect(readFileSync(path, 'utf8')).toBe(before)
})

test('the note of an earlier version is where it begins, once', async () => {
  const home = await createHome()
  const worker = {
    peerId: 'w',
    good: 2,
    bad: 0,
    successCount: 3,
    failureCount: 0,
    latencyMsSum: 30,
    latencyCount: 3,
    firstSeenMs: 0,
    lastSeenMs: 0,
    lastChange: 'completed a task'
  }
  const text = JSON.stringify({ version: 1, workers: [worker] })
  await home.store.apply([{ kind: 'note', name: 'reputation', text }])
  const first = await live(home)
  expect(first.of('w').successCount).toBe(3)
  first.record(completed(0))
  await first.stop()
  expect((await live(home)).of('w').successCount).toBe(4)
})

test('a note that cannot be read is no reason to begin with nothing', async () => {
  const home = await createHome()
  await home.store.apply([{ kind: 'note', name: 'reputation', text: '{"version":99}' }])
  await expect(live(home)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  expect(segmentsOf(home)).toEqual([])
})

test('the oldest evidence goes, and its sums stay; as it was is known as far as it goes', async () => {
  const home = await createHome()
  const { clock } = home
  const first = await live(home)
  const startMs = clock.wallMs()
  const receipt = 'x'.repeat(8_000)
  for (let index = 0; index < 300; index += 1) {
    clock.advance(1)
    first.record(completed(index, { receipt }))
    if (index % 15 === 0) await entriesOf(first)
  }
  const bytes = (await entriesOf(first), segmentsOf(home)).reduce(
    (sum, path) => sum + statSync(path).size,
    0
  )
  expect(bytes).toBeLessThanOrEqual(MIB)
  const { entries, next } = await first.evidence.page('w', { limit: 10 })
  expect(entries).toMatchObject([{ item: 299 }, {}, {}, {}, {}, {}, {}, {}, {}, { item: 290 }])
  const page = await first.evidence.page('w', { limit: 1_000, after: next })
  expect(page.entries[0]).toMatchObject({ item: 289 })
  expect(page.next).toBeUndefined()
  expect(page.entries.length).toBeLessThan(140)
  const then = await first.evidence.ledgerAt(startMs + 250)
  expect(then.of('w', startMs + 250).successCount).toBe(250)
  await expect(first.evidence.ledgerAt(startMs)).rejects.toMatchObject({
    code: 'FIELD_INVALID',
    path: 'as_of'
  })
  await first.stop()
  const second = await live(home)
  expect(second.of('w').successCount).toBe(300)
  expect(second.ledger.toDocument(0)).toEqual(first.ledger.toDocument(0))
})

test('after a wrong result the unverified ones of the day before it are suspect', async () => {
  const home = await createHome()
  const keeper = await live(home)
  const { clock } = home
  keeper.record(completed(0))
  clock.advance(25 * 3_600_000)
  for (const index of [1, 2, 3]) keeper.record(completed(index))
  keeper.record(completed(2, { kind: 'right' }))
  keeper.record(completed(3, { kind: 'wrong' }))
  clock.advance(1)
  keeper.record(completed(4))
  const { lastWrongMs = 0 } = keeper.ledger.recordOf('w') ?? {}
  expect(await keeper.evidence.suspects('w', lastWrongMs)).toMatchObject([{ item: 1 }])
  expect(await keeper.evidence.suspects('w', 0)).toEqual([])
})

test('a cursor that is none is refused', async () => {
  const keeper = await live(await createHome())
  const page = keeper.evidence.page('w', { limit: 1, after: 'x' })
  await expect(page).rejects.toMatchObject({ code: 'FIELD_INVALID', path: 'after' })
})
