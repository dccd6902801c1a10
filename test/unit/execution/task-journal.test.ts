/** The journal of a worker's tasks: what is on file when, what a new run makes of it, and that it stays small. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { TaskJournal } from '../../../src/execution/leases/task-journal.ts'
import { journalName, readEntries } from '../../../src/execution/leases/journal-entries.ts'
import { settle } from '../../support/settle.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { temporaryFolder } from '../../support/build-task-server.ts'
import type { JournalEntry, JournalName } from '../../../src/execution/leases/journal-entries.ts'

const name = (id: string, router = 'r'): JournalName =>
  journalName({ lease_id: id, router, job_id: 'j-"1"', item: 2, attempt: 3 })

function openJournal(folder: string, bytesMax?: number, clock = new FakeClock()) {
  const init = bytesMax === undefined ? { folder } : { folder, bytesMax }
  const journal = new TaskJournal({ clock, logger: silentLogger }, init)
  return { clock, journal, found: journal.open() }
}

const oldLine = (id: string, event: string, state: string): string =>
  `${JSON.stringify({ at_ms: new FakeClock().wallMs(), event, lease_id: id, router: 'r', job_id: 'j', item: 0, attempt: 1, state })}\n`

const fileOf = (folder: string): string => join(folder, 'tasks.journal')
const linesOf = (file: string): JournalEntry[] =>
  readEntries(readFileSync(file, 'utf8')).map(({ entry }) => entry)

test('a beginning is on file when its promise resolves, an end by the end of the turn', async () => {
  const folder = temporaryFolder()
  const { clock, journal } = openJournal(folder)
  const begun = Promise.all([journal.began(name('a')), journal.began(name('b'))])
  expect(readFileSync(fileOf(folder), 'utf8')).toBe('')
  await begun
  const entry = {
    at_ms: clock.wallMs(),
    event: 'began',
    lease_id: 'a',
    router: 'r',
    job_id: 'j-"1"',
    item: 2,
    attempt: 3,
    pid: process.pid
  }
  expect(linesOf(fileOf(folder))).toEqual([entry, { ...entry, lease_id: 'b' }])
  journal.note([{ name: name('a'), event: 'ended', state: 'completed' }])
  await settle()
  expect(linesOf(fileOf(folder)).at(-1)).toEqual({ ...entry, event: 'ended', state: 'completed' })
  expect(statSync(fileOf(folder)).mode & 0o077).toBe(0)
  journal.close()
  journal.close()
  await expect(journal.began(name('c'))).rejects.toMatchObject({ code: 'RESOURCES_UNAVAILABLE' })
})

test('a new run finds what began, what ended and what was let go of, but not what is settled', async () => {
  const folder = temporaryFolder()
  const { journal } = openJournal(folder)
  for (const id of ['a', 'b', 'c', 'd']) await journal.began(name(id))
  journal.note([
    { name: name('b'), event: 'ended', state: 'completed' },
    { name: name('c'), event: 'ended', state: 'TASK_FAILED' },
    { name: name('c'), event: 'dropped', state: 'released' },
    { name: name('d'), event: 'ended', state: 'completed' },
    { name: name('d'), event: 'dropped', state: 'expired' }
  ])
  // The same name of another router is another lease.
  await journal.began(name('c', 'other'))
  journal.close()
  const { found } = openJournal(folder)
  expect(found.map((entry) => [entry.lease_id, entry.router, entry.event])).toEqual([
    ['a', 'r', 'began'],
    ['b', 'r', 'ended'],
    ['d', 'r', 'dropped'],
    ['c', 'other', 'began']
  ])
})

test.each([
  ['torn', '{"at_ms":1,"event":"beg'],
  ['no JSON', 'hello\n'],
  ['of another shape', '{"at_ms":1,"event":"paused"}\n[]\nnull\n'],
  ['binary', '\u0000\u0001\uFFFD\n']
])('a line that is %s is left out, and the next one begins on its own', async (_what, damage) => {
  const folder = temporaryFolder()
  const first = openJournal(folder)
  await first.journal.began(name('a'))
  first.journal.close()
  writeFileSync(fileOf(folder), damage, { flag: 'a' })
  const second = openJournal(folder)
  expect(second.found.map((entry) => entry.lease_id)).toEqual(['a'])
  await second.journal.began(name('b'))
  expect(readFileSync(fileOf(folder), 'utf8').split('\n')).toHaveLength(3)
  expect(linesOf(fileOf(folder)).map((entry) => entry.lease_id)).toEqual(['a', 'b'])
})

test('compaction: a file that has grown is moved aside, and the new one begins with what is open', async () => {
  const folder = temporaryFolder()
  const { journal } = openJournal(folder, 4_000)
  await journal.began(name('long'))
  for (let index = 0; index < 40; index += 1) {
    const short = name(`s${index}`)
    await journal.began(short)
    journal.note([
      { name: short, event: 'ended', state: 'completed' },
      { name: short, event: 'dropped', state: 'released' }
    ])
    await settle()
    expect(statSync(fileOf(folder)).size).toBeLessThan(5_000)
  }
  expect(existsSync(`${fileOf(folder)}.1`)).toBe(true)
  expect(linesOf(fileOf(folder))[0]?.lease_id).toBe('long')
  journal.close()
  const { found } = openJournal(folder, 4_000)
  expect(found.map((entry) => entry.lease_id)).toEqual(['long'])
})

test('compaction: a new run takes over the lines of a day, and what is open among them', async () => {
  const folder = temporaryFolder()
  const old = openJournal(folder)
  await old.journal.began(name('old'))
  old.clock.advance(86_400_000)
  await old.journal.began(name('new'))
  old.journal.close()
  const clock = new FakeClock()
  clock.advance(86_400_001)
  const { found } = openJournal(folder, undefined, clock)
  expect(found.map((entry) => entry.lease_id)).toEqual(['new'])
  expect(linesOf(fileOf(folder)).map((entry) => entry.lease_id)).toEqual(['new'])
})

test('compaction: of many lines the newest stay, and those of open attempts', async () => {
  const folder = temporaryFolder()
  const settled = (id: string) => oldLine(id, 'began', '') + oldLine(id, 'dropped', 'released')
  const many = Array.from({ length: 100 }, (_, index) => settled(`s${index}`)).join('')
  writeFileSync(fileOf(folder), oldLine('open', 'began', '') + many)
  const { found } = openJournal(folder, 16_384)
  expect(found.map((entry) => entry.lease_id)).toEqual(['open'])
  const kept = linesOf(fileOf(folder))
  expect(kept[0]?.lease_id).toBe('open')
  expect(kept.at(-1)?.lease_id).toBe('s99')
  expect(statSync(fileOf(folder)).size).toBeLessThan(9_000)
})

test('what is open is bounded, the oldest is forgotten first', () => {
  const folder = temporaryFolder()
  const count = LIMITS.keptResultsMax + 10
  const at = new FakeClock().wallMs()
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      at_ms: at,
      event: 'began',
      lease_id: `l${index}`,
      router: 'r',
      job_id: 'j',
      item: 0,
      attempt: 1
    })
  )
  writeFileSync(fileOf(folder), `${lines.join('\n')}\n`)
  const { found } = openJournal(folder)
  expect(found).toHaveLength(LIMITS.keptResultsMax)
  expect(found[0]?.lease_id).toBe('l10')
})
