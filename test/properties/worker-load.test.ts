/**
 * What a router believes of a worker's load, however its tasks, the worker's reports and sessions come and go:
 * no task is ever counted twice, none is lost from sight, and after the last word the picture is true.
 */
import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { WorkerLoad } from '../../src/discovery/worker-load.ts'
import type { LoadFacts } from '../../src/discovery/worker-load.ts'
import type { LoadReport } from '../../src/model/generated/capability-record.ts'

const SLOTS = 2
const TASK_MS = 100

interface Sent {
  number: number
  isThere: boolean
}

type Message =
  | { kind: 'task'; sent: Sent }
  | { kind: 'report' | 'answer'; load: LoadReport; sent?: Sent }

/** A router and a worker with a session between them that keeps what is sent each way in order, and may end. */
class Pair {
  readonly load = new WorkerLoad()
  readonly #toWorker: Message[] = []
  readonly #toRouter: Message[] = []
  /** At the worker: tasks of this router by number, and how many others have there. */
  readonly #there = new Set<Sent>()
  readonly #open = new Set<Sent>()
  #others = 0
  #seen = 0

  get facts(): LoadFacts {
    const facts = { running: 0, queued: 0, unseenCount: 0, unseenMs: 0 } as LoadFacts
    this.load.writeTo(facts, SLOTS)
    return facts
  }

  get openCount(): number {
    return this.#open.size
  }

  get truth(): number {
    return this.#there.size + this.#others
  }

  send(): void {
    const sent = { number: this.load.send({ expectedMs: TASK_MS, gpuCount: 0 }, 0), isThere: false }
    this.#open.add(sent)
    this.#toWorker.push({ kind: 'task', sent })
  }

  arrive(): void {
    const message = this.#toWorker.shift()
    if (message?.kind !== 'task') return
    message.sent.isThere = true
    this.#seen = message.sent.number
    this.#there.add(message.sent)
  }

  finish(): void {
    const [sent] = this.#there
    if (sent === undefined) return
    this.#there.delete(sent)
    this.#toRouter.push({ kind: 'answer', sent, load: this.#report() })
  }

  report(): void {
    this.#toRouter.push({ kind: 'report', load: this.#report() })
  }

  hear(): void {
    const message = this.#toRouter.shift()
    if (message === undefined || message.kind === 'task') return
    if (message.sent !== undefined) this.#end(message.sent)
    this.load.take(message.load, 0)
  }

  others(count: number): void {
    this.#others = count
  }

  /** All on its way is lost. The worker may have been started anew. Over the next one the router asks for its tasks. */
  reconnect(isRestarted: boolean): void {
    this.#toWorker.length = 0
    this.#toRouter.length = 0
    this.#seen = 0
    if (isRestarted) {
      this.#there.clear()
      this.#others = 0
    }
    this.load.beginSession()
    this.load.take(this.#report(), 0)
    for (const sent of this.#open) if (!this.#there.has(sent)) this.#end(sent)
  }

  settle(): void {
    while (this.#toWorker.length > 0) this.arrive()
    this.report()
    while (this.#toRouter.length > 0) this.hear()
  }

  #end(sent: Sent): void {
    this.#open.delete(sent)
    this.load.end(sent.number)
  }

  #report(): LoadReport {
    const running = Math.min(SLOTS, this.truth)
    return {
      running,
      queued: this.truth - running,
      slots: SLOTS,
      queue_slots: 100,
      cpu_usage: 0,
      memory_available_mb: 1,
      disk_available_mb: 1,
      stopping: false,
      seen: this.#seen
    }
  }
}

const steps = fc.oneof(
  { weight: 4, arbitrary: fc.constant((pair: Pair) => pair.send()) },
  { weight: 4, arbitrary: fc.constant((pair: Pair) => pair.arrive()) },
  { weight: 3, arbitrary: fc.constant((pair: Pair) => pair.finish()) },
  { weight: 2, arbitrary: fc.constant((pair: Pair) => pair.report()) },
  { weight: 5, arbitrary: fc.constant((pair: Pair) => pair.hear()) },
  { weight: 1, arbitrary: fc.nat(3).map((count) => (pair: Pair) => pair.others(count)) },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isRestarted) => (pair: Pair) => pair.reconnect(isRestarted))
  }
)

test('no task of ours is counted twice or lost from sight, and the last word is the truth', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 80 }), (story) => {
      const pair = new Pair()
      for (const step of story) {
        step(pair)
        const { queued, running, unseenCount, unseenMs } = pair.facts
        // Lost from sight: less there than we know to be there ourselves.
        expect(running + queued + unseenCount).toBeGreaterThanOrEqual(pair.openCount)
        // Each is on its way or known there, never both.
        expect(unseenCount).toBeLessThanOrEqual(pair.openCount)
        expect(unseenMs).toBe(unseenCount * TASK_MS)
        expect(pair.load.openCount).toBe(pair.openCount)
      }
      pair.settle()
      const { queued, running, unseenCount } = pair.facts
      expect(unseenCount).toBe(0)
      expect(running + queued).toBe(pair.truth)
    }),
    { numRuns: 1_000 }
  )
})
