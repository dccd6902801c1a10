/** Copies of outputs: which are made, how often they are tried, and that nothing waits for them. */
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { OutputCopies } from '../../../src/dispatch/output-copies.ts'
import { buildAttempt, buildItem, buildJob } from '../../conformance/job-store-records.ts'
import { compileSpec } from '../../../src/model/job.ts'
import { settle } from '../../support/build-engine.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import type { FileCopies, FileCopy } from '../../../src/dispatch/ports.ts'
import type { ItemRecord, JobRecord } from '../../../src/jobs/records.ts'
import type { JobPlan, OutputFile } from '../../../src/model/job.ts'

const NOW = 1_000_000
const DAY_MS = 86_400_000

function fileOf(digit: string, size = 5): OutputFile {
  return { name: digit, file: `sha256:${digit.repeat(64)}`, size, kind: 'file' }
}

/** Takes what it is asked for, and ends it when the test says so. */
class FakeCopies implements FileCopies {
  readonly asked: FileCopy[] = []
  readonly signals: (AbortSignal | undefined)[] = []
  readonly #ends: PromiseWithResolvers<void>[] = []

  fetch(copy: FileCopy, { signal }: { signal?: AbortSignal | undefined }): Promise<void> {
    const end = Promise.withResolvers<void>()
    this.asked.push(copy)
    this.signals.push(signal)
    this.#ends.push(end)
    return end.promise
  }

  get names(): string[] {
    return this.asked.map(({ file }) => file.name)
  }

