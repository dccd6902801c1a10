/**
 * How far an engine keeps a task from the machine it runs on: said by each worker of each of its engines,
 * and asked for by conditions such as `isolation >= sandbox`. An order of four names on three ranks: a
 * sandbox and a container both hold a stranger's code, so neither is more than the other.
 */

/**
 * `none`: it can do whatever the node can, or its user. `thread`: a fault stays its own, nothing else does.
 * `sandbox` and `container`: it reaches what it was given, and is ended by force.
 */
export type Isolation = 'none' | 'thread' | 'sandbox' | 'container'

const RANKS: ReadonlyMap<string, number> = new Map<Isolation, number>([
  ['none', 0],
  ['thread', 1],
  ['sandbox', 2],
  ['container', 2]
])

export const ISOLATIONS: readonly string[] = [...RANKS.keys()]

/** What conditions ask for: of the task's own engine, or of a named one (`isolation.process`). */
const ISOLATION_KEY = 'isolation'

export function isIsolationKey(key: string): boolean {
  return key === ISOLATION_KEY || key.startsWith(`${ISOLATION_KEY}.`)
}

export function isolationKey(engine: string): string {
  return `${ISOLATION_KEY}.${engine}`
}

/** Its place in the order; NaN for what is no isolation, as of a number that is none. */
export function isolationRank(text: string): number {
  return RANKS.get(text) ?? Number.NaN
}
