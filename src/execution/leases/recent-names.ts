/**
 * The last few thousand names that each router's leases had: two sets in turn, so that forgetting costs nothing,
 * and none of a router is forgotten for those of another.
 */
import { RecentMap } from '../../core/recent-map.ts'

/** A dispatch that others have overtaken comes within seconds. */
const GENERATION_MAX = 4_096
/** More at once are hardly at work with one worker; whoever was heard of longest ago is forgotten. */
const ROUTERS_MAX = 64

interface Names {
  younger: Set<string>
  older: Set<string>
}

export class RecentNames {
  readonly #routers = new RecentMap<string, Names>(ROUTERS_MAX)

  add(router: string, name: string): void {
    const names = this.#routers.get(router) ?? { younger: new Set(), older: new Set() }
    this.#routers.set(router, names)
    names.younger.add(name)
    if (names.younger.size < GENERATION_MAX) return
    names.older = names.younger
    names.younger = new Set()
  }

  has(router: string, name: string): boolean {
    const names = this.#routers.get(router)
    return names !== undefined && (names.younger.has(name) || names.older.has(name))
  }
}
