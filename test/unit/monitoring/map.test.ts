/** The graph of the mesh: drawn from what nodes say, bounded whatever they say, and asked for only while somebody looks. */
import { beforeEach, expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { MapCollector } from '../../../src/monitoring/map-collector.ts'
import { MapDrawing } from '../../../src/monitoring/map-drawing.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { settle } from '../../support/settle.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import type { GetLinksResult, NodeLink } from '../../../src/model/generated/commands-get-links.ts'

const link = (peer: string, more: Partial<NodeLink> = {}): NodeLink => ({
  peer_id: peer,
  path: 'direct',
  ...more
})

test('each pair stands once, and the word of the node that draws comes first', () => {
  const drawing = new MapDrawing({ peer_id: 'b', role: 'router', is_self: true })
  drawing.know({ peer_id: 'a', role: 'worker', state: 'ready' })
  drawing.told('b', { role: 'router', name: 'me', links: [link('a', { path: 'punched' })] })
  drawing.told(
    'a',
    { role: 'worker', name: 'berlin', links: [link('b', { latency_ms: 4 }), link('c'), link('a')] },
    1_200
  )
  expect(drawing.view()).toEqual({
    nodes: [
      { peer_id: 'b', role: 'router', is_self: true, name: 'me' },
      { peer_id: 'a', role: 'worker', state: 'ready', name: 'berlin', told_ms_ago: 1_200 },
      { peer_id: 'c', role: 'unknown' }
    ],
    links: [
      { from: 'a', to: 'b', path: 'punched', latency_ms: 4 },
      { from: 'a', to: 'c', path: 'direct', latency_ms: null }
    ]
  })
})

test('whoever makes up nodes and connections fills no more than there is room for', () => {
  const drawing = new MapDrawing({ peer_id: 'self', role: 'router', is_self: true })
  for (let teller = 0; teller < 200; teller += 1) {
    const links = Array.from({ length: 256 }, (_, index) => link(`made-up-${teller}-${index}`))
    drawing.told(`liar-${teller}`, { role: 'worker', links }, 0)
  }
  const { links, nodes } = drawing.view()
  expect(nodes).toHaveLength(LIMITS.mapNodesMax)
  expect(links.length).toBeLessThanOrEqual(LIMITS.mapLinksMax)
  const known = new Set(nodes.map(({ peer_id: peer }) => peer))
  expect(links.every(({ from, to }) => known.has(from) && known.has(to))).toBe(true)
})

const SECOND_MS = 1_000
let clock: FakeClock
let peers: string[]
let asked: string[]
let answer: (peer: string) => Promise<GetLinksResult>
let collector: MapCollector

beforeEach(() => {
  clock = new FakeClock()
  peers = ['a', 'b']
  asked = []
  answer = async () => ({ role: 'worker', links: [link('self')] })
  collector = new MapCollector({
    clock,
    logger: silentLogger,
    self: { peer_id: 'self', role: 'router' },
    links: {
      own: () => ({ role: 'router', links: peers.map((peer) => link(peer)) }),
      known: () => [],
      askable: () => peers,
      ask: async (peer) => {
        asked.push(peer)
        return await answer(peer)
      }
    }
  })
})

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(SECOND_MS)
    // oxlint-disable-next-line no-await-in-loop -- answers come between the seconds
    await settle()
  }
}

test('nobody is asked before somebody looks, and after nobody has looked for a while', async () => {
  await pass(60)
  expect(asked).toEqual([])
  collector.view()
  await settle()
  expect(asked).toEqual(['a', 'b'])
  await pass(20)
  expect(asked).toEqual(['a', 'b', 'a', 'b'])
  await pass(60)
  const count = asked.length
  await pass(60)
  expect(asked).toHaveLength(count)
  expect(clock.timerCount).toBe(0)
})

test('what a node has said is in the graph, until it is too old', async () => {
  collector.view()
  await settle()
  expect(collector.view().nodes.map(({ role }) => role)).toEqual(['router', 'worker', 'worker'])
  expect(collector.ofRole('worker')).toHaveLength(2)
  peers = []
  await pass(121)
  expect(collector.view().nodes).toEqual([{ peer_id: 'self', role: 'router', is_self: true }])
})

test('of a thousand nodes fifty are asked a second, and each in its turn', async () => {
  peers = Array.from({ length: 1_000 }, (_, index) => `peer-${index}`)
  collector.view()
  await settle()
  expect(asked).toHaveLength(50)
  await pass(19)
  expect(new Set(asked).size).toBe(1_000)
  expect(asked).toHaveLength(1_000)
})

test('who does not answer is asked ever less often, and who never ends holds up nobody else', async () => {
  answer = (peer) =>
    peer === 'a'
      ? Promise.reject(new MeshError('COMMAND_UNKNOWN', 'an old node'))
      : new Promise(() => {})
  collector.view()
  for (let round = 0; round < 10; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one minute after the other
    await pass(30)
    collector.view()
  }
  expect(asked.filter((peer) => peer === 'b')).toHaveLength(1)
  const count = asked.filter((peer) => peer === 'a').length
  expect(count).toBeGreaterThan(2)
  expect(count).toBeLessThan(6)
})

test('once stopped it asks nobody', async () => {
  collector.stop()
  collector.view()
  await pass(30)
  expect(asked).toEqual([])
})

test('of all that was said, no more is remembered than a map may show', async () => {
  const count = 1 + (2 * LIMITS.mapLinksMax) / LIMITS.linksToldMax
  peers = Array.from({ length: count }, (_, index) => `liar-${index}`)
  answer = async (peer) => ({
    role: 'worker',
    links: Array.from({ length: LIMITS.linksToldMax }, (_, index) => link(`${peer}-${index}`))
  })
  collector.view()
  await pass(10)
  expect(new Set(asked).size).toBe(count)
  expect(collector.ofRole('worker')).toHaveLength(count - 1)
})
