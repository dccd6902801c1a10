/**
 * Whole lives of a router in virtual time, from a seed: the real engine over workers that refuse, fail,
 * die and come back, links that delay, break and heal, a disk that fails and takes its time, a router
 * that dies at any moment, and people who stop, hold, release and rerun. In every other world there are
 * backup copies of stragglers, and results that are checked by further copies.
 */
import { FakeWorkers } from '../support/fake-workers.ts'
import { NOOP, buildParts, settle } from '../support/build-engine.ts'
import { isTerminal } from '../../src/jobs/records.ts'
import { MeshError } from '../../src/core/errors.ts'
import { seededRandom } from '../../src/core/random.ts'
import { DiskStore, SimDisk } from './sim-disk.ts'
import { LifeClock, SimClock } from './sim-clock.ts'
import { SimChecks } from './sim-checks.ts'
import { Witness } from './witness.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { Random } from '../../src/core/random.ts'
import type { SentTask } from '../support/fake-worker.ts'

/** A router from its start to its death. */
interface Life {
  clock: LifeClock
  store: DiskStore
  parts: ReturnType<typeof buildParts>
  /** Whether it has taken up what was left. */
  isReady: boolean
}

const PEERS = ['w1', 'w2', 'w3']
const STARTED_AT_MS = Date.UTC(2026, 0, 1)
/** So long things go wrong; then all heals. */
const STORM_MS = 40_000
/** By then every job must have come to an end, whatever happened. */
const END_MS = 6 * 3_600_000

export class MeshSimulation {
  readonly #random: Random
  readonly #world = new SimClock()
  readonly #disk = new SimDisk()
  readonly #witness: Witness
  readonly #hasCopies: boolean
  readonly #checks: SimChecks
  #workers = new FakeWorkers()
  #life: Life | undefined
  #isStormy = true
  /** Writes until the router dies in the midst of one. */
  #writesLeft = Infinity
  /** Absences of workers from their router, by number. */
  readonly #absences = new Map<string, number>()

  constructor(seed: number, trace?: string[]) {
    this.#random = seededRandom(seed)
    this.#hasCopies = seed % 2 === 0
    this.#checks = new SimChecks(this.#random, this.#world)
    this.#witness = new Witness(() => this.#world.nowMs, { startedAtMs: STARTED_AT_MS, trace })
  }

