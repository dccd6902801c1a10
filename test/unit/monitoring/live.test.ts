/** The live stream: everything first, then what changes; once a second, the same text for all, merged for the slow. */
import { beforeEach, expect, test } from 'vitest'
import { Live } from '../../../src/monitoring/live.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { buildJob } from '../../conformance/job-store-records.ts'
import { exampleOf } from '../../support/fake-api-services.ts'
import { jobView } from '../../../src/dispatch/views/job-views.ts'
import { settle } from '../../support/settle.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import type { JobRecord } from '../../../src/jobs/records.ts'
import type { LiveNews } from '../../../src/model/generated/api-live.ts'
import type { LiveReader } from '../../../src/monitoring/live.ts'
import type { MapView } from '../../../src/model/generated/api-map.ts'
import type { NodeView } from '../../../src/model/generated/api-node.ts'

const SECOND_MS = 1_000
const check = validatorFor<LiveNews>('api/live', 'message')

let clock: FakeClock
let nodes: NodeView[]
let map: MapView
let looks: number
let live: Live

const nodeOf = (peer: string, more: Partial<NodeView> = {}): NodeView => ({
  ...exampleOf('api/node'),
  peer_id: peer,
  ...more
})

beforeEach(() => {
  clock = new FakeClock()
  nodes = [nodeOf('a'), nodeOf('b')]
  map = exampleOf('api/map')
  looks = 0
  live = new Live({
    clock,
    logger: silentLogger,
    overview: async () => ({ ...exampleOf('api/overview'), uptime_ms: clock.monotonicMs() }),
    sample: () => exampleOf('api/series').samples[0],
    nodes: () => {
      looks += 1
      return nodes.map((node) => ({ ...node }))
    },
    map: () => structuredClone(map),
    transfers: () => [],
    jobView: (job) => jobView(job, null)
  })
})

class Reader implements LiveReader {
  readonly scope: string
  isTaking = true
  readonly texts: string[] = []

  constructor(scope = 'read') {
    this.scope = scope
  }

  isReady(): boolean {
    return this.isTaking
  }

  send(text: string): void {
    this.texts.push(text)
  }

  /** What was told since the last time. */
  take(): LiveNews[] {
    return this.texts.splice(0).map((text) => check(JSON.parse(text)))
  }
}

async function pass(seconds = 1): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(SECOND_MS)
    // oxlint-disable-next-line no-await-in-loop -- a look ends before the next one
    await settle()
  }
}

const changed = (id: string, more: Partial<JobRecord> = {}): void =>
  live.jobChanged(buildJob(id, more))

test('the first message has everything, with what its reader may do', async () => {
  const reader = new Reader('operate')
  await live.watch(reader)
  const [first] = reader.take()
  expect(first).toMatchObject({ is_first: true, overview: { scope: 'operate' }, transfers: [] })
  expect(first?.nodes?.map(({ peer_id: peer }) => peer)).toEqual(['a', 'b'])
  expect(first?.map).toEqual(map)
  await pass(3)
  expect(reader.take()).toEqual([])
})

test('a change is told within a second, what nobody would see is not', async () => {
  const reader = new Reader()
  await live.watch(reader)
  reader.take()
  nodes = [nodeOf('a', { state: 'draining' }), nodeOf('b', { seen_ms_ago: 9, latency_ms: 0.61 })]
  await pass()
  const [news] = reader.take()
  expect(news?.nodes).toEqual([nodes[0]])
  nodes = [nodes[1] as NodeView]
  await pass()
  expect(reader.take()).toEqual([{ nodes_gone: ['a'] }])
  nodes = [nodes[0] as NodeView, nodeOf('a')]
  await pass()
  expect(reader.take()[0]?.nodes?.[0]?.peer_id).toBe('a')
})

test('all that is alike is looked at and written once for all readers', async () => {
  const readers = [new Reader(), new Reader(), new Reader('submit')]
  for (const reader of readers) {
    // oxlint-disable-next-line no-await-in-loop -- they come one after the other
    await live.watch(reader)
    reader.take()
  }
  looks = 0
  nodes = [nodeOf('a', { state: 'cordoned' }), nodeOf('b')]
  await pass()
  expect(looks).toBe(1)
  const [one, other, third] = readers.map(({ texts }) => texts)
  expect(one).toHaveLength(1)
  // The very same text, not an equal one, cannot be told apart; what it cost was counted above.
  expect(other).toEqual(one)
  expect(third).toEqual(one)
})

