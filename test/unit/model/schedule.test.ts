/** When a job is to run: what is refused and in which words, and which moment comes next. */
import { expect, test } from 'vitest'
import { checkJob, compileJob } from '../../../src/model/job.ts'
import { nextFiringMs } from '../../../src/model/cron.ts'
import type { MeshError } from '../../../src/core/errors.ts'
import type { SchedulePlan } from '../../../src/model/schedule.ts'

function compile(schedule: unknown): SchedulePlan | undefined {
  return compileJob(checkJob({ task: { engine: 'builtin', name: 'noop' }, schedule })).schedule
}

test.each([
  [{ at: '2026-12-24 18:00' }, 'schedule.at', 'names no time zone', 'UTC'],
  [{ at: '2026-12-24T18:00:00' }, 'schedule.at', 'names no time zone', '+01:00'],
  [{ at: '2026-12-24' }, 'schedule.at', 'names no time zone', 'Z'],
  [{ at: 'tomorrow' }, 'schedule.at', 'not a moment', '2026-12-24T18:00:00Z'],
  [{ at: '2026-02-30T00:00:00Z' }, 'schedule.at', 'not a moment', ''],
  [{ at: '2026-12-24T25:00:00Z' }, 'schedule.at', 'not a moment', ''],
  [{ at: '2026-12-24T18:00:00Z', zone: 'UTC' }, 'schedule.zone', 'does not go', 'offset'],
  [{ at: '2026-12-24T18:00:00Z', missed: 'skip' }, 'schedule.missed', 'does not go', 'cron'],
  [{ cron: 'every day' }, 'schedule.cron', 'no cron line', 'minute hour day'],
  [{ cron: '61 * * * *' }, 'schedule.cron', '61', 'minute hour day'],
  [{ cron: '* * * *' }, 'schedule.cron', 'five fields', ''],
  [{ cron: '0 0 0 1 1 * 2099' }, 'schedule.cron', 'five fields', ''],
  [{ cron: '2026-01-01T00:00:00Z' }, 'schedule.cron', 'five fields', ''],
  [{ cron: '@reboot' }, 'schedule.cron', 'no cron line', ''],
  [{ cron: '0 0 30 2 *' }, 'schedule.cron', 'never fires', 'day'],
  [{ cron: '@daily', zone: 'Mars/Base' }, 'schedule.zone', 'not a time zone', 'Europe/Berlin'],
  [{ cron: '@daily', missed: 'twice' }, 'schedule.missed', 'one of once, skip', '']
])('%j is refused at %s', (schedule, path, message, hint) => {
  let error: MeshError | undefined
  try {
    compile(schedule)
  } catch (cause) {
    error = cause as MeshError
  }
  expect([error?.code, error?.path]).toEqual(['FIELD_INVALID', path])
  expect(error?.message).toContain(message)
  expect(error?.hint ?? '').toContain(hint)
})

test.each([
  ['2026-12-24T18:00:00Z', Date.UTC(2026, 11, 24, 18)],
  ['2026-12-24T18:00+01:00', Date.UTC(2026, 11, 24, 17)],
  ['2026-01-01T00:30:00.250+01:00', Date.UTC(2025, 11, 31, 23, 30, 0, 250)]
])('%s is one moment everywhere', (at, atMs) => {
  expect(compile({ at })).toEqual({ kind: 'at', atMs })
})

test('a schedule by cron has its documented defaults', () => {
  const cron = '30 3 * * *'
  const defaults = { zone: 'UTC', missed: 'once', overlap: 'skip' }
  expect(compile({ cron })).toEqual({ kind: 'cron', cron, ...defaults })
})

test.each([
  ['five fields', '30 3 * * *', '2026-01-01T03:30:00Z'],
  ['six with seconds', '15 30 3 * * *', '2026-01-01T03:30:15Z'],
  ['a word', '@hourly', '2026-01-01T01:00:00Z'],
  ['the last of the month', '0 0 L 2 *', '2026-02-28T00:00:00Z']
])('reads %s', (_what, cron, next) => {
  const afterMs = Date.UTC(2026, 0, 1)
  expect(nextFiringMs({ cron, zone: 'UTC' }, afterMs)).toBe(Date.parse(next))
})

test('what falls on a moment exactly has fired then', () => {
  const line = { cron: '* * * * *', zone: 'UTC' }
  const atMs = Date.UTC(2026, 0, 1, 0, 1)
  expect(nextFiringMs(line, atMs)).toBe(atMs + 60_000)
  expect(nextFiringMs(line, atMs - 1)).toBe(atMs)
})

test('keeps to the clocks of its zone when they change', () => {
  const line = { cron: '30 3 * * *', zone: 'Europe/Berlin' }
  const winter = nextFiringMs(line, Date.UTC(2026, 2, 27, 12)) as number
  const summer = nextFiringMs(line, winter) as number
  expect(new Date(winter).toISOString()).toBe('2026-03-28T02:30:00.000Z')
  expect(new Date(summer).toISOString()).toBe('2026-03-29T01:30:00.000Z')
})
