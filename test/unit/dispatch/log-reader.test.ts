/** Logs as they are read and followed, while attempts begin and end. */
import { beforeEach, describe, expect, it } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { JobLogs } from '../../../src/dispatch/views/job-logs.ts'
import { JobWatchers } from '../../../src/dispatch/views/job-watchers.ts'
import { LogReader } from '../../../src/dispatch/views/log-reader.ts'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import {
  attemptChange,
  buildAttempt,
  buildItem,
  buildJob
} from '../../conformance/job-store-records.ts'
import { settle } from '../../support/settle.ts'
import type { AttemptRecord, ItemState } from '../../../src/jobs/records.ts'
import type { LogView } from '../../../src/model/generated/api-log.ts'

const JOB = 'j-1'
const checkPart = validatorFor<LogView>('api/log')

let store: MemoryJobStore
let logs: JobLogs
let watchers: JobWatchers
let reader: LogReader
let live: AttemptRecord | undefined

beforeEach(async () => {
  store = new MemoryJobStore()
  logs = new JobLogs({ store, write: (changes) => void store.apply(changes) })
  watchers = new JobWatchers()
  live = undefined
  const jobs = {
    find: async (id: string) => {
      const job = await store.job(id)
      if (job === undefined) throw new MeshError('JOB_NOT_FOUND', 'no')
      return job
    },
    indexOf: async (_: string, item: string) => Number(item)
  }
  const dispatcher = {
    liveAttempts: (_: string, index: number) => (index === 0 && live !== undefined ? [live] : [])
  }
  reader = new LogReader({ reader: jobs, logs, store, dispatcher, watchers, logger: silentLogger })
  await store.apply([{ kind: 'job', job: buildJob(JOB) }])
  await put('queued', 0)
})

/** The item in the store. */
async function put(state: ItemState, attemptCount: number): Promise<void> {
  await store.apply([{ kind: 'item', item: buildItem(JOB, 0, { state, attemptCount }) }])
}

async function begin(number: number): Promise<void> {
  live = buildAttempt(JOB, 0, number, { state: 'running' })
  await store.apply([attemptChange(JOB, 0, number, { state: 'running' })])
  await put('running', number)
  watchers.tell({ job: buildJob(JOB), finished: undefined })
}

function write(number: number, ...texts: string[]): void {
  const key = { jobId: JOB, itemIndex: 0, attempt: number }
  const entries = texts.map((text) => ({ ms: 1, stream: 'out', text }) as const)
  logs.append(key, logs.next(key), entries)
}

/** As the dispatcher does it: the attempt is over at once, the item once it is stored. */
async function end(state: ItemState): Promise<void> {
  const number = live?.number ?? 0
  logs.end({ jobId: JOB, itemIndex: 0, attempt: number })
  live = undefined
  await settle()
  await put(state, number)
  const finished =
    state === 'queued'
      ? undefined
      : { item: buildItem(JOB, 0, { state }), output: null, hasLog: true }
  watchers.tell({ job: buildJob(JOB), finished })
}

interface Followed {
  /** `attempt: text`, with a full stop where the attempt has ended. */
  heard: string[]
  ends: number
  stop: () => void
}

async function follow(which: { attempt?: number } = {}): Promise<Followed> {
  const followed: Followed = { heard: [], ends: 0, stop: () => {} }
  const onPart = (part: LogView): void => {
    const { attempt, entries, is_complete: isComplete } = checkPart(part)
    const text = entries.map((entry) => entry.text).join('')
    followed.heard.push(`${attempt}: ${text}${isComplete ? '.' : ''}`)
  }
  followed.stop = await reader.followLog(JOB, which, onPart, () => (followed.ends += 1))
  return followed
}

