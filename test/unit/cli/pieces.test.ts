/** The small parts of the job commands: progress, lines of logs, hints, the worst of several ends. */
import { describe, expect, test } from 'vitest'
import { worstExitCode } from '../../../src/cli/exit-codes.ts'
import { nextStep } from '../../../src/cli/job-hints.ts'
import { LogLines } from '../../../src/cli/log-lines.ts'
import { ProgressState } from '../../../src/cli/progress.ts'
import { buildJobView, buildLog } from '../../support/fake-api-services.ts'
import type { JobView } from '../../../src/model/generated/api-job.ts'
import type { LogEntry } from '../../../src/model/generated/api-log.ts'
import type { MeshEvent } from '../../../src/model/generated/api-event.ts'

function told(overrides: Partial<MeshEvent>): MeshEvent {
  return { number: 1, at_ms: 1, type: 'job:changed', job_id: 'j-1', ...overrides }
}

function entry(ms: number, text: string, stream: LogEntry['stream'] = 'out'): LogEntry {
  return { ms, stream, text }
}

function failed(code: string): Partial<JobView> {
  return { state: 'failed', error: { code, message: '' } }
}

describe('progress', () => {
  const COUNTS = { queued: 1, running: 0, completed: 2, failed: 1, stopped: 0, held: 0 }

  test('of an array: its ends, its troubles, and the words of a task', () => {
    const state = new ProgressState(4)
    expect([state.isKnown, state.share, state.figure]).toEqual([true, 0, '0/4'])
    state.take(told({ counts: COUNTS }))
    state.take(told({ type: 'attempt:progress', item: 'b', progress: { text: 'page 4' } }))
    expect([state.share, state.figure, state.note]).toEqual([
      0.75,
      '3/4',
      '  (1 failed)  b: page 4'
    ])
  })

  test('of a single task: what it says, and nothing before that', () => {
    const state = new ProgressState(1)
    expect(state.isKnown).toBe(false)
    expect(state.take(told({ state: 'running' }))).toBe(false)
    expect(state.take(told({ type: 'attempt:progress', progress: { ratio: 0.409 } }))).toBe(true)
    expect([state.isKnown, state.figure, state.note]).toEqual([true, '40%', ''])
  })

  test('that has ended says no more of how far it is', () => {
    const state = new ProgressState(1)
    state.take(told({ type: 'attempt:progress', progress: { ratio: 0.9, text: '2 s left' } }))
    expect([state.figure, state.note]).toEqual(['90%', '  2 s left'])
    state.take(told({ counts: { ...COUNTS, queued: 0, completed: 1, failed: 0 } }))
    expect([state.figure, state.note]).toEqual(['100%', ''])
  })
})

describe('lines of a log', () => {
  test('are put together from pieces, each stream for itself', () => {
    const lines: string[] = []
    const log = new LogLines(({ stream, text }) => void lines.push(`${stream} ${text}`))
    const entries = [entry(1, 'a\n\nb'), entry(1, 'oh', 'err'), entry(1, 'c\n')]
    log.add(buildLog({ is_complete: false, entries }))
    expect(lines).toEqual(['out a', 'out ', 'out bc'])
    log.add(buildLog({ entries: [] }))
    expect(lines.at(-1)).toBe('err oh')
    log.flush()
    expect(lines).toHaveLength(4)
  })

  test('have the time of their first piece', () => {
    const times: number[] = []
    const log = new LogLines(({ ms }) => void times.push(ms))
    const entries = [entry(1, 'a'), entry(2, 'b'), entry(3, 'c\nd\ne'), entry(4, '\n')]
    log.add(buildLog({ entries }))
    expect(times).toEqual([1, 3, 3])
  })
})

describe('what to do next', () => {
  test('of a task that is done: nothing', () => {
    expect(nextStep(buildJobView({ state: 'completed' }))).toBeUndefined()
  })

  test.each<[Partial<JobView>, string]>([
    [{ state: 'completed', item_count: 2 }, 'taskmesh job items'],
    [{ state: 'held', on_hold: true }, 'let it go on: taskmesh job release'],
    [{ state: 'held' }, 'try again: taskmesh job release'],
    [{ state: 'pending', needs: ['j-1'] }, 'taskmesh job describe j-1'],
    [{ state: 'pending' }, 'taskmesh job list --parent'],
    [{ state: 'queued' }, 'taskmesh node list'],
    [{ state: 'running' }, 'taskmesh job logs'],
    [{ state: 'stopped' }, 'taskmesh job rerun'],
    [failed('QUEUE_TIMED_OUT'), 'taskmesh job explain'],
    [failed('TASK_TIMED_OUT'), '--set timeouts.run='],
    [failed('TOTAL_TIMED_OUT'), '--set timeouts.total='],
    [failed('TASK_OUT_OF_MEMORY'), '--set resources.memory='],
    [failed('TASK_FAILED'), 'what it wrote'],
    [{ state: 'failed', item_count: 2 }, '--state failed']
  ])('%j', (job, expected) => {
    expect(nextStep(buildJobView(job))).toContain(expected)
  })
})

test.each([
  [[], 0],
  [[0, 0], 0],
  [[0, 4, 5], 5],
  [[130, 124, 2], 124],
  [[124, 3, 0], 3]
])('the worst of %j is %i', (codes, worst) => {
  expect(worstExitCode(codes)).toBe(worst)
})
