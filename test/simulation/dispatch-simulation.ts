/**
 * Whole lives of a router in virtual time: workers with delays, refusals, crashes and losses of link, a store
 * that fails now and then, and the router itself killed and restarted. The numbers of the invariants:
 * I1 accepted jobs never vanish, I2 one result, from an issued attempt, I3 an end never changes, I4 what
 * a restart reads is what was, I5 room is counted truly, I6 attempts are bounded, I7 all comes to an end,
 * I8 an attempt counts once, I9 nothing is left behind.
 */
import { isDeepStrictEqual } from 'node:util'
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

const JOBS = 12
const ATTEMPTS_MAX = 3

export class DispatchSimulation {
  readonly #seed: number
  readonly #random: Random
  readonly #store = new FailingStore()
  readonly #clock: FakeClock
  readonly #submitted: string[] = []
  /** Each item's end, as it was first seen. */
  readonly #ends = new Map<string, ItemRecord>()
  /** Attempts that were sent out, in whatever life of the router. */
  readonly #issued = new Set<string>()
  #engine!: Engine
  readonly #violations: string[] = []
  /** Tasks of this life that their workers did not take, or gave back. */
  #declinedCount = 0
  #isStormy = true

  constructor(seed: number) {
    this.#seed = seed
    this.#random = seededRandom(seed)
    this.#clock = new FakeClock()
    this.#store.fails = (changes) =>
      this.#isStormy &&
      this.#random.next() < 0.02 &&
      !changes.some(({ kind }) => kind === 'document')
  }

  /** Lives it through; gives the promises that were broken. */
  async run(): Promise<readonly string[]> {
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
    return this.#violations
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
    this.#declinedCount = 0
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
      if (fate < 0.25 || (fate >= 0.45 && fate < 0.5)) this.#declinedCount += 1
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
        const first = this.#ends.get(key) ?? item
        this.#ends.set(key, first)
        this.#claim(isDeepStrictEqual(item, first), `I3: ${key} changed after its end`)
      }
    }
  }

  async #checkAll(): Promise<void> {
    for (const id of this.#submitted) {
      const job = await this.#store.job(id)
      const items = await this.#store.items(id, { limit: 100 })
      this.#claim(job !== undefined && isTerminal(job.state), `I1, I7: ${id} is ${job?.state}`)
      this.#claim(items.length === job?.itemCount, `I1: ${id} has ${items.length} items`)
      const counts = { queued: 0, running: 0, completed: 0, failed: 0, stopped: 0, held: 0 }
      for (const { state } of items) counts[state] += 1
      const isSame = Object.entries(job?.counts ?? {}).every(
        ([state, count]) => counts[state as keyof typeof counts] === count
      )
      this.#claim(isSame, `I4: ${id} says ${JSON.stringify(job?.counts)}, its items say otherwise`)
      for (const item of items) await this.#checkItem(item)
    }
    this.#checkLife()
  }

  async #checkItem(item: ItemRecord): Promise<void> {
    const { attemptCount, failureCount, index, jobId, state } = item
    const key = `${jobId}/${index}`
    const output = (await this.#store.outputs(jobId, [index])).get(index)?.output ?? null
    const isDone = state === 'completed'
    this.#claim(output === (isDone ? String(attemptCount) : null), `I2: ${key} has ${output}`)
    this.#claim(!isDone || this.#issued.has(`${key}/${attemptCount}`), `I2: ${key} was not sent`)
    this.#claim(failureCount <= ATTEMPTS_MAX, `I6: ${key} failed ${failureCount} times`)
    const attempts = await this.#store.attempts(jobId, { itemIndex: index, limit: 10_000 })
    const last = attempts.find(({ number }) => number === attemptCount)
    this.#claim(!isDone || last?.state === 'completed', `I2: ${key} by attempt ${last?.state}`)
    this.#claim(
      attempts.every(({ number }) => number <= attemptCount),
      `I6: ${key} numbers`
    )
  }

  /** Of this life of the router alone: what was sent was judged, once each. */
  #checkLife(): void {
    const { clock, outcomes, workers } = this.#engine
    const judged = workers.sent.length - this.#declinedCount
    this.#claim(outcomes.length === judged, `I8: ${outcomes.length} outcomes of ${judged}`)
    this.#claim(workers.open().length === 0, `I7: ${workers.open().length} tasks are open`)
    const peers = workers.candidates().map(({ peerId }) => peerId)
    this.#claim(
      peers.every((peer) => workers.ownTasks(peer) === 0),
      'I5: tasks are counted wrongly'
    )
    this.#claim(clock.timerCount === 0, `I9: ${clock.timerCount} timers are left`)
  }

  #claim(isTrue: boolean, what: string): void {
    if (!isTrue) this.#violations.push(`seed ${this.#seed}: ${what}`)
  }
}
