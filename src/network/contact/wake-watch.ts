/**
 * Notices that this machine is somewhere else than it was, or has slept: its own addresses are others, or time has
 * passed in which nothing ran. The system tells nobody of either, so it looks now and then.
 */
import { networkInterfaces } from 'node:os'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { NetworkInterfaceInfo } from 'node:os'
import type { Startable } from '../../core/startable.ts'

export type Interfaces = NodeJS.Dict<Pick<NetworkInterfaceInfo, 'address' | 'internal'>[]>

/** What a look found. */
export interface Upheaval {
  /** Addresses that this machine has no more. */
  gone: readonly string[]
  /** Addresses that it did not have before. */
  come: readonly string[]
  /** For how long nothing ran; 0 unless it was long enough to matter. */
  sleptMs: number
}

export interface WakeWatchComponents {
  clock: Clock
  onUpheaval: (upheaval: Upheaval) => void
  /** @default the system's */
  interfaces?: () => Interfaces
}

/** What a look sees. */
export interface Moment {
  addresses: ReadonlySet<string>
  wallMs: number
  monotonicMs: number
}

/** The system's answer takes some 0.1 ms. */
const LOOK_MS = 2_000
/** Others take a peer for dead after some ten seconds; a machine that is merely busy is not that late. */
const SLEEP_MS_MIN = 10_000
/** Each link has these, and comes and goes with every container; nobody is reached by them from beyond it. */
const LINK_LOCAL = /^(?:fe80:|169\.254\.)/i

export class WakeWatch implements Startable {
  readonly #components: WakeWatchComponents
  #before: Moment | undefined
  #cancel: CancelTimer = () => {}

  constructor(components: WakeWatchComponents) {
    this.#components = components
  }

  async start(): Promise<void> {
    this.#before = this.#look()
    this.#cancel = this.#components.clock.every(LOOK_MS, () => this.#compare())
  }

  async stop(): Promise<void> {
    this.#cancel()
  }

  #compare(): void {
    const now = this.#look()
    const upheaval = upheavalBetween(this.#before ?? now, now)
    this.#before = now
    if (upheaval !== undefined) this.#components.onUpheaval(upheaval)
  }

  #look(): Moment {
    const { clock, interfaces = networkInterfaces } = this.#components
    return {
      addresses: reachableAddresses(interfaces()),
      wallMs: clock.wallMs(),
      monotonicMs: clock.monotonicMs()
    }
  }
}

/** Undefined where all is as it was. Compares two looks that should be `LOOK_MS` apart. */
export function upheavalBetween(before: Moment, now: Moment): Upheaval | undefined {
  const gone = [...before.addresses].filter((address) => !now.addresses.has(address))
  const come = [...now.addresses].filter((address) => !before.addresses.has(address))
  // Where the monotonic clock stands still in sleep, only the wall clock tells; elsewhere both do.
  const passedMs = Math.max(now.wallMs - before.wallMs, now.monotonicMs - before.monotonicMs)
  const lateMs = passedMs - LOOK_MS
  const sleptMs = lateMs >= SLEEP_MS_MIN ? lateMs : 0
  if (gone.length === 0 && come.length === 0 && sleptMs === 0) return undefined
  return { gone, come, sleptMs }
}

/** Of this machine, those by which others may reach it. */
export function reachableAddresses(interfaces: Interfaces): Set<string> {
  const infos = Object.values(interfaces).flatMap((each) => each ?? [])
  const beyond = infos.filter(({ address, internal }) => !internal && !LINK_LOCAL.test(address))
  return new Set(beyond.map(({ address }) => address))
}
