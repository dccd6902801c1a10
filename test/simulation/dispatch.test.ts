/**
 * Whole lives of a router in virtual time: workers with delays, refusals, crashes and losses of link, a store
 * that fails now and then, and the router itself killed and restarted. The numbers of the invariants are
 * those of our design: I1 accepted jobs never vanish, I2 one result from an issued attempt, I3 an end
 * never changes, I4 what a restart reads is what was, I6 attempts are bounded, I7 all comes to an end,
 * I8 an attempt counts once.
 * A failing run prints its seed; `SIMULATION_SEED=7 npx vitest …` runs that one alone.
 */
import { expect, test } from 'vitest'
import { FakeClock } from '../support/fake-clock.ts'
import { FailingStore } from '../support/failing-store.ts'
import { FakeWorkers } from '../support/fake-workers.ts'
import { NOOP, settle, startEngine } from '../support/build-engine.ts'
import { isTerminal } from '../../src/jobs/records.ts'
import { seededRandom } from '../../src/core/random.ts'
import type { Engine } from '../support/build-engine.ts'
import type { ItemRecord } from '../../src/jobs/records.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { Random } from '../../src/core/random.ts'
import type { SentTask } from '../support/fake-workers.ts'

const SEED_COUNT = 150
const JOBS = 12
const ATTEMPTS_MAX = 3

const only = process.env['SIMULATION_SEED']
const seeds =
  only === undefined ? Array.from({ length: SEED_COUNT }, (_, index) => index + 1) : [Number(only)]

