/**
 * A disk that takes its time: what is written is read back at once, is told to be durable a little later,
 * and what was not durable when the router died is gone.
 */
import { MemoryJobStore } from '../../src/jobs/memory-store.ts'
import { MeshError } from '../../src/core/errors.ts'
import type { SimClock } from './sim-clock.ts'
import type { StoreChange } from '../../src/jobs/store.ts'

/** What has become durable, over all lives of the router. */
export class SimDisk {
  readonly #rows = new Map<string, StoreChange>()

  write(changes: readonly StoreChange[]): void {
    for (const change of changes) {
      const key = keyOf(change)
      // Behind what was written before it, as in a journal.
      this.#rows.delete(key)
      this.#rows.set(key, change)
    }
  }

  get rows(): StoreChange[] {
    return [...this.#rows.values()]
  }
}

export interface DiskStoreInit {
  world: SimClock
  disk: SimDisk
  /** How long a write takes now. */
  delayMs: () => number
  /** Whether a write fails now. */
  fails: () => boolean
  /** Called before each write. */
  onWrite: () => void
}

/** The store of one life of a router. */
export class DiskStore extends MemoryJobStore {
  readonly #init: DiskStoreInit
  #durableAtMs = 0
  #isDead = false

  constructor(init: DiskStoreInit) {
    super()
    this.#init = init
  }

  /** Reads what the life before left. */
  async load(): Promise<void> {
    await super.apply(this.#init.disk.rows)
  }

  die(): void {
    this.#isDead = true
  }

  override async apply(changes: readonly StoreChange[]): Promise<void> {
    const { delayMs, disk, fails, onWrite, world } = this.#init
    onWrite()
    if (this.#isDead) return await new Promise<never>(() => {})
    if (fails()) throw new MeshError('STORE_FAILED', 'the disk is full')
    await super.apply(changes)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#durableAtMs = Math.max(this.#durableAtMs, world.nowMs + delayMs())
    // Records are never changed in place, so that the references are as good as text.
    world.after(this.#durableAtMs - world.nowMs, () => {
      if (this.#isDead) return
      disk.write(changes)
      resolve()
    })
    await promise
  }
}

function keyOf(change: StoreChange): string {
  switch (change.kind) {
    case 'job':
      return `job ${change.job.id}`
    case 'item':
      return `item ${change.item.jobId} ${change.item.index}`
    case 'attempt': {
      const { itemIndex, jobId, number } = change.attempt
      return `attempt ${jobId} ${itemIndex} ${number}`
    }
    case 'output':
      return `output ${change.jobId} ${change.itemIndex}`
    case 'result':
      return `result ${change.key}`
    case 'decision':
      return `decision ${change.jobId} ${change.itemIndex} ${change.attempt}`
    case 'receipt':
      return `receipt ${change.jobId} ${change.itemIndex} ${change.attempt}`
    case 'log':
      return `log ${change.jobId} ${change.itemIndex} ${change.attempt} ${change.from}`
    case 'note':
      return `note ${change.name}`
    case 'forgetDecisions':
      return `forgetDecisions ${change.beforeMs}`
    case 'document':
    case 'forget':
    case 'forgetLogs':
      return `${change.kind} ${change.jobId}`
  }
}
