import { describe, expect, test } from 'vitest'
import { BULK_ACTS, actOnAll } from '../../../src/dashboard/jobs/bulk.ts'
import { JobList } from '../../../src/dashboard/jobs/job-list.ts'
import {
  fits,
  isAnything,
  readFilter,
  toQuery,
  writeFilter
} from '../../../src/dashboard/jobs/job-filter.ts'
import type { JobView } from '../../../src/model/generated/api-job.ts'

function buildJob(id: string, fields: Partial<JobView> = {}): JobView {
  return {
    id,
    name: null,
    state: 'queued',
    submitter: 'http',
    created_at_ms: 0,
    ...fields
  } as JobView
}

const ANY = readFilter('')

describe('the list of jobs', () => {
  test('keeps its order, and takes what changed where it stands', () => {
    const list = new JobList()
    list.append([buildJob('c', { created_at_ms: 3 }), buildJob('b', { created_at_ms: 2 })])
    list.append([buildJob('a', { created_at_ms: 1 })])
    list.take([buildJob('b', { created_at_ms: 2, state: 'failed' })], () => false)
    expect(list.ids).toEqual(['c', 'b', 'a'])
    expect(list.job('b')?.state).toBe('failed')
    expect(list.waitingCount).toBe(0)
  })

  test('has new jobs wait until somebody wants to see them, newest first', () => {
    const list = new JobList()
    list.append([buildJob('a', { created_at_ms: 1 })])
    list.take([buildJob('b', { created_at_ms: 2 })], () => true)
    list.take([buildJob('c', { created_at_ms: 3 })], () => true)
    list.take([buildJob('b', { created_at_ms: 2, state: 'running' })], () => true)
    expect(list.ids).toEqual(['a'])
    expect(list.waitingCount).toBe(2)
    list.showWaiting()
    expect(list.ids).toEqual(['c', 'b', 'a'])
    expect(list.job('b')?.state).toBe('running')
    expect(list.waitingCount).toBe(0)
  })

  test('does not take in what its filter leaves out, nor what is older than its pages', () => {
    const list = new JobList()
    list.append([buildJob('b', { created_at_ms: 5 })])
    list.take([buildJob('old', { created_at_ms: 1 })], () => true)
    list.take([buildJob('other', { created_at_ms: 9 })], () => false)
    expect(list.waitingCount).toBe(0)
  })

  test('a page that overlaps with what is there adds no row twice', () => {
    const list = new JobList()
    list.append([buildJob('b'), buildJob('a')])
    list.append([buildJob('a'), buildJob('z')])
    expect(list.ids).toEqual(['b', 'a', 'z'])
  })
})

describe('the filter of jobs', () => {
  test('is the same after a way through the address', () => {
    const filter = readFilter('state=failed&label=team%3Dmedia&since=1h&q=ren+der&submitter=http')
    expect(filter).toEqual({
      state: 'failed',
      label: 'team=media',
      since: '1h',
      q: 'ren der',
      submitter: 'http'
    })
    expect(readFilter(writeFilter(filter))).toEqual(filter)
  })

  test('takes no state that does not exist, and asks for nothing that is empty', () => {
    expect(readFilter('state=nonsense').state).toBeUndefined()
    expect(toQuery(ANY)).toEqual({ state: undefined })
    expect(isAnything(ANY)).toBe(true)
  })

  test('is held against news as the router holds it against its store', () => {
    const job = buildJob('j-7m2k', { name: 'Render frames', labels: { team: 'media' } })
    expect(fits(ANY, job)).toBe(true)
    expect(fits({ ...ANY, q: 'render' }, job)).toBe(true)
    expect(fits({ ...ANY, q: 'j-7m' }, job)).toBe(true)
    expect(fits({ ...ANY, q: 'other' }, job)).toBe(false)
    expect(fits({ ...ANY, label: 'team=media' }, job)).toBe(true)
    expect(fits({ ...ANY, label: 'team=other' }, job)).toBe(false)
    expect(fits({ ...ANY, state: 'failed' }, job)).toBe(false)
    expect(fits({ ...ANY, submitter: 'http/anna' }, job)).toBe(false)
  })
})

function namesFor(job: JobView): string[] {
  return BULK_ACTS.filter(({ isFor }) => isFor(job)).map(({ name }) => name)
}

describe('one action on many jobs', () => {
  test('is for those that it means something for', () => {
    expect(namesFor(buildJob('a', { on_hold: false }))).toEqual(['Hold', 'Stop'])
    expect(namesFor(buildJob('a', { on_hold: true }))).toEqual(['Release', 'Stop'])
    expect(namesFor(buildJob('a', { state: 'held' }))).toEqual(['Release', 'Stop'])
    expect(namesFor(buildJob('a', { state: 'failed' }))).toEqual(['Run again'])
  })

  test('reaches each of them once, and one that is refused stops no other', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => buildJob(`j${index}`))
    const reached: string[] = []
    const told: number[] = []
    const progress = await actOnAll(
      jobs,
      async ({ id }) => {
        reached.push(id)
        if (id === 'j3') throw new Error('no')
      },
      {
        signal: new AbortController().signal,
        onProgress: ({ doneCount, failures }) => told.push(doneCount + failures.length)
      }
    )
    expect(reached.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted())
    expect(progress).toEqual({ doneCount: 19, failures: [new Error('no')] })
    expect(told).toEqual(jobs.map((_, index) => index + 1))
  })

  test('leaves the others alone once somebody has seen enough', async () => {
    const jobs = Array.from({ length: 100 }, (_, index) => buildJob(`j${index}`))
    const controller = new AbortController()
    const { doneCount } = await actOnAll(jobs, async () => {}, {
      signal: controller.signal,
      onProgress: () => controller.abort()
    })
    expect(doneCount).toBeLessThan(20)
  })
})
