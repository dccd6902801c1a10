/**
 * A process of attackers of one sort. Its attacks come in turn, each for the same time and at its own pace; the
 * process as a whole keeps to a share of a core, so that what honest jobs feel is what the attacks do to the
 * mesh, and not that attackers have the processor.
 */
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../../src/core/random.ts'
import { ATTACKS } from './attacks.ts'
import { CONTROL } from './attacks/control.ts'
import { RawPeer } from './raw-peer.ts'
import { Tally } from './tally.ts'
import type { Attack, Order, Stage } from './attack.ts'
import type { AttackResult } from './attackers.ts'

/** As `nice` counts. */
const LOW_PRIORITY = 10
const STEP_MS_MIN = 500
const STEP_MS_MAX = 12_000
const HELD_MAX = 256
/** A peer without a certificate lives for so many steps of an attack, so that new ones come without end. */
const STRANGER_STEPS = 4

/** Attackers are not careful: a connection that the victim ends may throw anywhere. */
process.on('uncaughtException', () => undefined)
process.on('unhandledRejection', () => undefined)

// What is left of the processors, and no more: a busy machine would otherwise share them out evenly.
setPriority(LOW_PRIORITY)

process.once('disconnect', () => process.exit(1))
process.once('message', (order: Order) => {
  process.once('message', () => {
    void attackAll(order).then(() => process.exit(0))
  })
  process.send?.({ kind: 'ready' })
})

async function attackAll(order: Order): Promise<void> {
  const random = seededRandom(order.seed)
  const sliceMs = (order.seconds * 1_000) / order.attacks.length
  const startMs = performance.now()
  for (const [index, name] of order.attacks.entries()) {
    const attack = [...ATTACKS, CONTROL].find((each) => each.name === name)
    if (attack === undefined) throw new Error(`no attack is named ${name}`)
    const endsAtMs = startMs + sliceMs * (index + 1)
    // oxlint-disable-next-line no-await-in-loop
    await new Turn(order, attack, index, random).play(endsAtMs)
  }
}

/** One attack's time. */
class Turn {
  readonly #order: Order
  readonly #attack: Attack
  readonly #stage: Stage
  readonly #tally = new Tally()
  readonly #held: (() => void)[] = []
  readonly #strangers: RawPeer[] = []
  readonly #controller = new AbortController()
  #member: Promise<RawPeer> | undefined

  constructor(order: Order, attack: Attack, index: number, random: Stage['random']) {
    const { api, files, front, identities, localAddress, namespace, papers, targets } = order
    this.#order = order
    this.#attack = attack
    const [target] = targets
    const identity = identities[index] ?? identities[0]
    if (target === undefined || identity === undefined) throw new Error('nobody to attack')
    this.#stage = {
      api,
      front,
      files,
      localAddress,
      namespace,
      papers,
      random,
      target,
      targets,
      identity,
      step: 0,
      signal: this.#controller.signal,
      tally: this.#tally,
      stranger: async () => await this.#stranger(),
      member: async () => await (this.#member ??= this.#newMember(identity)),
      hold: (close) => this.#hold(close)
    }
  }

  async play(endsAtMs: number): Promise<void> {
    const fromMs = Date.now()
    const pace = new Pace(this.#order.cpuShare, this.#attack.perSecond)
    // Once at least, however late it is.
    do {
      // oxlint-disable-next-line no-await-in-loop
      await pace.next()
      const { targets } = this.#order
      const { random, target } = this.#stage
      this.#stage.target = targets[Math.floor(random.next() * targets.length)] ?? target
      // oxlint-disable-next-line no-await-in-loop
      await this.#step(Math.min(STEP_MS_MAX, Math.max(STEP_MS_MIN, endsAtMs - performance.now())))
      this.#stage.step += 1
    } while (performance.now() < endsAtMs)
    this.#end()
    const { counts } = this.#tally
    const result: AttackResult = { name: this.#attack.name, fromMs, untilMs: Date.now(), counts }
    process.send?.(result)
  }

  async #step(msMax: number): Promise<void> {
    this.#tally.counts.steps += 1
    const late = new AbortController()
    const options = { signal: late.signal }
    try {
      const answer = await Promise.race([
        this.#attack.step(this.#stage),
        sleep(Math.max(0, msMax), 'no end in time', options)
      ])
      if (answer !== undefined) this.#tally.got(answer)
    } catch (cause) {
      this.#tally.failed(cause)
    } finally {
      late.abort()
    }
  }

  async #stranger(): Promise<RawPeer> {
    if (this.#stage.step % STRANGER_STEPS === 0 || this.#strangers.length === 0) {
      const peer = await RawPeer.create(this.#tally, { localAddress: this.#order.localAddress })
      this.#strangers.push(peer)
      this.#hold(() => void peer.stop())
    }
    return this.#strangers.at(-1) as RawPeer
  }

  async #newMember(identity: Stage['identity']): Promise<RawPeer> {
    const peer = await RawPeer.create(this.#tally, {
      identity,
      localAddress: this.#order.localAddress,
      listens: this.#attack.who === 'worker'
    })
    this.#hold(() => void peer.stop())
    return peer
  }

  #hold(close: () => void): void {
    this.#held.push(close)
    const heldMax = this.#attack.heldMax ?? HELD_MAX
    // The first is the attack's own peer, where it has one.
    if (this.#held.length > heldMax) this.#held.splice(1, 1)[0]?.()
  }

  #end(): void {
    this.#controller.abort()
    for (const close of this.#held.splice(0)) {
      try {
        close()
      } catch {
        // It has ended by itself.
      }
    }
  }
}

/** Lets an attack go on as often as it may, and as its process has processor time left. */
class Pace {
  readonly #cpuShare: number
  readonly #periodMs: number
  readonly #startMs = performance.now()
  readonly #startCpuMs = cpuMs()
  #nextMs = performance.now()

  constructor(cpuShare: number, perSecond: number) {
    this.#cpuShare = cpuShare
    this.#periodMs = 1_000 / perSecond
  }

  async next(): Promise<void> {
    const nowMs = performance.now()
    const usedMs = cpuMs() - this.#startCpuMs
    const paidMs = this.#startMs + usedMs / this.#cpuShare
    const dueMs = Math.max(this.#nextMs, paidMs)
    this.#nextMs = Math.max(nowMs, this.#nextMs) + this.#periodMs
    if (dueMs > nowMs) await sleep(Math.min(dueMs - nowMs, 5_000))
  }
}

function cpuMs(): number {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1_000
}
