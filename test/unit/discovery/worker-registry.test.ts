/** What a bootstrap remembers of workers, and what it tells of them. */
import { beforeEach, describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../src/protocol/commands.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { WorkerRegistry } from '../../../src/discovery/worker-registry.ts'
import { findRegistered } from '../../../src/discovery/registry-answers.ts'
import { recordOf } from '../../support/spawn-discovery.ts'
import type { CapabilityRecord } from '../../../src/discovery/record.ts'
import type { FindNodesParams } from '../../../src/model/generated/commands-find-nodes.ts'
import type { WorkerNews } from '../../../src/discovery/presence-kind.ts'

const NAMESPACE = 'demo'
let clock: FakeClock
let registry: WorkerRegistry

beforeEach(() => {
  clock = new FakeClock()
  registry = new WorkerRegistry({ clock })
})

/** Peer ids that sort as they are numbered. */
function peerOf(number: number): string {
  return `12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPG${String(number).padStart(5, 'A').replaceAll('0', 'x')}`
}

function said(number: number, change: Partial<CapabilityRecord> = {}, bytes = 100): WorkerNews {
  const record = recordOf(peerOf(number), { seq: 10, ttl_s: 90, ...change })
  const { namespace, peer_id, seq, ttl_s } = record
  return { namespace, peer_id, seq, ttl_s, said: { record, sealed: new Uint8Array(bytes) } }
}

function beat(number: number, seq: number, ttl_s = 90): WorkerNews {
  return { namespace: NAMESPACE, peer_id: peerOf(number), seq, ttl_s }
}

function find(params: FindNodesParams = {}): { peers: string[]; total?: number; next?: string } {
  const answer = findRegistered(registry, { namespace: NAMESPACE, params })
  const { nodes, ...rest } = COMMANDS.FIND_NODES.checkResult(answer)
  return { peers: nodes.map((node) => node.peer_id), ...rest }
}

describe('a worker that a bootstrap has heard of', () => {
  it('is told of with its own record until it was silent for as long as it said', () => {
    registry.take(said(1))
    const { nodes } = findRegistered(registry, { namespace: NAMESPACE, params: {} })
    const { capabilities } = recordOf(peerOf(1))
    const record = Buffer.from(new Uint8Array(100)).toString('base64')
    expect(nodes).toEqual([{ peer_id: peerOf(1), capabilities, addresses: [], record }])
    clock.advance(89_000)
    expect(find().peers).toEqual([peerOf(1)])
    clock.advance(6_000)
    expect(find()).toEqual({ peers: [], total: 0 })
    expect(registry.size).toEqual({ workers: 0, bytes: 0 })
  })

  it('is counted without all of them being put in order', () => {
    const counted = {
      count: () => 7,
      list: () => {
        throw new Error('nobody asked for it')
      }
    }
    const count = (params: FindNodesParams): unknown =>
      findRegistered(counted, { namespace: NAMESPACE, params })
    expect(count({ limit: 0 })).toEqual({ nodes: [], total: 7 })
    expect(() => count({ limit: 0, min_cpu_cores: 1 })).toThrow('nobody asked for it')
    registry.take(said(1))
    registry.take(said(2, { namespace: 'other' }))
    expect([NAMESPACE, 'other', 'none'].map((name) => registry.count(name))).toEqual([1, 1, 0])
    clock.advance(100_000)
    expect(registry.count(NAMESPACE)).toBe(0)
  })

  it('stays for as long as it beats', () => {
    registry.take(said(1))
    for (let seq = 11; seq < 20; seq += 1) {
      clock.advance(60_000)
      registry.take(beat(1, seq))
    }
    expect(find().peers).toEqual([peerOf(1)])
  })

  it('is told of by its newest record, whatever comes after it, in which order', () => {
    registry.take(said(1, { seq: 12, agent: 'new' }))
    registry.take(said(1, { seq: 10, agent: 'old' }, 900))
    registry.take(said(1, { seq: 12, agent: 'forged' }, 900))
    expect(registry.list(NAMESPACE)[0]?.record.agent).toBe('new')
    expect(registry.size).toEqual({ workers: 1, bytes: 100 })
    registry.take(said(1, { seq: 13, agent: 'newer' }, 300))
    expect(registry.list(NAMESPACE)[0]?.record.agent).toBe('newer')
    expect(registry.size).toEqual({ workers: 1, bytes: 300 })
  })

  it('is not kept by beats that were heard before', () => {
    registry.take(said(1, { seq: 12 }))
    clock.advance(80_000)
    registry.take(beat(1, 12))
    registry.take(beat(1, 11))
    clock.advance(20_000)
    expect(find().peers).toEqual([])
  })

  it('is not told of by a beat alone', () => {
    registry.take(beat(1, 11))
    expect(registry.size).toEqual({ workers: 0, bytes: 0 })
  })
})

describe('a registry', () => {
  it('takes so many workers and bytes, and whoever is there stays', () => {
    registry = new WorkerRegistry({ clock }, { workersMax: 3, bytesMax: 1_000 })
    registry.take(said(1, {}, 600))
    registry.take(said(2, {}, 500))
    registry.take(said(3, {}, 100))
    registry.take(said(4, {}, 100))
    registry.take(said(5, {}, 100))
    expect(find().peers).toEqual([1, 3, 4].map(peerOf))
    expect(registry.size).toEqual({ workers: 3, bytes: 800 })
    // One that grows too long keeps the record that it had.
    registry.take(said(3, { seq: 20 }, 400))
    expect(registry.size.bytes).toBe(800)
    clock.advance(100_000)
    registry.take(said(5, {}, 900))
    expect(registry.size).toEqual({ workers: 1, bytes: 900 })
  })

  it('keeps nothing of what came with a record', () => {
    const whole = new Uint8Array(100_000)
    const news = said(1)
    const record = news.said?.record as CapabilityRecord
    registry.take({ ...news, said: { record, sealed: whole.subarray(10, 110) } })
    expect(registry.list(NAMESPACE)[0]?.sealed.buffer.byteLength).toBe(100)
  })

  it('tells namespaces apart', () => {
    registry.take(said(1))
    registry.take(said(2, { namespace: 'other' }))
    expect(find().peers).toEqual([peerOf(1)])
    expect(find({ namespace: 'other' })).toEqual({ peers: [peerOf(2)], total: 1 })
    expect(find({ namespace: 'nobody' }).total).toBe(0)
  })
})

describe('pages', () => {
  it('have all workers once, in the order of their peer ids, also of those that come and go between', () => {
    for (const number of [5, 3, 9, 1, 7]) registry.take(said(number))
    const first = find({ limit: 2 })
    expect(first).toEqual({ peers: [1, 3].map(peerOf), total: 5, next: peerOf(3) })
    registry.take(said(2))
    registry.take(said(4))
    const second = find({ limit: 2, cursor: peerOf(3) })
    expect(second).toEqual({ peers: [4, 5].map(peerOf), total: 7, next: peerOf(5) })
    expect(find({ cursor: peerOf(5) })).toEqual({ peers: [7, 9].map(peerOf), total: 7 })
    expect(find({ cursor: peerOf(9) })).toEqual({ peers: [], total: 7 })
    expect(find({ limit: 0 })).toEqual({ peers: [], total: 7 })
  })

  it('are short where records are long, and never empty before the end', () => {
    for (let number = 0; number < 12; number += 1) registry.take(said(number, {}, 96 * 1_024))
    const peers: string[] = []
    let cursor: string | undefined
    let count = 0
    do {
      const page = find(cursor === undefined ? {} : { cursor })
      expect(page.peers.length).toBeGreaterThan(0)
      peers.push(...page.peers)
      cursor = page.next
      count += 1
    } while (cursor !== undefined)
    expect(peers).toHaveLength(12)
    expect(count).toBe(3)
  })

  it('have those that fit', () => {
    const { capabilities } = recordOf(peerOf(1))
    registry.take(said(1, { capabilities: { ...capabilities, cpu_cores: 2 } }))
    registry.take(said(2, { capabilities: { ...capabilities, cpu_cores: 16 } }))
    registry.take(said(3, { capabilities: { ...capabilities, memory_available_mb: 1 } }))
    expect(find({ min_cpu_cores: 8, min_memory_mb: 100 })).toEqual({ peers: [peerOf(2)], total: 1 })
    expect(find({ max_cpu_usage: 0 }).total).toBe(0)
  })

  it.each([{ file_hash: 'a'.repeat(64) }, { max_latency_ms: 10 }])(
    'are refused to who asks for what only a router knows: %j',
    (params) => {
      expect(() => find(params)).toThrow(expect.objectContaining({ code: 'COMMAND_NOT_SERVED' }))
    }
  )
})
