/**
 * Looks at a running container from time to time: how much of the disk its task has taken, which no
 * runtime bounds without a file system made for it, and what it uses where that can't be read afterwards.
 * A short container ends before the first look, and pays nothing.
 */
import { DiskWatch } from '../process/disk-watch.ts'
import { descendants } from '../process/process-tree.ts'
import { figuresOfProcess } from './container-groups.ts'
import { outOfDisk, uncountable } from '../process/process-outcome.ts'
import { sleep } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { ContainerState } from './container-cli.ts'
import type { GroupFigures } from './container-groups.ts'
import type { MeshError } from '../../core/errors.ts'

export interface ContainerWatchInit {
  /** The task's working folder. */
  folder: string
  diskBytesMax: number
  /** Asked until it knows a process. */
  state: () => Promise<ContainerState | undefined>
  onExceeded: (verdict: MeshError) => void
}

/** Asking for a process costs a call of the runtime, which most containers do not live to see. */
const PERIOD_MS = 1_000

export class ContainerWatch {
  readonly #clock: Clock
  readonly #state: ContainerWatchInit['state']
  readonly #disk: DiskWatch
  readonly #controller = new AbortController()
  #pid = 0
  #figures: GroupFigures | undefined

  /** Begins at once. */
  constructor(clock: Clock, { diskBytesMax, folder, onExceeded, state }: ContainerWatchInit) {
    this.#clock = clock
    this.#state = state
    this.#disk = new DiskWatch(clock, {
      folder,
      bytesMax: diskBytesMax,
      pids: () => (this.#pid === 0 ? [] : [this.#pid, ...descendants(this.#pid)]),
      onExceeded: (isHidden) => onExceeded(isHidden ? uncountable() : outOfDisk(diskBytesMax))
    })
    void this.#watchUsage()
  }

  /** As last seen. */
  get figures(): GroupFigures | undefined {
    return this.#figures
  }

  /** What the task has left, for when nothing of it runs any more. */
  async finalDiskBytes(): Promise<number> {
    this.#controller.abort()
    return await this.#disk.finalBytes()
  }

  /** Once it resolves, nothing is looked at any more. */
  async stop(): Promise<void> {
    this.#controller.abort()
    await this.#disk.stop()
  }

  async #watchUsage(): Promise<void> {
    const { signal } = this.#controller
    while (!signal.aborted) {
      await sleep(this.#clock, PERIOD_MS, { signal }).catch(() => {})
      if (signal.aborted) return
      if (this.#pid === 0) this.#pid = (await this.#state())?.pid ?? 0
      if (this.#pid !== 0) this.#figures = figuresOfProcess(this.#pid) ?? this.#figures
    }
  }
}
