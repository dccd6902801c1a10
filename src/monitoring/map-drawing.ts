/**
 * The graph of the mesh, drawn from what each node says of its own connections. Each pair stands once; where both ends
 * speak of it, the first word holds, so that the node that draws believes itself. Bounded, whatever is said. Pure.
 */
import { LIMITS } from '../core/limits.ts'
import type { GetLinksResult, NodeLink } from '../model/generated/commands-get-links.ts'
import type { MapLink, MapNode, MapView } from '../model/generated/api-map.ts'

export class MapDrawing {
  readonly #nodes = new Map<string, MapNode>()
  readonly #links = new Map<string, MapLink>()

  constructor(self: MapNode) {
    this.#nodes.set(self.peer_id, self)
  }

  /** A node that is known otherwise than by its own word. */
  know(node: MapNode): void {
    const known = this.#nodes.get(node.peer_id)
    if (known === undefined && this.#nodes.size >= LIMITS.mapNodesMax) return
    const role = node.role === 'unknown' ? (known?.role ?? 'unknown') : node.role
    this.#nodes.set(node.peer_id, { ...known, ...node, role })
  }

  /** What a node says of its connections. @param ageMs how long ago it did; of the node that draws, nothing */
  told(peer: string, { links, name, role }: GetLinksResult, ageMs?: number): void {
    this.know({
      peer_id: peer,
      role: roleOf(role),
      ...(name === undefined ? {} : { name }),
      ...(ageMs === undefined ? {} : { told_ms_ago: Math.round(ageMs) })
    })
    for (const link of links) this.#link(peer, link)
  }

  view(): MapView {
    return { nodes: [...this.#nodes.values()], links: [...this.#links.values()] }
  }

  #link(
    peer: string,
    { latency_ms: latencyMs, path, peer_id: other, relay, role }: NodeLink
  ): void {
    if (other === peer) return
    const [from, to] = peer < other ? [peer, other] : [other, peer]
    const key = `${from} ${to}`
    const known = this.#links.get(key)
    if (known !== undefined) {
      known.latency_ms ??= latencyMs ?? null
      return
    }
    if (this.#links.size >= LIMITS.mapLinksMax) return
    if (!this.#nodes.has(other)) this.know({ peer_id: other, role: roleOf(role) })
    if (!this.#nodes.has(other) || !this.#nodes.has(peer)) return
    this.#links.set(key, {
      from,
      to,
      path,
      ...(relay === undefined ? {} : { relay }),
      latency_ms: latencyMs ?? null
    })
  }
}

/** An operator's program is a client like others to whoever looks at the mesh. */
function roleOf(role: GetLinksResult['role'] | undefined): MapNode['role'] {
  return role === 'operator' ? 'client' : (role ?? 'unknown')
}