class Simulation {
  readonly #random: Random
  readonly #store = new FailingStore()
  readonly #clock: FakeClock
  readonly #submitted: string[] = []
  /** Each item's end, as it was first seen. */
  readonly #ends = new Map<string, ItemRecord>()
  /** Attempts that were sent out, in whatever life of the router. */
  readonly #issued = new Set<string>()
  #engine!: Engine
  #isStormy = true

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#clock = new FakeClock()
    this.#store.fails = (changes) =>
      this.#isStormy &&
      this.#random.next() < 0.02 &&
      !changes.some(({ kind }) => kind === 'document')
  }

  async run(): Promise<void> {
    await this.#restart()
    for (let count = 0; count < JOBS; count += 1) {
      this.#submitted.push(await this.#engine.submit(this.#someJob()))
      await this.#advance(this.#below(3_000))
      if (this.#random.next() < 0.1) await this.#restart()
      if (this.#random.next() < 0.1) await this.#stopOne()
    }
    for (let step = 0; step < 60; step += 1) {
      await this.#advance(2_000)
      if (this.#random.next() < 0.03) await this.#restart()
    }
    // All faults heal; by then every job must have come to an end.
    this.#isStormy = false
    await this.#advance(4_000_000, 20_000)
    await this.#checkAll()
    expect(this.#engine.clock.timerCount, 'I9: no timer is left').toBe(0)
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  #someJob(): Partial<JobDocument> {
    const items = this.#below(5)
    return {
      priority: this.#below(101),
      ...(items === 0 ? {} : { each: Array.from({ length: items }, () => ({ args: {} })) }),
      task: NOOP,
      retry: {
        attempts: 1 + this.#below(ATTEMPTS_MAX),
        same_worker: (['avoid', 'never', 'allow'] as const)[this.#below(3)] ?? 'avoid'
      },
      timeouts: { queue: '2m', total: '30m' }
    }
  }

  /** Kills the router without a word and starts another one on the same store. */
  async #restart(): Promise<void> {
    const workers = new FakeWorkers()
    for (let number = 0; number < 5; number += 1) {
      workers.add(`w${number}`, (task) => this.#behave(task), { slots: 2, queueSlots: 1 })
    }
    const fails = this.#store.fails
    this.#store.fails = () => false
    const clock = new FakeClock(this.#engine?.clock.wallMs() ?? this.#clock.wallMs())
    this.#engine = await startEngine({ clock, store: this.#store, workers, seed: this.#below(1e9) })
    this.#store.fails = fails
  }

  #behave(task: SentTask): void {
    const key = `${task.jobId}/${task.item}/${task.attempt}`
    const { clock } = this.#engine
    this.#issued.add(key)
    clock.after(this.#below(1_500), () => {
      if (!task.isOpen) return
      const fate = this.#isStormy ? this.#random.next() : 1
      if (fate < 0.15) task.refuse('WORKER_BUSY')
      else if (fate < 0.2) task.refuse('WORKER_STOPPING')
      else if (fate < 0.25) task.fail('WORKER_STOPPING')
      else if (fate < 0.35) task.fail('SANDBOX_CRASHED')
      else if (fate < 0.45) task.lose('SESSION_CLOSED')
      else if (fate < 0.5) task.lose('PEER_UNREACHABLE')
      else if (fate < 0.55) task.fail('TASK_FAILED')
      else task.complete(task.attempt)
    })
  }

  async #stopOne(): Promise<void> {
    const id = this.#submitted[this.#below(this.#submitted.length)] as string
    // Not awaited: while the store fails, it is not acknowledged.
    this.#engine.intake.stopJob(id, 'changed my mind').catch(() => {})
    await settle()
  }

  async #advance(ms: number, stepMs = 250): Promise<void> {
    await this.#engine.advance(ms, stepMs)
    await this.#checkEnds()
  }

  async #checkEnds(): Promise<void> {
    for (const id of this.#submitted) {
      const items = await this.#store.items(id, { limit: 100 })
      for (const item of items.filter(({ state }) => isTerminal(state))) {
        const key = `${id}/${item.index}`
        const first = this.#ends.get(key)
        if (first !== undefined) expect(item, `I3: ${key} changed after its end`).toEqual(first)
        this.#ends.set(key, item)
      }
    }
  }

  async #checkAll(): Promise<void> {
    for (const id of this.#submitted) {
      const job = await this.#store.job(id)
      const items = await this.#store.items(id, { limit: 100 })
      expect(isTerminal(job?.state ?? 'queued'), `I1, I7: ${id} is ${job?.state}`).toBe(true)
      expect(items, 'I1').toHaveLength(job?.itemCount ?? 0)
      const attempts = await this.#store.attempts(id, { limit: 10_000 })
      const outputs = await this.#store.outputs(id, items.map(({ index }) => index))
      const counts = Object.groupBy(items, ({ state }) => state)
      for (const [state, count] of Object.entries(job?.counts ?? {})) {
        expect(count, `I4: ${state} of ${id}`).toBe(counts[state as 'failed']?.length ?? 0)
      }
      for (const item of items) {
        const own = attempts.filter(({ itemIndex }) => itemIndex === item.index)
        const done = own.filter(({ state }) => state === 'completed')
        const output = outputs.get(item.index)?.output ?? null
        if (item.state === 'completed') {
          expect(output, 'I2: the result is of the attempt that completed').toBe(String(item.attemptCount))
          expect(done.map(({ number }) => number), 'I2').toContain(item.attemptCount)
          expect(this.#issued.has(`${id}/${item.index}/${item.attemptCount}`), 'I2').toBe(true)
        } else expect(output, 'I2').toBeNull()
        expect(item.failureCount, 'I6').toBeLessThanOrEqual(ATTEMPTS_MAX)
        expect(own.every(({ number }) => number <= item.attemptCount), 'I6').toBe(true)
      }
    }
    // I8 within this life: what was sent and ended was judged once.
    const { outcomes, workers } = this.#engine
    const judged = workers.sent.filter(({ isOpen }) => !isOpen).length
    expect(outcomes.length, 'I8').toBeLessThanOrEqual(judged)
    expect(workers.open(), 'I7').toEqual([])
    for (let number = 0; number < 5; number += 1) expect(workers.ownTasks(`w${number}`)).toBe(0)
  }
}

test.each(seeds)('seed %i keeps every promise', async (seed) => {
  try {
    await new Simulation(seed).run()
  } catch (cause) {
    throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause
    })
  }
})

test('the same seed gives the same run', async () => {
  const traces = [1, 2].map(async () => {
    const random = seededRandom(42)
    const engine = await startEngine({ seed: 42 })
    for (const peer of ['a', 'b', 'c']) {
      engine.workers.add(peer, (task) =>
        void engine.clock.after(random.next() * 1_000, () =>
          random.next() < 0.3 ? task.lose() : task.complete()
        )
      )
    }
    for (let count = 0; count < 20; count += 1) await engine.submit()
    await engine.advance(60_000, 100)
    await settle()
    return engine.workers.sent.map(({ attempt, jobId, peer }) => `${jobId} ${attempt} ${peer}`)
  })
  const [first, second] = await Promise.all(traces)
  expect(first).toEqual(second)
  expect(first?.length).toBeGreaterThan(20)
})
