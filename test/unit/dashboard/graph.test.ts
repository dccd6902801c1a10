/** The mesh as a graph: who stands where while news comes, and who is found. */
import { describe, expect, test } from 'vitest'
import { EMPTY_GRAPH, boundsOf, findNodes, updateGraph } from '../../../src/dashboard/mesh/graph.ts'
import { Layout } from '../../../src/dashboard/mesh/layout.ts'
import type { Bounds, Graph, GraphNode } from '../../../src/dashboard/mesh/graph.ts'
import type { MapView } from '../../../src/model/generated/api-map.ts'

const MAP: MapView = {
  nodes: [
    { peer_id: 'worker-1', role: 'worker', name: 'berlin', state: 'ready' },
    { peer_id: 'router-1', role: 'router', is_self: true },
    { peer_id: 'bootstrap-1', role: 'bootstrap', name: 'boot' },
    { peer_id: 'worker-2', role: 'worker', name: 'paris', state: 'cordoned' }
  ],
  links: [
    { from: 'router-1', to: 'worker-1', path: 'direct', latency_ms: 3 },
    { from: 'router-1', to: 'worker-2', path: 'relayed', relay: 'bootstrap-1' },
    { from: 'bootstrap-1', to: 'worker-2', path: 'lan' },
    { from: 'router-1', to: 'somebody-else', path: 'lan' }
  ]
}

/** A star around a router and a bootstrap, as meshes are. */
function bigMap(count: number): MapView {
  const workers = Array.from({ length: count }, (_, index) => `worker-${index}`)
  return {
    nodes: [
      { peer_id: 'router', role: 'router', is_self: true },
      { peer_id: 'bootstrap', role: 'bootstrap' },
      ...workers.map((peer_id) => ({ peer_id, role: 'worker' as const, state: 'ready' }))
    ],
    links: workers.flatMap((to) => [
      { from: 'router', to, path: 'direct' as const },
      { from: 'bootstrap', to, path: 'lan' as const }
    ])
  }
}

function places({ nodes }: Graph): [string, number, number][] {
  return nodes.map(({ id, x, y }) => [id, x, y])
}

function sorted(all: readonly [string, number, number][]): [string, number, number][] {
  return all.toSorted(([one], [other]) => one.localeCompare(other))
}

describe('the graph', () => {
  test('has the links whose ends are both there, through their relays', () => {
    const { graph } = updateGraph(EMPTY_GRAPH, MAP)
    expect(
      graph.links.map(({ relay, source, target }) => [source.id, target.id, relay?.id])
    ).toEqual([
      ['router-1', 'worker-1', undefined],
      ['router-1', 'worker-2', 'bootstrap-1'],
      ['bootstrap-1', 'worker-2', undefined]
    ])
    expect(graph.byId.get('worker-2')?.degree).toBe(2)
    expect(graph.byId.get('router-1')?.label).toBe('router-1')
  })

  test('keeps everybody in place when only facts change, and says that nothing is to be laid out', () => {
    const { graph: before } = updateGraph(EMPTY_GRAPH, MAP)
    const where = places(before)
    const cordoned = MAP.nodes.map((node) => ({ ...node, state: 'cordoned' }))
    const { graph, isSame } = updateGraph(before, { ...MAP, nodes: cordoned.toReversed() })
    expect(isSame).toBe(true)
    expect(graph.byId.get('worker-1')?.data.state).toBe('cordoned')
    expect(graph.byId.get('worker-1')).toBe(before.byId.get('worker-1'))
    expect(sorted(places(graph))).toEqual(sorted(where))
  })

  test('puts a newcomer beside somebody it is connected to', () => {
    const { graph: before } = updateGraph(EMPTY_GRAPH, MAP)
    const boot = before.byId.get('bootstrap-1')
    Object.assign(boot ?? {}, { x: 5_000, y: 5_000 })
    const { graph, isSame } = updateGraph(before, {
      nodes: [...MAP.nodes, { peer_id: 'new', role: 'share' }],
      links: [...MAP.links, { from: 'bootstrap-1', to: 'new', path: 'direct' }]
    })
    expect(isSame).toBe(false)
    const { x = 0, y = 0 } = graph.byId.get('new') ?? {}
    expect(Math.hypot(x - 5_000, y - 5_000)).toBeLessThan(60)
  })

  test('is another when a link has come or gone, or a node has gone', () => {
    const { graph } = updateGraph(EMPTY_GRAPH, MAP)
    expect(updateGraph(graph, { ...MAP, links: MAP.links.slice(1) }).isSame).toBe(false)
    const { graph: again } = updateGraph(EMPTY_GRAPH, MAP)
    expect(updateGraph(again, { ...MAP, nodes: MAP.nodes.slice(1) }).isSame).toBe(false)
  })

  test('finds nodes by words of name, id, role and state, all of them', () => {
    const { graph } = updateGraph(EMPTY_GRAPH, MAP)
    expect(findNodes(graph.nodes, 'WORKER ready').map(({ id }) => id)).toEqual(['worker-1'])
    expect(findNodes(graph.nodes, 'paris')[0]?.id).toBe('worker-2')
    expect(findNodes(graph.nodes, 'nowhere')).toEqual([])
    expect(findNodes(graph.nodes, ' ')).toHaveLength(4)
  })
})

describe('the layout', () => {
  test('settles a mesh of hundreds, apart from each other, in steps of bounded length', () => {
    const { graph } = updateGraph(EMPTY_GRAPH, bigMap(400))
    let ms = 0
    const layout = new Layout(() => (ms += 2))
    layout.take(graph, false)
    let steps = 0
    // By this clock a frame has time for a few ticks and no more.
    while (layout.step()) steps += 1
    expect(layout.isSettled).toBe(true)
    expect(steps).toBeGreaterThan(20)
    expect(steps).toBeLessThan(400)
    const { bottom, left, right, top } = boundsOf(graph.nodes) as Bounds
    expect([left, right, top, bottom].every(Number.isFinite)).toBe(true)
    // A disk, and neither a heap nor dust.
    expect(right - left).toBeGreaterThan(300)
    expect(right - left).toBeLessThan(4_000)
  })

  test('does nothing for a map that has the same nodes and links', () => {
    const { graph } = updateGraph(EMPTY_GRAPH, MAP)
    let ms = 0
    const layout = new Layout(() => (ms += 2))
    layout.take(graph, false)
    while (layout.step());
    const where = places(graph)
    const change = updateGraph(graph, MAP)
    layout.take(change.graph, change.isSame)
    expect(layout.step()).toBe(false)
    expect(sorted(places(change.graph))).toEqual(sorted(where))
  })

  test('leaves a node where it was put, until all are let go', () => {
    const { graph } = updateGraph(EMPTY_GRAPH, MAP)
    let ms = 0
    const layout = new Layout(() => (ms += 2))
    layout.take(graph, false)
    const node = graph.byId.get('worker-1') as GraphNode
    layout.hold(node, { x: 700, y: -300 }, false)
    layout.release()
    while (layout.step());
    expect([node.x, node.y]).toEqual([700, -300])
    layout.free()
    while (layout.step());
    expect(node.x).toBeLessThan(600)
  })
})
