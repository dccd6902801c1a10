/**
 * The places of a worker's tasks: each has a slot and the GPUs that it asked for, and waits until both are free.
 * What is expected of the tasks in them and in line is reckoned up along with it.
 */
import { BYTES_PER_MB } from '../core/units.ts'
import { GpuPool } from './gpu-pool.ts'
import { LoadFigures } from '../selection/load-figures.ts'
import { Slots } from './slots.ts'
import type { Claim } from './slots.ts'
import type { Clock } from '../core/clock.ts'
import type { HostMonitor } from '../host/host-monitor.ts'
import type { MeshError } from '../core/errors.ts'
import type { TaskRequest } from './task-request.ts'

export interface TaskPlacesComponents {
  clock: Clock
  host: Pick<HostMonitor, 'snapshot'>
  /** Called when a task has come in line, begun, left or ended. */
  onChange: (hasEnded: boolean) => void
}

export interface TaskPlacesInit {
  slots: number
  /** How long a task may wait. @default LIMITS.workerWaitMsMax */
  waitMsMax?: number | undefined
}

/** What of a task says which place it needs, and for how long. */
export type PlaceWants = Pick<
  TaskRequest,
  'expectedMs' | 'gpuCount' | 'memoryBytesMax' | 'timeoutMs'
>

/** A task's slot, and what it has with it. */
export interface Place extends Claim {
  /** How long it is reckoned to keep them. */
  expectedMs: number
  gpus: readonly number[]
}

export class TaskPlaces {
  readonly #components: TaskPlacesComponents
  readonly #figures: LoadFigures
  readonly #gpus = new GpuPool()
  readonly #slots: Slots

  constructor(components: TaskPlacesComponents, init: TaskPlacesInit) {
    this.#components = components
    this.#figures = new LoadFigures(init.slots)
    this.#slots = new Slots(components.clock, init)
  }

  get runningCount(): number {
    return this.#slots.runningCount
  }

  get waitingCount(): number {
    return this.#slots.waitingCount
  }

  /** As `Slots.waitingOf`. */
  waitingOf(router: string): number {
    return this.#slots.waitingOf(router)
  }

  get gpusTakenCount(): number {
    return this.#gpus.takenCount
  }

  get figures(): Pick<LoadFigures, 'queuedMs' | 'waitMs' | 'workRateAt'> {
    return this.#figures
  }

  /** As `Slots.recentCount`. */
  recentCount(): number {
    return this.#slots.recentCount()
  }

  /** What a task is to have, and to wait for. @throws MeshError WORKER_BUSY where the machine has too few GPUs */
  claim(router: string, wants: PlaceWants): Place {
    const { expectedMs: toldMs, gpuCount, memoryBytesMax, timeoutMs } = wants
    const { host } = this.#components
    const countGpus = (): number => host.snapshot().capabilities.gpu_count ?? 0
    if (gpuCount > 0) this.#gpus.requireAll(gpuCount, countGpus())
    const place: Place = {
      router,
      expectedMs: this.#figures.expected(toldMs, timeoutMs),
      gpus: [],
      fit: () => {
        if (gpuCount > 0 && !this.#gpus.fits(gpuCount, countGpus())) return 'no'
        // The figure is some seconds old, and a limit is no demand: reason to let others go first, no more.
        const availableMb = host.snapshot().capabilities.memory_available_mb
        return memoryBytesMax > availableMb * BYTES_PER_MB ? 'tight' : 'yes'
      },
      take: () => {
        place.gpus = this.#gpus.take(gpuCount, countGpus())
        this.#figures.leftQueue(place.expectedMs)
        this.#figures.began(place.expectedMs)
      }
    }
    return place
  }

  /**
   * Takes the place: at once, and then returns nothing, so that whoever comes next in the same moment sees it taken.
   * @throws as `Slots.take`
   */
  enter(place: Place, signal: AbortSignal): Promise<void> | undefined {
    const { clock, onChange } = this.#components
    this.#figures.arrived(place.expectedMs, clock.monotonicMs())
    const waiting = this.#slots.take(place, signal)
    onChange(false)
    return waiting?.catch((cause: unknown) => {
      this.#figures.leftQueue(place.expectedMs)
      onChange(false)
      throw cause
    })
  }

  /** Frees the place, once what lingers in it has gone. */
  async leave(place: Place, lingering: Promise<void> | undefined): Promise<void> {
    // Whoever waits for the slot may want the GPUs as well.
    const giveBack = (): void => {
      this.#gpus.giveBack(place.gpus)
      this.#figures.ended(place.expectedMs)
    }
    if (lingering === undefined) {
      giveBack()
      this.#slots.release(place.router)
    } else await this.#slots.releaseAfter(place.router, lingering.then(giveBack))
    this.#components.onChange(true)
  }

  /** How long a task has run, of which nobody had said how long it would. */
  learn({ expectedMs }: TaskRequest, ranMs: number | undefined): void {
    if (expectedMs === undefined && ranMs !== undefined) this.#figures.learn(ranMs)
  }

  /** Sends all away that wait. */
  handBack(error: MeshError): void {
    this.#slots.handBack(error)
  }

  /** As `Slots.handBackLast`. */
  handBackLast(router: string, error: MeshError): boolean {
    return this.#slots.handBackLast(router, error)
  }

  /** As `Slots.whenIdle`. */
  async whenIdle(): Promise<void> {
    await this.#slots.whenIdle()
  }
}
