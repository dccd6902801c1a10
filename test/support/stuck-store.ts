/** A store in memory whose writes wait for as long as a test says, as on a disk that does not follow. */
import { deferred } from '../../src/core/abort.ts'
import { MemoryJobStore } from '../../src/jobs/memory-store.ts'
import type { StoreChange } from '../../src/jobs/store.ts'

export class StuckStore extends MemoryJobStore {
  /** Writes that still pass. */
  passCount: number
  readonly #released = deferred<void>()

  constructor(passCount: number) {
    super()
    this.passCount = passCount
  }

  override async apply(changes: readonly StoreChange[]): Promise<void> {
    this.passCount -= 1
    if (this.passCount < 0) await this.#released.promise
    await super.apply(changes)
  }

  release(): void {
    this.passCount = Infinity
    this.#released.resolve()
  }
}
