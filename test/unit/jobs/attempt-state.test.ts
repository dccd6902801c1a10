/** The life of one attempt: which of its states follow each other, and what its history tells. */
import { describe, expect, test } from 'vitest'
import { buildAttempt } from '../../conformance/job-store-records.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { stepAttempt } from '../../../src/jobs/attempt-state.ts'
import type { AttemptEvent } from '../../../src/jobs/attempt-state.ts'
import type { AttemptRecord, AttemptState } from '../../../src/jobs/records.ts'

const silence = new MeshError('SESSION_CLOSED', 'the link is gone').toData()
const OFFERED_AT = 1_000

function attemptIn(state: AttemptState, more: Partial<AttemptRecord> = {}): AttemptRecord {
  const history = [{ state, atMs: OFFERED_AT, by: 'w', reason: 'OFFERED' as const }]
  return buildAttempt('j-1', 0, 1, {
    state,
    workerId: 'w',
    offeredAtMs: OFFERED_AT,
    history,
    ...more
  })
}

const ended = (state: 'completed' | 'failed' | 'lost', ranMs?: number): AttemptEvent => ({
  kind: 'ended',
  state,
  error: state === 'completed' ? null : silence,
  usage: { wallMs: 5 },
  ranMs
})

function statesAfter(attempt: AttemptRecord, ...events: AttemptEvent[]): string[] {
  let next = attempt
  for (const [index, event] of events.entries()) next = stepAttempt(next, event, 2_000 + index)
  return next.history.map(({ state }) => state)
}

const ACCEPTED: AttemptEvent = { kind: 'reported', state: 'accepted' }
const RUNNING: AttemptEvent = { kind: 'reported', state: 'running' }
const SILENT: AttemptEvent = { kind: 'silent', error: silence }
const BACK: AttemptEvent = { kind: 'reconnected' }

test('goes its way, with a line for each step and who said so', () => {
  let attempt = attemptIn('offered')
  for (const event of [ACCEPTED, RUNNING, SILENT, BACK, ended('completed')]) {
    attempt = stepAttempt(attempt, event, 2_000)
  }
  expect(attempt.history.map(({ by, reason, state }) => [state, reason, by])).toEqual([
    ['offered', 'OFFERED', 'w'],
    ['accepted', 'ACCEPTED', 'w'],
    ['running', 'RUNNING', 'w'],
    ['unknown', 'SESSION_CLOSED', 'router'],
    ['running', 'RECONNECTED', 'w'],
    ['completed', 'COMPLETED', 'w']
  ])
  expect(attempt).toMatchObject({ state: 'completed', endedAtMs: 2_000, usage: { wallMs: 5 } })
})

describe('news that come twice or in another order', () => {
  test.each<[string, AttemptState, AttemptEvent]>([
    ['accepted after it runs', 'running', ACCEPTED],
    ['running twice', 'running', RUNNING],
    ['silent twice', 'unknown', SILENT],
    ['back without having been away', 'running', BACK]
  ])('change nothing: %s', (_, state, event) => {
    const attempt = attemptIn(state)
    expect(stepAttempt(attempt, event, 2_000)).toBe(attempt)
  })

  test.each<AttemptState>(['refused', 'completed', 'failed', 'timed_out', 'stopped', 'lost'])(
    'change nothing of one that is %s',
    (state) => {
      const attempt = attemptIn(state)
      for (const event of [ACCEPTED, RUNNING, SILENT, BACK, ended('completed'), ended('lost')]) {
        expect(stepAttempt(attempt, event, 2_000)).toBe(attempt)
      }
    }
  )

  test('still tell how far it is', () => {
    const attempt = attemptIn('running', { progress: { ratio: 0.1 } })
    const next = stepAttempt(
      attempt,
      { kind: 'reported', state: 'running', progress: { ratio: 0.5 } },
      2_000
    )
    expect(next.progress).toEqual({ ratio: 0.5 })
    expect(next.history).toBe(attempt.history)
    expect(stepAttempt(next, RUNNING, 2_000)).toBe(next)
  })
})

