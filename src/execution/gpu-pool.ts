/** Which of the machine's GPUs are in use by which task: each is one task's alone. */
import { MeshError } from '../core/errors.ts'

export class GpuPool {
  readonly #taken = new Set<number>()

  /**
   * @param machineCount as the machine was last seen; it may learn of its GPUs only after its start
   * @returns numbers of GPUs, lowest first
   * @throws MeshError WORKER_BUSY where too few are free
   */
  take(count: number, machineCount: number): readonly number[] {
    if (count === 0) return []
    const free: number[] = []
    for (let gpu = 0; gpu < machineCount && free.length < count; gpu++) {
      if (!this.#taken.has(gpu)) free.push(gpu)
    }
    if (free.length < count) {
      throw new MeshError(
        'WORKER_BUSY',
        `the task wants ${count} of ${machineCount} GPUs, and ${free.length} are free`,
        { path: 'resources.gpu' }
      )
    }
    for (const gpu of free) this.#taken.add(gpu)
    return free
  }

  get takenCount(): number {
    return this.#taken.size
  }

  giveBack(gpus: readonly number[]): void {
    for (const gpu of gpus) this.#taken.delete(gpu)
  }
}