test('who cannot keep up gets the latest of all that it missed, in one message', async () => {
  const [slow, quick] = [new Reader(), new Reader()]
  await live.watch(slow)
  await live.watch(quick)
  slow.take()
  slow.isTaking = false
  for (let round = 1; round <= 30; round += 1) {
    nodes = [nodeOf('a', { running: round % 4, queued: round }), nodeOf(`new-${round}`)]
    changed('j-1', { attemptCount: round })
    // oxlint-disable-next-line no-await-in-loop -- second by second
    await pass()
  }
  expect(slow.take()).toEqual([])
  slow.isTaking = true
  await pass()
  const [news, ...more] = slow.take()
  expect(more).toEqual([])
  expect(news?.nodes?.map(({ peer_id: peer }) => peer).toSorted()).toEqual(['a', 'new-30'])
  expect(news?.nodes?.find(({ peer_id: peer }) => peer === 'a')?.queued).toBe(30)
  expect(news?.nodes_gone).toContain('new-29')
  expect(news?.jobs).toMatchObject([{ id: 'j-1', attempts: 30 }])
  expect(quick.texts.length).toBeGreaterThan(29)
})

test('of thousands of jobs that change in a second, the newest 200 are told of, the others counted', async () => {
  const reader = new Reader()
  await live.watch(reader)
  reader.take()
  for (let index = 0; index < 2_000; index += 1) {
    changed(`j-${index}`, { createdAtMs: index })
    changed(`j-${index}`, { createdAtMs: index, state: 'running' })
  }
  await pass()
  const [news] = reader.take()
  expect(news?.jobs).toHaveLength(200)
  expect(news?.jobs?.at(-1)).toMatchObject({ id: 'j-1999', state: 'running' })
  expect(news?.jobs_missed).toBe(1_800)
  await pass()
  expect(reader.take()).toEqual([])
})

test('of a thousand workers a first message has some, and the others follow at once', async () => {
  nodes = Array.from({ length: 1_000 }, (_, index) => nodeOf(`peer-${index}`))
  const reader = new Reader()
  await live.watch(reader)
  const first = reader.take().flatMap((news) => news.nodes ?? [])
  expect(first.length).toBeLessThan(1_000)
  clock.advance(SECOND_MS / 10)
  const rest = reader.take().flatMap((news) => news.nodes ?? [])
  const peers = [...first, ...rest].map(({ peer_id: peer }) => peer)
  expect(peers).toHaveLength(1_000)
  expect(new Set(peers).size).toBe(1_000)
  expect(looks).toBe(1)
})

test('whoever has not taken the first part yet is sent no other', async () => {
  nodes = Array.from({ length: 1_000 }, (_, index) => nodeOf(`peer-${index}`))
  const reader = new Reader()
  const end = await live.watch(reader)
  reader.take()
  reader.isTaking = false
  clock.advance(SECOND_MS / 2)
  expect(reader.take()).toEqual([])
  reader.isTaking = true
  clock.advance(SECOND_MS / 10)
  expect(reader.take().length).toBeGreaterThan(0)
  end()
  expect(clock.timerCount).toBe(0)
})

test('figures that move all the time are told of in turn, and nobody is left out', async () => {
  nodes = Array.from({ length: 1_000 }, (_, index) => nodeOf(`peer-${index}`))
  const reader = new Reader()
  await live.watch(reader)
  await pass(3)
  reader.take()
  const seen = new Set<string>()
  for (let round = 1; round <= 6; round += 1) {
    nodes = nodes.map((node) => ({ ...node, queued: round }))
    // oxlint-disable-next-line no-await-in-loop -- second by second
    await pass()
    const told = reader.take().flatMap((news) => news.nodes ?? [])
    expect(told.length).toBeLessThanOrEqual(200)
    for (const { peer_id: peer } of told) seen.add(peer)
  }
  expect(seen.size).toBe(1_000)
})

test('nothing is looked at while nobody watches', async () => {
  const reader = new Reader()
  const end = await live.watch(reader)
  end()
  looks = 0
  await pass(5)
  expect([looks, clock.timerCount]).toEqual([0, 0])
  changed('j-1')
  await live.watch(reader)
  await pass()
  expect(reader.take().flatMap(({ jobs = [] }) => jobs)).toEqual([])
})

test('a graph that changes is told whole, round trips alone are no reason', async () => {
  const reader = new Reader()
  await live.watch(reader)
  reader.take()
  map = { ...map, links: map.links.map((link) => ({ ...link, latency_ms: 99 })) }
  await pass(2)
  expect(reader.take()).toEqual([])
  map = { ...map, links: [] }
  await pass(2)
  expect(reader.take()).toEqual([{ map }])
})

test('whoever comes within the second is told what was seen in it, and nobody looks again for that', async () => {
  const first = new Reader()
  const second = new Reader('submit')
  const ends = [await live.watch(first), await live.watch(second)]
  expect(looks).toBe(1)
  expect(second.take()).toMatchObject([
    { is_first: true, overview: { scope: 'submit' }, nodes: [{}, {}] }
  ])
  expect(first.take()).toHaveLength(1)
  clock.advance(SECOND_MS)
  await settle()
  expect(looks).toBe(2)
  for (const end of ends) end()
})
