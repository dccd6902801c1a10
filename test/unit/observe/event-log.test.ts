/** The events that are remembered, and what a reader is told that was away. */
import { describe, expect, it } from 'vitest'
import { validatorFor } from '../../../src/model/validate.ts'
import { EventLog } from '../../../src/observe/event-log.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import type { MeshEvent } from '../../../src/model/generated/api-event.ts'

const checkEvent = validatorFor<MeshEvent>('api/event')

const STARTED_MS = 1_767_225_600_000

function start(keptMax = 4, nowMs = STARTED_MS): { log: EventLog; tick: () => void } {
  let atMs = nowMs
  const log = new EventLog({ nowMs: () => atMs, logger: silentLogger }, { keptMax })
  return {
    log,
    tick: () => {
      atMs += 1
    }
  }
}

function publish(log: EventLog, ...jobIds: string[]): void {
  for (const id of jobIds) log.publish({ type: 'job:changed', job_id: id, state: 'running' })
}

/** What a reader hears: the events, checked against their schema. */
function read(log: EventLog, which: Parameters<EventLog['watch']>[0]): MeshEvent[] {
  const events: MeshEvent[] = []
  log.watch(which, (event) => events.push(checkEvent(event)))
  return events
}

const jobsOf = (events: readonly MeshEvent[]): string =>
  events.map(({ job_id: jobId, type }) => jobId ?? type).join(' ')

describe('a watcher', () => {
  it('hears from now on, with numbers and times, and nothing once it has ended', () => {
    const { log, tick } = start()
    publish(log, 'j-1')
    const before = log.last
    const events: MeshEvent[] = []
    const unwatch = log.watch({}, (event) => events.push(event))
    tick()
    publish(log, 'j-2')
    unwatch()
    unwatch()
    publish(log, 'j-3')
    expect(events).toEqual([
      {
        number: before + 1,
        at_ms: STARTED_MS + 1,
        type: 'job:changed',
        job_id: 'j-2',
        state: 'running'
      }
    ])
  })

  it('gets first what came since the number that it names, then what comes', () => {
    const { log } = start()
    publish(log, 'j-1', 'j-2')
    const after = log.last
    publish(log, 'j-3', 'j-4')
    const events = read(log, { after })
    publish(log, 'j-5')
    expect(jobsOf(events)).toBe('j-3 j-4 j-5')
    const numbers = events.map(({ number }) => number)
    expect(numbers).toEqual([after + 1, after + 2, after + 3])
    expect(jobsOf(read(log, { after: log.last }))).toBe('')
  })

  it('of one job hears of that job alone', () => {
    const { log } = start()
    const after = log.last
    publish(log, 'j-1', 'j-2')
    const events = read(log, { after, jobId: 'j-2' })
    publish(log, 'j-1', 'j-2')
    log.publish({ type: 'node:joined', peer: 'p' })
    expect(jobsOf(events)).toBe('j-2 j-2')
  })

  it('may publish and watch from within', () => {
    const { log } = start()
    const seen: string[] = []
    log.watch({}, ({ job_id: jobId = '' }) => {
      seen.push(jobId)
      if (jobId === 'j-1') publish(log, 'j-2')
    })
    publish(log, 'j-1')
    expect(seen).toEqual(['j-1', 'j-2'])
  })

  it('that throws hears nothing more and harms no other, live or replayed', () => {
    const { log } = start()
    const after = log.last
    let calls = 0
    const fail = (): void => {
      calls += 1
      throw new Error('broken')
    }
    log.watch({}, fail)
    const others = read(log, {})
    publish(log, 'j-1', 'j-2')
    expect(calls).toBe(1)
    log.watch({ after }, fail)()
    publish(log, 'j-3')
    expect(calls).toBe(2)
    expect(jobsOf(others)).toBe('j-1 j-2 j-3')
  })
})

describe('a gap', () => {
  it('stands for what is no longer remembered, with the number before the oldest that is', () => {
    const { log } = start(3)
    const after = log.last
    publish(log, 'j-1', 'j-2', 'j-3')
    expect(jobsOf(read(log, { after }))).toBe('j-1 j-2 j-3')
    publish(log, 'j-4')
    const events = read(log, { after })
    expect(jobsOf(events)).toBe('gap j-2 j-3 j-4')
    expect(events[0]?.number).toBe(after + 1)
    expect(jobsOf(read(log, { after: after + 1 }))).toBe('j-2 j-3 j-4')
  })

  it('concerns those of one job as well', () => {
    const { log } = start(2)
    const after = log.last
    publish(log, 'j-1', 'j-2', 'j-2')
    expect(jobsOf(read(log, { after, jobId: 'j-1' }))).toBe('gap')
  })

  it('is what a reader hears that comes back after a restart, and then all of the new run', () => {
    const first = start().log
    publish(first, 'j-1', 'j-2')
    const { log } = start(4, STARTED_MS + 5_000)
    expect(log.last).toBeGreaterThan(first.last)
    expect(jobsOf(read(log, { after: first.last }))).toBe('gap')
    publish(log, 'j-3')
    expect(jobsOf(read(log, { after: first.last }))).toBe('gap j-3')
  })

  it('is what it hears too if the clock was set back meanwhile', () => {
    const first = start().log
    publish(first, 'j-1')
    const { log } = start(4, STARTED_MS - 60_000)
    publish(log, 'j-2')
    const events = read(log, { after: first.last })
    expect(jobsOf(events)).toBe('gap j-2')
    // From here on the reader knows the new numbers.
    expect(events[0]?.number).toBe(log.last - 1)
  })
})