  async succeed(): Promise<void> {
    for (const { resolve } of this.#ends.splice(0)) resolve()
    await settle()
  }

  async fail(error: Error): Promise<void> {
    for (const { reject } of this.#ends.splice(0)) reject(error)
    await settle()
  }
}

const unavailable = new MeshError('FILE_UNAVAILABLE', 'nobody has it')

interface Bench {
  clock: FakeClock
  copies: FakeCopies
  outputs: OutputCopies
  store: MemoryJobStore
}

function build(): Bench {
  const clock = new FakeClock(NOW)
  const copies = new FakeCopies()
  const store = new MemoryJobStore()
  const parts = { clock, copies, store, logger: silentLogger, nowMs: () => clock.wallMs() }
  return { clock, copies, store, outputs: new OutputCopies(parts) }
}

function jobOf(more: Partial<JobRecord> = {}): { record: JobRecord; plan: JobPlan } {
  const record = buildJob('j-1', { state: 'completed', endedAtMs: NOW, ...more })
  return { record, plan: compileSpec(record.spec) }
}

function itemWith(
  outputs: readonly OutputFile[] | null,
  more: Partial<ItemRecord> = {}
): ItemRecord {
  return buildItem('j-1', 0, { state: 'completed', workerId: 'w1', outputs, ...more })
}

describe('what is copied', () => {
  test('each output and the file of a result, from the worker that made them, for as long as the result is kept', () => {
    const { copies, outputs } = build()
    outputs.itemEnded(jobOf(), itemWith([fileOf('a')], { outputFile: fileOf('b') }))
    const untilMs = NOW + 7 * DAY_MS
    expect(copies.asked).toEqual([
      { file: fileOf('a'), peers: ['w1'], untilMs, jobId: 'j-1' },
      { file: fileOf('b'), peers: ['w1'], untilMs, jobId: 'j-1' }
    ])
  })

  test('of an item whose job goes on, for as long as that may last as well', () => {
    const { copies, outputs } = build()
    const job = jobOf({ state: 'running', endedAtMs: null, queuedAtMs: NOW - 500 })
    outputs.itemEnded(job, itemWith([fileOf('a')]))
    expect(copies.asked[0]?.untilMs).toBe(NOW - 500 + 3_600_000 + 7 * DAY_MS)
  })

  test('of a result that was reused, from whoever made it', () => {
    const { copies, outputs } = build()
    const run = { jobId: 'j-0', itemId: '0', attempt: 1, workerId: 'w9', endedAtMs: 1 }
    const item = itemWith([fileOf('a')], { workerId: null, reusedFrom: run })
    outputs.itemEnded(jobOf(), item)
    expect(copies.asked[0]?.peers).toEqual(['w9'])
  })

  test('whole logs, for as long as logs are kept', () => {
    const { copies, outputs } = build()
    const spec = { engine: 'builtin', keep: { logs: '1d' } } as const
    const attempt = buildAttempt('j-1', 0, 1, { workerId: 'w1', logFile: fileOf('c') })
    outputs.attemptEnded(jobOf({ spec }), attempt)
    outputs.attemptEnded(jobOf({ spec }), buildAttempt('j-1', 0, 2))
    expect(copies.asked.map(({ untilMs }) => untilMs)).toEqual([NOW + DAY_MS])
  })

  test('nothing that is too large, and nothing of most items', () => {
    const { copies, outputs } = build()
    const large = fileOf('a', LIMITS.outputCopyBytesMax + 1)
    outputs.itemEnded(jobOf(), itemWith([large, fileOf('b', LIMITS.outputCopyBytesMax)]))
    outputs.itemEnded(jobOf(), itemWith(null))
    expect(copies.names).toEqual(['b'])
  })
})

describe('how they are copied', () => {
  test('four at a time, each once for its job', async () => {
    const { copies, outputs } = build()
    const files = 'abcdef'.split('').map((digit) => fileOf(digit))
    outputs.itemEnded(jobOf(), itemWith([...files, fileOf('a')]))
    expect(copies.names).toEqual(['a', 'b', 'c', 'd'])
    await copies.succeed()
    expect(copies.names).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    await copies.succeed()
    expect(copies.asked).toHaveLength(6)
  })

  test('what did not come is tried again, later each time, until it does', async () => {
    const { clock, copies, outputs } = build()
    outputs.itemEnded(jobOf(), itemWith([fileOf('a')]))
    await copies.fail(unavailable)
    for (const delayMs of [5_000, 10_000, 20_000]) {
      const before = copies.asked.length
      clock.advance(delayMs - 1)
      expect(copies.asked).toHaveLength(before)
      clock.advance(1)
      expect(copies.asked).toHaveLength(before + 1)
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      await copies.fail(unavailable)
    }
    clock.advance(40_000)
    await copies.succeed()
    clock.advance(DAY_MS)
    expect(copies.asked).toHaveLength(5)
  })

  test('what cannot come is not tried again, and what never comes not for ever', async () => {
    const { clock, copies, outputs } = build()
    outputs.itemEnded(jobOf(), itemWith([fileOf('a')]))
    await copies.fail(new MeshError('FIELD_INVALID', 'it is larger than was said'))
    clock.advance(DAY_MS)
    expect(copies.asked).toHaveLength(1)
    outputs.itemEnded(jobOf(), itemWith([fileOf('b')]))
    for (let tries = 0; tries < 30; tries += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      await copies.fail(unavailable)
      clock.advance(600_000)
    }
    expect(copies.asked).toHaveLength(15)
  })

  test('one that hangs gives its place to others', async () => {
    const { clock, copies, outputs } = build()
    outputs.itemEnded(jobOf(), itemWith('abcde'.split('').map((digit) => fileOf(digit))))
    clock.advance(600_000)
    await settle()
    expect(copies.names).toContain('e')
    expect(copies.signals[0]?.aborted).toBe(true)
  })

  test('only so many wait', async () => {
    const { copies, outputs } = build()
    const count = LIMITS.outputCopiesMax + 10
    for (let index = 0; index < count; index += 1) {
      const file = { ...fileOf('a'), file: `sha256:${String(index).padStart(64, '0')}` }
      outputs.itemEnded(jobOf(), itemWith([file]))
    }
    let seen = 0
    while (copies.asked.length > seen) {
      seen = copies.asked.length
      // oxlint-disable-next-line no-await-in-loop -- four at a time
      await copies.succeed()
    }
    expect(seen).toBe(LIMITS.outputCopiesMax)
  })

  test('stopping ends what is under way, and nothing begins after it', async () => {
    const { clock, copies, outputs } = build()
    outputs.itemEnded(jobOf(), itemWith('abcdef'.split('').map((digit) => fileOf(digit))))
    await outputs.stop()
    expect(copies.signals.map((signal) => signal?.aborted)).toEqual([true, true, true, true])
    clock.advance(DAY_MS)
    await copies.fail(unavailable)
    expect(copies.asked).toHaveLength(4)
  })
})

test('a new life of the router takes up what its newest jobs left', async () => {
  const { copies, outputs, store } = build()
  const { record } = jobOf()
  const over = buildJob('j-2', { state: 'completed', endedAtMs: NOW - 8 * DAY_MS })
  await store.apply([
    { kind: 'job', job: record },
    { kind: 'item', item: itemWith([fileOf('a')]) },
    { kind: 'item', item: { ...itemWith([fileOf('b')]), index: 1, state: 'failed' } },
    { kind: 'job', job: over },
    { kind: 'item', item: { ...itemWith([fileOf('c')]), jobId: 'j-2' } }
  ])
  await outputs.start()
  await settle()
  expect(copies.names).toEqual(['a'])
  await copies.succeed()
})
