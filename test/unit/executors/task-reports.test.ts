import { expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { TaskReports } from '../../../src/executors/sandbox/task-reports.ts'
import type { LogEntry, TaskProgress } from '../../../src/model/generated/commands-execute-task.ts'

function createReports(): {
  clock: FakeClock
  log: LogEntry[]
  progress: TaskProgress[]
  reports: TaskReports
} {
  const clock = new FakeClock()
  const log: LogEntry[] = []
  const progress: TaskProgress[] = []
  const reports = new TaskReports(clock, {
    onLog: (entry) => log.push(entry),
    onProgress: (report) => progress.push(report)
  })
  return { clock, log, progress, reports }
}

function write(reports: TaskReports, text: string, ms = 0, droppedBytes = 0): void {
  reports.log({ type: 'log', entries: [{ ms, stream: 'out', text }], droppedBytes })
}

it('passes on what keeps the bounds', () => {
  const { clock, log, progress, reports } = createReports()
  clock.advance(10)
  write(reports, 'a', 3)
  reports.progress({ type: 'progress', progress: { ratio: 0.5, text: 'half' } })
  expect(log).toEqual([{ ms: 3, stream: 'out', text: 'a' }])
  expect(progress).toEqual([{ ratio: 0.5, text: 'half' }])
  expect(reports.droppedBytes).toBe(0)
})

it('counts bytes, not characters, and passes on nothing after a gap', () => {
  const { log, reports } = createReports()
  write(reports, 'é'.repeat(LIMITS.logBytesMax / 2 - 1))
  write(reports, '€')
  write(reports, 'a', 0, 7)
  expect(log).toHaveLength(1)
  expect(reports.droppedBytes).toBe(3 + 1 + 7)
})

it('takes a log that fills its bound to the last byte', () => {
  const { log, reports } = createReports()
  write(reports, 'x'.repeat(LIMITS.logBytesMax - 1))
  write(reports, 'y')
  expect(log).toHaveLength(2)
  expect(reports.droppedBytes).toBe(0)
})

it('lets no time go back or run ahead', () => {
  const { clock, log, reports } = createReports()
  clock.advance(10)
  write(reports, 'a', 5)
  write(reports, 'b', 2)
  write(reports, 'c', 1e9)
  clock.advance(10)
  write(reports, 'd', 12)
  expect(log.map(({ ms }) => ms)).toEqual([5, 5, 10, 12])
})

it('ignores progress that comes faster than a host may send it', () => {
  const { clock, progress, reports } = createReports()
  const report = (): void => reports.progress({ type: 'progress', progress: { ratio: 0 } })
  for (let count = 0; count < 100; count += 1) report()
  expect(progress).toHaveLength(2)
  clock.advance(1_000)
  for (let count = 0; count < 100; count += 1) report()
  expect(progress).toHaveLength(22)
})
