/** Which pending jobs wait for which jobs. */
import type { JobRecord } from '../../jobs/records.ts'

type Dependent = Pick<JobRecord, 'id' | 'needs'>

export class Dependents {
  /** Need → those that wait for it. */
  readonly #byNeed = new Map<string, Set<string>>()

  add({ id, needs }: Dependent): void {
    for (const need of needs) {
      const dependents = this.#byNeed.get(need) ?? new Set()
      this.#byNeed.set(need, dependents.add(id))
    }
  }

  delete({ id, needs }: Dependent): void {
    for (const need of needs) {
      const dependents = this.#byNeed.get(need)
      dependents?.delete(id)
      if (dependents?.size === 0) this.#byNeed.delete(need)
    }
  }

  has(need: string): boolean {
    return this.#byNeed.has(need)
  }

  of(need: string): string[] {
    return [...(this.#byNeed.get(need) ?? [])]
  }
}
