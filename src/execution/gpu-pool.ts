/** Which of the machine's GPUs are in use by which task: each is one task's alone. */
import { MeshError } from '../core/errors.ts'

export class GpuPool {
  readonly #taken = new Set<number>()

  /**
   * @param machineCount as the machine was last seen; it may learn of its GPUs only after its start
   * @throws MeshError WORKER_BUSY where the machine has fewer
   */
  requireAll(count: number, machineCount: number): void {
    if (count <= machineCount) return
    const message = `the task wants ${count} GPUs, and this machine shows ${machineCount} now`
    throw new MeshError('WORKER_BUSY', message, { path: 'resources.gpu' })
  }

  fits(count: number, machineCount: number): boolean {
    return this.#free(count, machineCount).length === count
  }

  /** @returns numbers of GPUs, lowest first; only where they fit */
  take(count: number, machineCount: number): readonly number[] {
    const free = this.#free(count, machineCount)
    for (const gpu of free) this.#taken.add(gpu)
    return free
  }

  get takenCount(): number {
    return this.#taken.size
  }

  giveBack(gpus: readonly number[]): void {
    for (const gpu of gpus) this.#taken.delete(gpu)
  }

  /** Up to so many. */
  #free(count: number, machineCount: number): number[] {
    const free: number[] = []
    for (let gpu = 0; gpu < machineCount && free.length < count; gpu++) {
      if (!this.#taken.has(gpu)) free.push(gpu)
    }
    return free
  }
}