  /** Lives it through; gives the promises that were broken. */
  async run(): Promise<readonly string[]> {
    this.#workers.travel = (arrive) => void this.#world.after(1 + this.#below(20), arrive)
    this.#workers.onStop = (task) => this.#onStop(task)
    for (const peer of PEERS) {
      const slots = 1 + this.#below(2)
      this.#workers.add(peer, (task) => this.#behave(task, slots), {
        slots,
        queueSlots: this.#below(2),
        speed: 1 + this.#below(8)
      })
    }
    this.#beginLife()
    this.#planStorm()
    this.#world.after(STORM_MS, () => this.#calm())
    while (this.#world.nowMs < END_MS && this.#world.step()) {
      // oxlint-disable-next-line no-await-in-loop -- one moment after the other
      await settle()
    }
    await this.#checkAll()
    return this.#witness.violations
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  #planStorm(): void {
    const plan = (count: number, untilMs: number, happen: () => void): void => {
      for (let index = 0; index < count; index += 1) this.#world.after(this.#below(untilMs), happen)
    }
    plan(4 + this.#below(6), 25_000, () => this.#submitSome())
    plan(this.#below(9), STORM_MS, () => this.#cutOne())
    plan(this.#below(5), STORM_MS, () => this.#killOne())
    plan(this.#below(4), STORM_MS, () => this.#killRouter())
    plan(this.#below(3), STORM_MS, () => {
      this.#writesLeft = this.#below(30)
    })
    plan(this.#below(13), STORM_MS, () => void this.#actOnOne())
  }

  #someJob(): Partial<JobDocument> {
    const items = this.#below(4)
    return {
      ...(items < 2 ? {} : { each: Array.from({ length: items }, () => ({})) }),
      key: `k${this.#random.next()}`,
      ...(this.#chance(0.15) ? { needs: this.#witness.jobIds.slice(-1) } : {}),
      priority: this.#below(101),
      ...(this.#hasCopies ? this.#checks.someDocument() : {}),
      retry: {
        attempts: 1 + this.#below(3),
        same_worker: this.#oneOf(['avoid', 'avoid', 'never', 'allow'] as const),
        then: this.#oneOf(['fail', 'fail', 'hold'] as const)
      },
      on_disconnect: {
        wait: this.#oneOf(['2s', '5s', '15s'] as const),
        then: this.#oneOf(['reroute', 'reroute', 'hold'] as const)
      },
      timeouts: {
        queue: '5m',
        run: this.#oneOf(['10s', '10m'] as const),
        total: this.#oneOf(['15s', '1h', '1h', '1h'] as const)
      }
    }
  }

  #oneOf<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T
  }

  #beginLife(): void {
    const clock = new LifeClock(this.#world, STARTED_AT_MS)
    const store = new DiskStore({
      world: this.#world,
      disk: this.#disk,
      delayMs: () => (this.#chance(0.05) ? this.#below(2_000) : this.#below(15)),
      fails: () => this.#isStormy && this.#chance(0.02),
      onWrite: () => {
        this.#writesLeft -= 1
        if (this.#writesLeft === 0) this.#killRouter()
      }
    })
    const life: Life = { clock, store, parts: this.#build(clock, store), isReady: false }
    this.#life = life
    this.#witness.see('a router begins')
    void this.#start(life)
  }

  #build(clock: LifeClock, store: DiskStore): Life['parts'] {
    const parts = buildParts(clock, {
      store,
      checks: this.#checks,
      workers: this.#workers,
      seed: this.#below(2 ** 31),
      hasStragglers: this.#hasCopies
    })
    const { onReport } = this.#workers
    this.#workers.onReport = async (peer, news) => {
      const answer = await (onReport as NonNullable<typeof onReport>)(peer, news)
      if (!answer.is_wanted) this.#witness.see(`${news.lease_id} is not wanted`)
      return answer
    }
    return parts
  }

  async #start(life: Life): Promise<void> {
    await life.store.load()
    try {
      await life.parts.start()
    } catch {
      // The disk failed it: whoever watches over it starts it again.
      if (this.#life === life) this.#killRouter()
      return
    }
    life.isReady = true
    this.#witness.begin(life.parts.changes)
    for (const peer of PEERS) this.#workers.greet(peer)
  }

  #killRouter(): void {
    const life = this.#life
    if (life === undefined) return
    this.#witness.see('the router is killed')
    this.#writesLeft = Infinity
    life.clock.die()
    life.store.die()
    this.#life = undefined
    this.#workers = this.#workers.nextLife()
    for (const peer of PEERS) this.#beginAbsence(peer)
    this.#world.after(this.#isStormy ? this.#below(25_000) : 1_000, () => {
      for (const peer of PEERS)
        if (this.#workers.stateOf(peer) === 'up') this.#absences.delete(peer)
      this.#beginLife()
    })
  }

  /** Leases end while their router is away for too long. */
  #beginAbsence(peer: string): void {
    const number = this.#below(2 ** 31)
    this.#absences.set(peer, number)
    for (const task of this.#workers.open().filter((open) => open.peer === peer)) {
      this.#world.after(task.assignment.lease_ms, () => {
        if (this.#absences.get(peer) === number) this.#workers.expire(peer, task.leaseId)
      })
    }
  }

  #cutOne(): void {
    const peer = this.#oneOf(PEERS)
    if (this.#workers.stateOf(peer) !== 'up') return
    this.#witness.see(`${peer} is cut off`)
    const isNoticed = this.#chance(0.7)
    if (isNoticed) this.#cut(peer)
    else {
      this.#workers.silence(peer)
      this.#world.after(15_000, () => this.#workers.stateOf(peer) === 'silent' && this.#cut(peer))
    }
    this.#world.after(this.#below(20_000), () => this.#heal(peer))
  }

  #cut(peer: string): void {
    this.#workers.cut(
      peer,
      this.#oneOf(['SESSION_CLOSED', 'PEER_SILENT', 'SESSION_CONGESTED'] as const)
    )
    this.#beginAbsence(peer)
  }

  #heal(peer: string): void {
    if (this.#isDead(peer)) return
    this.#witness.see(`${peer} is there`)
    this.#absences.delete(peer)
    this.#workers.heal(peer)
  }

  #isDead(peer: string): boolean {
    return ['dead', 'gone'].includes(this.#workers.stateOf(peer))
  }

  #killOne(): void {
    const peer = this.#oneOf(PEERS)
    if (this.#isDead(peer)) return
    this.#witness.see(`${peer} is killed`)
    if (this.#chance(0.3)) this.#workers.goAway(peer)
    else this.#workers.kill(peer)
    this.#absences.delete(peer)
    this.#world.after(this.#below(20_000), () => this.#revive(peer))
  }

  #revive(peer: string): void {
    this.#witness.see(`${peer} is back`)
    this.#workers.heal(peer)
  }

  #behave(task: SentTask, slots: number): void {
    const running = this.#workers.open().filter(({ peer }) => peer === task.peer)
    this.#witness.sent(task)
    if (running.length > slots + 1) return task.refuse('WORKER_BUSY')
    if (this.#isStormy && this.#chance(0.08)) {
      return task.refuse(this.#oneOf(['WORKER_BUSY', 'WORKER_STOPPING', 'OWNER_REFUSED'] as const))
    }
    this.#witness.began(task)
    const runMs = this.#below(this.#chance(0.2) ? 20_000 : 2_000)
    this.#world.after(Math.min(runMs, task.assignment.run_timeout_ms), () => this.#end(task, runMs))
  }

  #end(task: SentTask, runMs: number): void {
    if (!task.isOpen) return
    if (runMs > task.assignment.run_timeout_ms) return task.fail('TASK_TIMED_OUT')
    const fate = this.#isStormy ? this.#random.next() : 1
    if (fate < 0.06) task.fail('SANDBOX_CRASHED')
    else if (fate < 0.12) task.fail('TASK_FAILED')
    else if (fate < 0.15) task.answer('no JSON')
    else if (fate < 0.18) task.fail('WORKER_STOPPING')
    else task.complete(task.leaseId)
  }

  /** A worker needs a moment to end a task, and the task may be faster. */
  #onStop(task: SentTask): void {
    this.#world.after(this.#below(1_000), () => task.fail('TASK_STOPPED'))
  }

  /** Whoever gets no answer asks again, with the same key. */
  #submitSome(): void {
    const document = this.#someJob()
    let isOver = false
    const again = (): void => {
      if (isOver || this.#world.nowMs > STORM_MS) return
      void this.#submit(document).then((isAnswered) => (isOver ||= isAnswered))
      this.#world.after(5_000, again)
    }
    again()
  }

  /** Says whether there was an answer with which the asker can leave it. */
  async #submit(document: Partial<JobDocument>): Promise<boolean> {
    const life = this.#life
    if (life?.isReady !== true) return false
    try {
      const { job } = await life.parts.intake.submit({ task: NOOP, ...document }, 'somebody')
      this.#witness.accepted(job.id, document)
      return true
    } catch (cause) {
      // If the disk failed, the job was not acknowledged; what it needs may have failed, too.
      return !MeshError.from(cause).retryable
    }
  }

  async #actOnOne(): Promise<void> {
    const life = this.#life
    const id = this.#oneOf(this.#witness.jobIds)
    if (life?.isReady !== true || id === undefined) return
    const { control, intake } = life.parts
    const what = this.#oneOf(['stop', 'hold', 'release', 'rerun'] as const)
    this.#witness.asked(id, what)
    try {
      if (what === 'rerun') {
        const { id: rerunId } = await intake.rerun(id, { items: 'all' }, 'somebody')
        this.#witness.accepted(rerunId, this.#witness.documentOf(id))
      } else if (what === 'stop') await control.stop(id, { reason: 'changed my mind' }, 'somebody')
      else if (what === 'hold') await control.hold(id, undefined, 'somebody')
      else await control.release(id, 'somebody')
      this.#witness.answered(id, what)
    } catch {
      // It has ended, is not held, or the disk failed.
    }
  }

  /** All that was wrong heals; what is held is released until it has come to an end. */
  #calm(): void {
    this.#isStormy = false
    this.#writesLeft = Infinity
    this.#witness.see('all heals')
    this.#world.after(30_000, () => void this.#releaseAll(0))
  }

  async #releaseAll(count: number): Promise<void> {
    for (const peer of PEERS) if (this.#workers.stateOf(peer) !== 'up') this.#heal(peer)
    const { isReady, parts } = this.#life as Life
    const jobs = this.#witness.jobIds
      .map((id) => parts.pending.job(id) ?? parts.dispatcher.job(id)?.record)
      .filter((job) => job !== undefined && !isTerminal(job.state))
    for (const job of jobs) {
      if (job === undefined || (job.counts.held === 0 && !job.isOnHold)) continue
      this.#witness.asked(job.id, 'release')
      // oxlint-disable-next-line no-await-in-loop -- people do one thing after the other
      await parts.control.release(job.id, 'somebody').catch(() => {})
    }
    const isDone = isReady && jobs.length === 0
    if (!isDone && count < 200) this.#world.after(60_000, () => void this.#releaseAll(count + 1))
    else this.#tidyUp()
  }

  /** Once more all meet anew: whatever a worker still holds, it hears that nobody needs it. */
  #tidyUp(): void {
    for (const peer of PEERS) {
      this.#workers.cut(peer)
      this.#workers.heal(peer)
    }
  }

  async #checkAll(): Promise<void> {
    const { clock, parts } = this.#life as Life
    const { dispatcher, store } = parts
    const ids = await this.#allIds()
    for (const id of ids) await this.#witness.checkJob(id, store)
    for (const id of this.#witness.jobIds) this.#witness.claim(ids.includes(id), `${id} vanished`)
    const { queued, running } = dispatcher.counts()
    this.#witness.claim(queued + running === 0, `${queued} queued and ${running} running are left`)
    this.#witness.claim(clock.timerCount === 0, `${clock.timerCount} timers are left`)
    for (const peer of PEERS) {
      const own = this.#workers.ownTasks(peer)
      this.#witness.claim(own === 0, `${peer} is counted with ${own} tasks`)
      const held = this.#workers.leaseIds(peer)
      this.#witness.claim(held.length === 0, `${peer} still holds ${held.join()}`)
    }
  }

  async #allIds(): Promise<string[]> {
    const jobs = await (this.#life as Life).store.jobs({ limit: 1_000 })
    for (const { id, state } of jobs) this.#witness.claim(isTerminal(state), `${id} is ${state}`)
    const keys = jobs.flatMap(({ key }) => key ?? [])
    this.#witness.claim(new Set(keys).size === keys.length, 'two jobs have the same key')
    return jobs.map(({ id }) => id)
  }
}
