/**
 * The mesh as a graph that is drawn: nodes and links with places of their own, which stay the same objects while the map changes, so that
 * nothing jumps when news comes. Pure but for that.
 */
import { shortPeer } from '../data/formats.ts'
import type { MapLink, MapNode, MapView } from '../../model/generated/api-map.ts'
import type { SimulationLinkDatum, SimulationNodeDatum } from 'd3-force'

export interface GraphNode extends SimulationNodeDatum {
  readonly id: string
  data: MapNode
  /** What people read: its name, else the end of its id. */
  label: string
  degree: number
  x: number
  y: number
}

export interface GraphLink extends SimulationLinkDatum<GraphNode> {
  readonly id: string
  data: MapLink
  source: GraphNode
  target: GraphNode
  /** Through whom it goes, where that node is on the map. */
  relay: GraphNode | undefined
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly links: readonly GraphLink[]
  readonly byId: ReadonlyMap<string, GraphNode>
}

/** What an update moved: with `isSame` there is nothing to lay out anew. */
export interface GraphChange {
  graph: Graph
  isSame: boolean
}

export interface Bounds {
  left: number
  top: number
  right: number
  bottom: number
}

export const EMPTY_GRAPH: Graph = Object.freeze({ nodes: [], links: [], byId: new Map() })

/** Turns of the golden angle: no two of many lie on one ray. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5))
/** Between two that are placed one after the other on the spiral. */
const SPIRAL_STEP = 16
/** From a neighbour to who is put beside it. */
const BESIDE = 46

/** The next graph: who was there before keeps its place, who is new begins beside somebody that it is connected to. */
export function updateGraph(before: Graph, map: MapView): GraphChange {
  const byId = new Map<string, GraphNode>()
  const ordered = map.nodes.toSorted((one, other) => rankOf(one) - rankOf(other))
  let hasNew = false
  for (const [index, data] of ordered.entries()) {
    const known = before.byId.get(data.peer_id)
    hasNew ||= known === undefined
    byId.set(data.peer_id, renewed(known, data, index))
  }
  const links = linksOf(map, byId, before)
  const hasNewLink = links.some(({ id }, index) => before.links[index]?.id !== id)
  const isSame =
    !hasNew &&
    !hasNewLink &&
    byId.size === before.nodes.length &&
    links.length === before.links.length
  const graph: Graph = { nodes: [...byId.values()], links, byId }
  countDegrees(graph)
  if (before.nodes.length > 0) placeNewcomers(graph, before)
  return { graph, isSame }
}

/** Those in the middle of a mesh begin there. */
function rankOf({ is_self, role }: MapNode): number {
  if (is_self === true) return 0
  return role === 'bootstrap' ? 1 : role === 'router' || role === 'monitor' ? 2 : 3
}

function renewed(known: GraphNode | undefined, data: MapNode, index: number): GraphNode {
  const label = data.name ?? shortPeer(data.peer_id)
  if (known !== undefined) return Object.assign(known, { data, label })
  const distance = SPIRAL_STEP * Math.sqrt(index)
  const angle = index * GOLDEN_ANGLE
  return {
    id: data.peer_id,
    data,
    label,
    degree: 0,
    x: distance * Math.cos(angle),
    y: distance * Math.sin(angle)
  }
}

/** Links whose two ends are on the map. */
function linksOf(map: MapView, byId: ReadonlyMap<string, GraphNode>, before: Graph): GraphLink[] {
  const known = new Map(before.links.map((link) => [link.id, link]))
  return map.links.flatMap((data): GraphLink[] => {
    const source = byId.get(data.from)
    const target = byId.get(data.to)
    if (source === undefined || target === undefined) return []
    const relay = data.relay === undefined ? undefined : byId.get(data.relay)
    const id = `${data.from} ${data.to}`
    const link = known.get(id)
    if (link !== undefined) return [Object.assign(link, { data, source, target, relay })]
    return [{ id, data, source, target, relay }]
  })
}

function countDegrees({ links, nodes }: Graph): void {
  for (const node of nodes) node.degree = 0
  for (const { source, target } of links) {
    source.degree += 1
    target.degree += 1
  }
}

function placeNewcomers({ links, nodes }: Graph, before: Graph): void {
  const newcomers = new Map(
    nodes.flatMap((node, index) => (before.byId.has(node.id) ? [] : [[node, index] as const]))
  )
  for (const { source, target } of links) {
    for (const [node, neighbour] of [
      [source, target],
      [target, source]
    ] as const) {
      const index = newcomers.get(node)
      if (index === undefined || newcomers.has(neighbour)) continue
      newcomers.delete(node)
      node.x = neighbour.x + BESIDE * Math.cos(index * GOLDEN_ANGLE)
      node.y = neighbour.y + BESIDE * Math.sin(index * GOLDEN_ANGLE)
    }
  }
}

/** Those whose name, id, role or state has all of these words. */
export function findNodes<T extends { data: MapNode }>(
  nodes: readonly T[],
  text: string
): readonly T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return nodes.filter(({ data }) => {
    const { name = '', peer_id, role, state = '' } = data
    const whole = `${name} ${peer_id} ${role} ${state}`.toLowerCase()
    return words.every((word) => whole.includes(word))
  })
}

/** The rectangle around all nodes; undefined where there are none. */
export function boundsOf(nodes: readonly GraphNode[]): Bounds | undefined {
  if (nodes.length === 0) return undefined
  const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const { x, y } of nodes) {
    bounds.left = Math.min(bounds.left, x)
    bounds.right = Math.max(bounds.right, x)
    bounds.top = Math.min(bounds.top, y)
    bounds.bottom = Math.max(bounds.bottom, y)
  }
  return bounds
}