describe('a log', () => {
  it('is that of the newest attempt, or of one that is named', async () => {
    await begin(1)
    write(1, 'first')
    await end('queued')
    await begin(2)
    write(2, 'second')
    expect(await reader.log(JOB, {})).toEqual({
      job_id: JOB,
      item: '0',
      attempt: 2,
      from: 0,
      entries: [{ ms: 1, stream: 'out', text: 'second' }],
      is_complete: false
    })
    expect(await reader.log(JOB, { item: '0', attempt: 1 })).toMatchObject({
      entries: [{ text: 'first' }],
      is_complete: true
    })
    await end('completed')
    expect((await reader.log(JOB, {})).is_complete).toBe(true)
  })

  it('that is not there is an error that says why', async () => {
    await expect(reader.log(JOB, {})).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'attempt' })
    await begin(1)
    await expect(reader.log(JOB, { attempt: 2 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(follow({ attempt: 2 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await store.apply([{ kind: 'job', job: buildJob('j-2', { itemCount: 2 }) }])
    await expect(reader.log('j-2', {})).rejects.toMatchObject({
      code: 'FIELD_MISSING',
      path: 'item'
    })
    await expect(reader.log('j-2', { item: '7' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a follower', () => {
  it('gets what is there, then what comes, over attempts, until the item has ended', async () => {
    await begin(1)
    write(1, 'a', 'b')
    const { heard, ...rest } = await follow()
    await settle()
    expect(heard).toEqual(['1: ab'])
    write(1, 'c')
    await settle()
    await end('queued')
    await settle()
    await begin(2)
    write(2, 'd')
    await settle()
    await end('completed')
    await settle()
    expect(heard).toEqual(['1: ab', '1: c', '1: .', '2: d', '2: .'])
    rest.stop()
  })

  it('is told once that it is over, and of nothing after that', async () => {
    await begin(1)
    const followed = await follow()
    await settle()
    expect(followed.ends).toBe(0)
    await end('failed')
    await settle()
    expect(followed.ends).toBe(1)
    expect(followed.heard).toEqual([])
    followed.stop()
    await settle()
    expect(followed.ends).toBe(1)
  })

  it('waits for the first attempt, and hears nothing of those that wrote nothing', async () => {
    const followed = await follow()
    await settle()
    for (const number of [1, 2, 3]) {
      await begin(number)
      await settle()
      await end('queued')
      await settle()
    }
    await begin(4)
    write(4, 'at last')
    await end('completed')
    await settle()
    expect(followed.heard).toEqual(['4: at last.'])
    expect(followed.ends).toBe(1)
  })

  it('of one attempt hears the end of that one, even where it wrote nothing', async () => {
    await begin(1)
    const followed = await follow({ attempt: 1 })
    await settle()
    await end('queued')
    await settle()
    expect(followed.heard).toEqual(['1: .'])
    expect(followed.ends).toBe(1)
    await begin(2)
    write(2, 'other')
    await settle()
    const late = await follow({ attempt: 1 })
    await settle()
    expect(late.heard).toEqual(['1: .'])
  })

  it('misses nothing, whenever it begins and however much happens at once', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const number = turns * 2 + 1
      await begin(number)
      write(number, 'a')
      const following = follow()
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
      write(number, 'b')
      await end('queued')
      await begin(number + 1)
      write(number + 1, 'c')
      const followed = await following
      await end('completed')
      await settle()
      const heard = followed.heard.map((part) => part.replace(/\d+: /, '')).join('')
      expect(heard.replaceAll('.', ''), `after ${turns} turns`).toMatch(/^(abc|c)$/)
      expect(heard.endsWith('.')).toBe(true)
      expect(followed.ends).toBe(1)
    }
  })

  it('that stops hears nothing more, not even the end', async () => {
    await begin(1)
    const followed = await follow()
    write(1, 'a')
    followed.stop()
    write(1, 'b')
    await end('completed')
    await settle()
    expect(followed.heard).toEqual([])
    expect(followed.ends).toBe(0)
  })

  it('is told that it is over when the store fails', async () => {
    await begin(1)
    const followed = await follow()
    await settle()
    store.log = async () => await Promise.reject(new MeshError('STORE_FAILED', 'no'))
    write(1, 'a')
    await settle()
    expect(followed.ends).toBe(1)
  })
})