describe('a task that ended before it said that it began', () => {
  test('began as long ago as it says that it ran', () => {
    const attempt = stepAttempt(attemptIn('offered'), ended('completed', 300), 2_000)
    expect(attempt.history.map(({ atMs, state }) => [state, atMs])).toEqual([
      ['offered', OFFERED_AT],
      ['running', 1_700],
      ['completed', 2_000]
    ])
  })

  test('did not begin before it was offered, whatever the worker’s clock says', () => {
    const attempt = stepAttempt(attemptIn('offered'), ended('completed', 9_000), 2_000)
    expect(attempt.history[1]).toMatchObject({ state: 'running', atMs: OFFERED_AT })
  })

  test('has not begun if nothing is said of it', () => {
    expect(statesAfter(attemptIn('offered'), ended('lost'))).toEqual(['offered', 'lost'])
    expect(statesAfter(attemptIn('running'), ended('failed', 5))).toEqual(['running', 'failed'])
  })
})

describe('a worker that comes back too late', () => {
  const late: AttemptEvent = { kind: 'late', text: 'the result is not used' }

  test('is noted once, and changes no end', () => {
    const lost = attemptIn('lost')
    const noted = stepAttempt(lost, late, 2_000)
    expect(noted.state).toBe('lost')
    expect(noted.history.at(-1)).toEqual({
      state: 'lost',
      atMs: 2_000,
      by: 'w',
      reason: 'LATE_RESULT',
      text: 'the result is not used'
    })
    expect(stepAttempt(noted, late, 3_000)).toBe(noted)
  })

  test('is not late while its attempt is open', () => {
    const open = attemptIn('unknown')
    expect(stepAttempt(open, late, 2_000)).toBe(open)
  })
})

test('an attempt that flickers without end keeps its beginning and its end', () => {
  let attempt = attemptIn('running')
  for (let count = 0; count < 500; count += 1) {
    attempt = stepAttempt(stepAttempt(attempt, SILENT, 2_000 + count), BACK, 2_000 + count)
  }
  attempt = stepAttempt(attempt, ended('completed'), 9_000)
  expect(attempt.history).toHaveLength(64)
  expect(attempt.history[0]?.atMs).toBe(OFFERED_AT)
  expect(attempt.history.at(-1)).toMatchObject({ state: 'completed', atMs: 9_000 })
})

const FETCHING: AttemptEvent = { kind: 'reported', state: 'fetching' }
const PUBLISHING: AttemptEvent = { kind: 'reported', state: 'publishing' }

describe('a task with files', () => {
  test('fetches, runs and publishes', () => {
    const events = [FETCHING, RUNNING, PUBLISHING, ended('completed')]
    expect(statesAfter(attemptIn('offered'), ...events)).toEqual([
      'offered',
      'fetching',
      'running',
      'publishing',
      'completed'
    ])
  })

  test.each([FETCHING, PUBLISHING])('comes back as it was: $state', (event) => {
    const before = stepAttempt(attemptIn('offered'), event, 2_000)
    const back = stepAttempt(stepAttempt(before, SILENT, 2_001), BACK, 2_002)
    expect(back.state).toBe(before.state)
  })

  test('that is first heard of while it publishes has run', () => {
    expect(statesAfter(attemptIn('offered'), PUBLISHING)).toEqual(['offered', 'publishing'])
  })

  test('does not run again once it publishes', () => {
    expect(statesAfter(attemptIn('publishing'), RUNNING)).toEqual(['publishing'])
  })

  test('has run where it has ended before it said so', () => {
    expect(statesAfter(attemptIn('fetching'), ended('completed', 5))).toEqual([
      'fetching',
      'running',
      'completed'
    ])
    expect(statesAfter(attemptIn('fetching'), ended('failed'))).toEqual(['fetching', 'failed'])
  })

  test('leaves how far its inputs had come behind it, unless they are all there is to tell', () => {
    const progress = { ratio: 0.5, text: 'input 1MiB of 2MiB' }
    const fetching = attemptIn('fetching', { progress })
    const after = (event: AttemptEvent) => stepAttempt(fetching, event, 2_000).progress
    expect(after(RUNNING)).toBeNull()
    expect(after(ended('completed', 5))).toBeNull()
    expect(after(ended('failed'))).toEqual(progress)
  })
})
