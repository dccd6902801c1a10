/** Lines for systemd's journal: told by the descriptor, and each with its severity. */
import { closeSync, fstatSync, openSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createLogger } from '../../../src/observe/logger.ts'
import { isJournal } from '../../../src/observe/journal.ts'

test('a descriptor is the journal when systemd named just that one', () => {
  const descriptor = openSync(import.meta.filename, 'r')
  const { dev, ino } = fstatSync(descriptor, { bigint: true })
  expect(isJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, descriptor)).toBe(true)
  expect(isJournal({ JOURNAL_STREAM: `${dev}:${ino + 1n}` }, descriptor)).toBe(false)
  expect(isJournal({}, descriptor)).toBe(false)
  closeSync(descriptor)
  expect(isJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, descriptor)).toBe(false)
})

test.each([true, false])('a line begins with its severity only there: %s', (journal) => {
  const lines: string[] = []
  const logger = createLogger({
    format: 'json',
    level: 'trace',
    isJournal: journal,
    write: (line) => lines.push(line)
  })
  for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) logger[level]('x')
  const severities = lines.map((line) => /^(?:<(\d)>)?\{"level":\d+/.exec(line)?.[1])
  expect(severities).toEqual(journal ? ['7', '7', '6', '4', '3'] : lines.map(() => undefined))
  expect(lines).toHaveLength(5)
})
