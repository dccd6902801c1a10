/** A job store whose writes fail while a test says so, and which counts what is written. */
import { MeshError } from '../../src/core/errors.ts'
import { MemoryJobStore } from '../../src/jobs/memory-store.ts'
import type { StoreChange } from '../../src/jobs/store.ts'

export class FailingStore extends MemoryJobStore {
  /** Whether a call fails; none does at first. */
  fails: (changes: readonly StoreChange[]) => boolean = () => false
  /** Kinds of all changes written, in order. */
  readonly written: StoreChange['kind'][] = []

  override async apply(changes: readonly StoreChange[]): Promise<void> {
    if (this.fails(changes)) throw new MeshError('STORE_FAILED', 'the disk is full')
    this.written.push(...changes.map(({ kind }) => kind))
    await super.apply(changes)
  }
}
