/** Evidence and a disk that refuses: nothing is counted twice, nothing that was counted is forgotten. */
import { mkdir, mkdtemp, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { EvidenceLog } from '../../../src/roles/evidence-log.ts'
import { ReputationLedger } from '../../../src/reputation/ledger.ts'
import { replay } from '../../../src/reputation/evidence.ts'

const MIB = 1_048_576

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'evidence-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return join(folder, 'evidence')
}

async function openLog(folder: string, ledger: ReputationLedger): Promise<EvidenceLog> {
  const errors: string[] = []
  const logger = pino({ level: 'error' }, { write: (line: string) => void errors.push(line) })
  const log = new EvidenceLog(
    { logger, checkpoint: () => ledger.toDocument(1) },
    { folder, bytesMax: MIB }
  )
  const found = await log.recover()
  for (const entry of found?.entries ?? []) replay(ledger, entry)
  await log.open()
  onTestFinished(() => log.close())
  return log
}

function count(log: EvidenceLog, ledger: ReputationLedger, bytes: number): void {
  const outcome = { kind: 'completed', workerId: 'w', receipt: 'x'.repeat(bytes) } as const
  ledger.record(outcome, 1)
  log.append(outcome, 1)
}

async function successesOn(folder: string): Promise<number> {
  const log = new EvidenceLog(
    { logger: pino({ level: 'silent' }), checkpoint: () => new ReputationLedger().toDocument(0) },
    { folder, bytesMax: MIB }
  )
  const found = await log.recover()
  const ledger = ReputationLedger.fromDocument(found?.checkpoint)
  for (const entry of found?.entries ?? []) replay(ledger, entry)
  return ledger.of('w', 1).successCount
}

test('where the next segment cannot begin, the old one goes on', async () => {
  const folder = await createFolder()
  const ledger = new ReputationLedger()
  const log = await openLog(folder, ledger)
  // A folder in its place: no file can have that name.
  const blocker = join(folder, '00000002.jsonl')
  await mkdir(join(blocker, 'x'), { recursive: true })
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < 10; index += 1) count(log, ledger, 10_000)
    await log.flush()
  }
  expect(log.segments).toHaveLength(1)
  await rm(blocker, { recursive: true })
  expect(await successesOn(folder)).toBe(30)
  count(log, ledger, 10)
  await log.flush()
  expect(log.segments).toHaveLength(2)
  expect(await successesOn(folder)).toBe(31)
})

test('what would wait too long in memory is kept as sums', async () => {
  const folder = await createFolder()
  const ledger = new ReputationLedger()
  const log = await openLog(folder, ledger)
  for (let index = 0; index < 900; index += 1) count(log, ledger, 10_000)
  await log.flush()
  count(log, ledger, 10)
  await log.flush()
  expect(log.segments.length).toBeGreaterThan(1)
  expect(await successesOn(folder)).toBe(901)
})

test('a segment that is gone leaves the others readable', async () => {
  const folder = await createFolder()
  const ledger = new ReputationLedger()
  const log = await openLog(folder, ledger)
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < 15; index += 1) count(log, ledger, 10_000)
    await log.flush()
  }
  const [oldest] = log.segments
  await rename(oldest?.path ?? '', `${oldest?.path}.away`)
  await writeFile(join(folder, 'notes.txt'), 'not evidence')
  expect(await successesOn(folder)).toBe(45)
})

test.each<[string, (path: string) => Promise<unknown>]>([
  ['a folder', async (path) => await mkdir(path)],
  ['a link to what has no end', async (path) => await symlink('/dev/zero', path)],
  ['a link to nothing', async (path) => await symlink('/nowhere', path)],
  [
    'more than memory holds',
    async (path) => await writeFile(path, '').then(() => truncate(path, 6e8))
  ]
])('%s in the place of a segment is named, and not read', async (_, put) => {
  const folder = await createFolder()
  await mkdir(folder)
  const path = join(folder, '00000001.jsonl')
  await put(path)
  await expect(successesOn(folder)).rejects.toMatchObject({ code: 'STORE_FAILED', path })
})

test('after the last number of eight digits comes one of nine', async () => {
  const folder = await createFolder()
  const ledger = new ReputationLedger()
  const log = await openLog(folder, ledger)
  await log.close()
  await rename(join(folder, '00000001.jsonl'), join(folder, '99999999.jsonl'))
  const next = await openLog(folder, ledger)
  for (let index = 0; index < 15; index += 1) count(next, ledger, 10_000)
  await next.flush()
  expect(next.segments.map(({ number }) => number)).toEqual([99_999_999, 100_000_000])
  expect(await successesOn(folder)).toBe(15)
})

test('room for more than memory holds is filled by segments that it does hold', async () => {
  const folder = await createFolder()
  const ledger = new ReputationLedger()
  const checkpoint = (): ReturnType<ReputationLedger['toDocument']> => ledger.toDocument(1)
  const log = new EvidenceLog(
    { logger: pino({ level: 'silent' }), checkpoint },
    { folder, bytesMax: 100 * 1_024 * MIB }
  )
  await log.recover()
  await log.open()
  onTestFinished(() => log.close())
  for (let round = 0; round < 5; round += 1) {
    for (let index = 0; index < 7; index += 1) count(log, ledger, MIB)
    await log.flush()
  }
  expect(log.segments).toHaveLength(2)
  for (const { path } of log.segments) expect((await stat(path)).size).toBeLessThan(40 * MIB)
})
