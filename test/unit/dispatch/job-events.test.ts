/** How often an array job's counts are told, and that its states always are. */
import { expect, test } from 'vitest'
import { pino } from 'pino'
import { buildItem, buildJob } from '../../conformance/job-store-records.ts'
import { EventLog } from '../../../src/observe/event-log.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { JobEvents } from '../../../src/dispatch/views/job-events.ts'
import type { JobRecord } from '../../../src/jobs/records.ts'
import type { MeshEvent } from '../../../src/model/generated/api-event.ts'

function setUp(): { clock: FakeClock; events: JobEvents; told: MeshEvent[] } {
  const clock = new FakeClock()
  const log = new EventLog({ logger: pino({ level: 'silent' }), nowMs: () => clock.wallMs() })
  const told: MeshEvent[] = []
  log.watch({}, (event) => void told.push(event))
  return { clock, events: new JobEvents({ clock, events: log }), told }
}

function arrayJob(state: JobRecord['state'], completed: number): JobRecord {
  const counts = { queued: 9 - completed, running: 1, completed, failed: 0, stopped: 0, held: 0 }
  return buildJob('j-a', { state, itemCount: 10, counts })
}

test('counts are told at once, then a few times a second, the last ones always', () => {
  const { clock, events, told } = setUp()
  for (const completed of [0, 1, 2, 3]) {
    const item = buildItem('j-a', completed, { state: 'completed' })
    events.changed(arrayJob('running', completed), { item, output: 'null', hasLog: false })
  }
  const counted = (): unknown[] =>
    told.filter(({ type }) => type === 'job:changed').map(({ counts }) => counts?.completed)
  expect(counted()).toEqual([0])
  expect(told.filter(({ type }) => type === 'item:ended')).toHaveLength(4)
  clock.advance(200)
  expect(counted()).toEqual([0, 3])
  clock.advance(1_000)
  expect(counted()).toEqual([0, 3])
  expect(clock.timerCount).toBe(0)
})

test('a new state is told at once, and an end leaves no timer', () => {
  const { clock, events, told } = setUp()
  events.changed(arrayJob('queued', 0))
  events.changed(arrayJob('running', 1))
  events.changed(arrayJob('running', 2))
  events.changed(arrayJob('completed', 10))
  expect(told.map(({ state, type }) => `${type} ${state}`)).toEqual([
    'job:changed queued',
    'job:changed running',
    'job:ended completed'
  ])
  expect(clock.timerCount).toBe(0)
})

test('of a job without items of its own every change is told', () => {
  const { events, told } = setUp()
  const job = buildJob('j-b', { state: 'running', itemCount: 1 })
  events.changed(job)
  events.changed(job)
  expect(told).toHaveLength(2)
})
