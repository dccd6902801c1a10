/**
 * How many jobs there are in each state: counted once, then kept by the writer, who knows where each job comes from. To
 * count a hundred thousand each time somebody looks would keep the store's thread from its work.
 */
import type { DatabaseSync } from 'node:sqlite'

const COUNT = 'SELECT state, count(*) AS count FROM jobs INDEXED BY jobs_by_state GROUP BY state'

export class JobCounts {
  readonly #db: DatabaseSync
  /** Undefined until somebody asks, and after what was undone. */
  #counts: Map<string, number> | undefined

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** @param from null of a job that is new. @param to null of one that is forgotten */
  moved(from: string | null, to: string | null): void {
    if (this.#counts === undefined || from === to) return
    if (from !== null) this.#counts.set(from, (this.#counts.get(from) ?? 0) - 1)
    if (to !== null) this.#counts.set(to, (this.#counts.get(to) ?? 0) + 1)
  }

  /** What was written is undone. */
  reset(): void {
    this.#counts = undefined
  }

  read(): [state: string, count: number][] {
    this.#counts ??= new Map(
      this.#db
        .prepare(COUNT)
        .all()
        .map((row) => [String(row['state']), Number(row['count'])])
    )
    return [...this.#counts].filter(([, count]) => count > 0)
  }
}
