/** What of a log a reader gets: the rest, the last lines, one stream. */
import { describe, expect, test } from 'vitest'
import {
  cursorAfter,
  formatCursor,
  parseCursor,
  selectEntries,
  unseenOf
} from '../../../src/http/log-parts.ts'
import type { LogEntry, LogView } from '../../../src/model/generated/api-log.ts'

function logOf(...texts: (string | LogEntry)[]): LogView {
  const entries = texts.map((text) =>
    typeof text === 'string' ? { ms: 1, stream: 'out' as const, text } : text
  )
  return { job_id: 'j-1', item: '0', attempt: 2, from: 10, entries, is_complete: false }
}

function textsOf(log: LogView | undefined): string[] | undefined {
  return log?.entries.map(({ text }) => text)
}

describe('the last lines', () => {
  test.each<[string[], number, string[], number]>([
    [['a\nb\n', 'c\n'], 1, ['c\n'], 11],
    [['a\nb\n', 'c\n'], 2, ['b\n', 'c\n'], 10],
    [['a\nb\n', 'c\n'], 3, ['a\nb\n', 'c\n'], 10],
    [['a\nb\n', 'c\n'], 9, ['a\nb\n', 'c\n'], 10],
    [['a\nb\n', 'c\n'], 0, [], 12],
    [['a\n', 'begun'], 1, ['begun'], 11],
    [['a\n', 'be', 'gun'], 1, ['be', 'gun'], 11],
    [['a\n', '\n'], 1, ['\n'], 11],
    [[], 3, [], 10]
  ])('%j: the last %i are %j', (texts, tail, expected, from) => {
    const selected = selectEntries(logOf(...texts), { tail })
    expect([textsOf(selected), selected.from]).toEqual([expected, from])
  })

  test('of one stream, under the number that it has in the whole', () => {
    const log = logOf('a\n', { ms: 1, stream: 'err', text: 'oh\nno\n' }, 'b\n')
    const selected = selectEntries(log, { stream: 'err', tail: 1 })
    expect([textsOf(selected), selected.from]).toEqual([['no\n'], 11])
  })
})

describe('what was not seen yet', () => {
  test.each<[{ attempt: number; entry: number } | undefined, string[] | undefined]>([
    [undefined, ['a', 'b']],
    [{ attempt: 1, entry: 99 }, ['a', 'b']],
    [{ attempt: 2, entry: 5 }, ['a', 'b']],
    [{ attempt: 2, entry: 11 }, ['b']],
    [{ attempt: 2, entry: 12 }, []],
    [{ attempt: 2, entry: 99 }, []],
    [{ attempt: 3, entry: 0 }, undefined]
  ])('after %j it is %j', (cursor, expected) => {
    expect(textsOf(unseenOf(logOf('a', 'b'), cursor))).toEqual(expected)
  })

  test('a place is written and read', () => {
    const cursor = cursorAfter(logOf('a', 'b'))
    expect(formatCursor(cursor)).toBe('2:12')
    expect(parseCursor('2:12')).toEqual(cursor)
  })

  test.each(['', '7', '2:x', '2:1:1', '-1:2'])('%j is no place', (text) => {
    expect(() => parseCursor(text)).toThrow('none of a log')
  })
})
