/**
 * Keeps a fresh picture of what this machine is and has, for the worker's capability record. It
 * decides when to look and what to believe when looking fails; what the figures mean is decided in
 * `capabilities.ts`, and looking is the probe's work. Starting never fails and never waits for long.
 */
import { sleep, withTimeLimit } from '../core/abort.ts'
import { assert } from '../core/assert.ts'
import { messageOf } from '../core/errors.ts'
import { composeCapabilities, composeHostFacts } from './capabilities.ts'
import { readSystemFigures } from './system-figures.ts'
import { ThreadHostProbe } from './thread-host-probe.ts'
import type { Clock } from '../core/clock.ts'
import type { Startable } from '../core/startable.ts'
import type { Capabilities, HostFacts } from '../model/generated/capability-record.ts'
import type { HostOffer } from './capabilities.ts'
import type { HostProbe, RawGpu, RawHostFacts } from './host-probe.ts'

export interface HostMonitorComponents {
  clock: Clock
  logger?: { warn(fields: object, message: string): void }
  /** @default a `ThreadHostProbe` of the directory */
  probe?: HostProbe
}

export interface HostMonitorInit extends HostOffer {
  /** The directory whose disk counts. @default the current one */
  directory?: string | undefined
  /** Whether `slowdown` is measured. @default false */
  measuresSlowdown?: boolean | undefined
  /** Pause between two looks. @default 5_000 */
  refreshMs?: number | undefined
}

/** One look at the machine; frozen, and replaced as a whole by the next. */
export interface HostSnapshot {
  readonly capabilities: Readonly<Capabilities>
  readonly facts: Readonly<HostFacts>
  /** By the monotonic clock; of the processor, memory and disk figures, not of the cards'. */
  readonly takenAtMs: number
}

/** Heartbeats go out every few seconds; an older figure would only mislead, a newer one costs work. */
const DEFAULT_REFRESH_MS = 5_000

/** The first look sees the processor busy with our own start (60 to 100 % measured); the second comes soon. */
const SECOND_LOOK_MS = 1_000

/** A look takes some 50 ms. Past this the tools it runs are stuck, and node:os has to do. */
const PROBE_TIMEOUT_MS = 10_000

/** Cards come and go with drivers, and looking starts a process. */
const GPU_REFRESH_MS = 60_000

/** nvidia-smi wakes every card of a big machine first, which takes it several seconds. */
const GPU_TIMEOUT_MS = 30_000

/** A thread ends at once, unless a tool holds it; then the node doesn't wait for it. */
const CLOSE_TIMEOUT_MS = 2_000

export class HostMonitor implements Startable {
  readonly #clock: Clock
  readonly #logger: HostMonitorComponents['logger']
  readonly #probe: HostProbe
  readonly #offer: Readonly<HostOffer>
  readonly #refreshMs: number
  readonly #failing = new Set<string>()
  #controller: AbortController | undefined
  #started: Promise<void> | undefined
  #facts: RawHostFacts | undefined
  #takenAtMs = 0
  #gpus: readonly RawGpu[] = []
  #snapshot: HostSnapshot | undefined

  constructor(components: HostMonitorComponents, init: HostMonitorInit = {}) {
    this.#clock = components.clock
    this.#logger = components.logger
    this.#probe = components.probe ?? new ThreadHostProbe(init)
    this.#offer = Object.freeze({
      offeredCpuCores: init.offeredCpuCores,
      offeredMemoryBytes: init.offeredMemoryBytes
    })
    this.#refreshMs = init.refreshMs ?? DEFAULT_REFRESH_MS
    assert(this.#refreshMs > 0, 'refreshMs is above 0')
  }

  /** Resolves once there is a snapshot: the probe's, or node:os's when the probe fails or takes too long. */
  start(): Promise<void> {
    this.#started ??= this.#begin()
    return this.#started
  }

  async stop(): Promise<void> {
    if (this.#controller === undefined) return
    const started = this.#started
    this.#controller.abort(new Error('the host monitor was stopped'))
    this.#controller = undefined
    this.#started = undefined
    await started
    await this.#attempt('close', CLOSE_TIMEOUT_MS, () => this.#probe.close())
  }

  /** The latest look; costs nothing. Only after `start`. */
  snapshot(): HostSnapshot {
    assert(this.#snapshot !== undefined, 'a snapshot exists after start()')
    return this.#snapshot
  }

  /** How much longer than at its best the same short calculation takes lately. */
  get slowdown(): number {
    return this.#probe.slowdown
  }

  async #begin(): Promise<void> {
    const controller = new AbortController()
    this.#controller = controller
    await this.#refresh(controller.signal)
    if (this.#facts === undefined) this.#accept(readSystemFigures())
    void this.#watchHost(controller.signal)
    void this.#watchGpus(controller.signal)
  }

  async #watchHost(signal: AbortSignal): Promise<void> {
    await this.#pause(Math.min(SECOND_LOOK_MS, this.#refreshMs), signal)
    while (!signal.aborted) {
      await this.#refresh(signal)
      await this.#pause(this.#refreshMs, signal)
    }
  }

  /** Starts after the first snapshot, so that on a small machine it doesn't slow that one down. */
  async #watchGpus(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#refreshGpus(signal)
      await this.#pause(GPU_REFRESH_MS, signal)
    }
  }

  /** Begins when a look is over, so that slow looks never overlap; `stop` cuts it short. */
  async #pause(pauseMs: number, signal: AbortSignal): Promise<void> {
    try {
      await sleep(this.#clock, pauseMs, { signal })
    } catch {
      // Only the signal ends a pause early, and the loops look at it themselves.
    }
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const facts = await this.#attempt(
      'host',
      PROBE_TIMEOUT_MS,
      (limit) => this.#probe.probe({ signal: limit }),
      signal
    )
    if (facts !== undefined && !signal.aborted) this.#accept(facts)
  }

  async #refreshGpus(signal: AbortSignal): Promise<void> {
    const gpus = await this.#attempt(
      'gpu',
      GPU_TIMEOUT_MS,
      (limit) => this.#probe.probeGpus({ signal: limit }),
      signal
    )
    if (gpus === undefined || signal.aborted || this.#facts === undefined) return
    this.#gpus = gpus
    this.#publish(this.#facts)
  }

  /** Undefined when it failed: the last figures stay, and one warning marks the beginning of the trouble. */
  async #attempt<T>(
    what: string,
    timeoutMs: number,
    look: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal
  ): Promise<T | undefined> {
    try {
      const message = `the ${what} probe took longer than ${timeoutMs} ms`
      const limit = { clock: this.#clock, timeoutMs, code: 'INTERNAL', message, signal } as const
      const result = await withTimeLimit(limit, look)
      this.#failing.delete(what)
      return result
    } catch (cause) {
      if (signal?.aborted !== true && !this.#failing.has(what)) {
        this.#failing.add(what)
        this.#logger?.warn({ probe: what, error: messageOf(cause) }, 'host probe failed')
      }
      return undefined
    }
  }

  #accept(facts: RawHostFacts): void {
    this.#facts = facts
    this.#takenAtMs = this.#clock.monotonicMs()
    this.#publish(facts)
  }

  #publish(facts: RawHostFacts): void {
    this.#snapshot = Object.freeze({
      capabilities: Object.freeze(composeCapabilities(facts, this.#gpus, this.#offer)),
      facts: Object.freeze(composeHostFacts(facts)),
      takenAtMs: this.#takenAtMs
    })
  }
}
