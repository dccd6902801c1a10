/** The router's book of workers: whom it takes up, how long it tries, when it lets go. Time is fake, peers are played. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Directory } from '../../../src/discovery/directory.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { sealRecord } from '../../../src/discovery/record.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { recordOf } from '../../support/spawn-discovery.ts'
import { failureOf, until } from '../../support/spawn-mesh.ts'
import type { DirectoryComponents } from '../../../src/discovery/directory.ts'
import type { LoadReport } from '../../../src/model/generated/capability-record.ts'
import type { NodeChange } from '../../../src/discovery/node-news.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { SessionListener } from '../../../src/protocol/session-service.ts'

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

/** The load of a worker that has nothing to do. */
const IDLE: LoadReport = {
  running: 0,
  queued: 0,
  slots: 4,
  queue_slots: 4,
  cpu_usage: 0,
  memory_available_mb: 1_000,
  disk_available_mb: 1_000,
  stopping: false
}

/** A worker that can sign its record. */
let worker: { key: PrivateKey; peer: string }
beforeAll(async () => {
  const key = await temporaryIdentity()
  worker = { key, peer: peerIdFromPrivateKey(key).toString() }
})

let clock: FakeClock
let opened: string[]
let directory: Directory
let open: () => Promise<unknown>
/** Whether the node has a session with the peer, whoever opened it. */
let hasSession: boolean
let changes: NodeChange[]
let listener: SessionListener

beforeEach(() => {
  clock = new FakeClock()
  opened = []
  open = () => Promise.reject(new MeshError('PEER_UNREACHABLE', 'nobody there'))
  hasSession = false
  changes = []
  const sessions = {
    listen: (given: SessionListener) => {
      listener = given
    },
    get: () => (hasSession ? {} : undefined),
    open: async (peer: string) => {
      opened.push(peer)
      return await open()
    }
  }
  const node = { learnAddresses: async () => {} }
  directory = new Directory(
    {
      node,
      sessions,
      clock,
      logger: silentLogger,
      reputationOf: () => ({ reputation: 0.5, evidenceCount: 0 }),
      onRoom: () => {},
      onNode: (change: NodeChange) => changes.push(change)
    } as unknown as DirectoryComponents,
    { namespace: 'demo' }
  )
})

const found = (peer: string, seq?: number): void =>
  directory.onFound({
    peer,
    addresses: [],
    by: seq === undefined ? 'dht' : 'presence',
    ...(seq === undefined ? {} : { record: recordOf(peer, { seq }) })
  })

/** Lets promises settle; nothing here takes longer than a few turns. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1)
    await new Promise<void>((resolve) => setImmediate(resolve))
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    clock.advance(250)
    await settle()
  }
}

describe('a worker that cannot be reached', () => {
  it('is tried again, less and less often, and then forgotten with all its timers', async () => {
    found(PEER)
    await settle()
    expect(directory.entries()).toMatchObject([{ peer: PEER, state: 'unreachable' }])
    await pass(10_000)
    expect(opened.length).toBeGreaterThan(4)
    expect(opened.length).toBeLessThan(10)
    await pass(25_000)
    expect(directory.entries()).toEqual([])
    expect(clock.timerCount).toBe(0)
    const count = opened.length
    await pass(10_000)
    expect(opened).toHaveLength(count)
  })

  it('is tried at once when a new record shows that it lives, but not for an old one', async () => {
    found(PEER, 5)
    await pass(20_000)
    const count = opened.length
    found(PEER, 5)
    found(PEER, 4)
    found(PEER)
    await settle()
    expect(opened).toHaveLength(count)
    found(PEER, 6)
    await settle()
    expect(opened).toHaveLength(count + 1)
    await pass(20_000)
    expect(directory.entries()).toHaveLength(1)
  })

  it('has one attempt at a time, however often it is heard of', async () => {
    found(PEER, 1)
    await settle()
    const answer = Promise.withResolvers<never>()
    open = () => answer.promise
    await pass(500)
    const count = opened.length
    for (let seq = 2; seq < 50; seq += 1) found(PEER, seq)
    await settle()
    expect(opened).toHaveLength(count)
    answer.reject(new MeshError('PEER_UNREACHABLE', 'nobody there'))
    await settle()
    expect(clock.timerCount).toBe(1)
  })

  it('is not brought back by an answer that comes after it was forgotten', async () => {
    found(PEER)
    await directory.stop()
    await settle()
    expect(directory.entries()).toEqual([])
    expect(clock.timerCount).toBe(0)
  })
})

/** A session whose worker answers with this record and load. */
async function answerAs(load?: Partial<LoadReport>): Promise<void> {
  const { key, peer } = worker
  const sealed = await sealRecord(recordOf(peer, { seq: 1 }), key)
  const record = Buffer.from(sealed).toString('base64')
  const of = { role: 'worker', namespace: 'demo', agent: 'test' }
  const about = { ...recordOf(peer).capabilities, latency_ms: 0, reputation: 0.5, ...of, record }
  const said = load === undefined ? {} : { load: { ...IDLE, ...load } }
  const request = async (): Promise<unknown> =>
    await Promise.resolve({ result: { ...about, ...said } })
  open = async () => {
    hasSession = true
    return await Promise.resolve({ isOpen: true, remotePeer: peer, request })
  }
}

/** Its signature is checked in a thread of its own, in real time. */
const isReady = (): boolean => directory.entries()[0]?.state === 'ready'

function lose(): void {
  hasSession = false
  open = () => Promise.reject(new MeshError('PEER_UNREACHABLE', 'nobody there'))
  listener.onClosed?.(worker.peer, new MeshError('SESSION_CLOSED', 'gone'))
}

describe('who waits for a worker', () => {
  beforeEach(async () => {
    await directory.start()
    await answerAs()
    found(worker.peer)
    await until(isReady)
  })

  it('goes on at once while there is a session', async () => {
    await directory.whenReady(worker.peer)
    expect(opened).toHaveLength(1)
  })

  it('goes on when the worker is back, and all that wait with it', async () => {
    lose()
    let ready = 0
    for (let count = 0; count < 3; count += 1) {
      void directory.whenReady(worker.peer).then(() => (ready += 1))
    }
    await pass(2_000)
    expect(ready).toBe(0)
    await answerAs()
    await pass(5_000)
    await until(() => ready === 3)
  })

  it('waits even where the worker seems ready but its session is gone', async () => {
    hasSession = false
    let hasGoneOn = false
    const waiting = directory.whenReady(worker.peer).then(() => (hasGoneOn = true))
    await settle()
    expect(hasGoneOn).toBe(false)
    lose()
    await answerAs()
    await pass(1_000)
    await waiting
  })

  it('keeps it from being forgotten, and gives up with its own reason', async () => {
    lose()
    const controller = new AbortController()
    const waiting = directory.whenReady(worker.peer, { signal: controller.signal })
    await pass(60_000)
    expect(directory.entries()).toHaveLength(1)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await pass(5_000)
    expect(directory.entries()).toEqual([])
    await expect(directory.whenReady(worker.peer, { signal: controller.signal })).rejects.toBe(
      reason
    )
    expect(directory.entries()).toEqual([])
  })

  it('brings one back that was forgotten, or that an earlier run knew', async () => {
    lose()
    await pass(40_000)
    expect(directory.entries()).toEqual([])
    const waiting = directory.whenReady(worker.peer)
    await pass(10_000)
    await answerAs()
    await pass(5_000)
    await waiting
    expect(directory.entries()).toMatchObject([{ peer: worker.peer, state: 'ready' }])
  })

  it('hears that it is gone only when no program of it runs any more', async () => {
    lose()
    const waiting = directory.whenReady(worker.peer)
    const gone = new MeshError('PEER_GONE', 'refused')
    open = () => Promise.reject(gone)
    await Promise.all([expect(waiting).rejects.toBe(gone), pass(1_000)])
  })

  it('is told when the router stops', async () => {
    lose()
    const refused = failureOf(directory.whenReady(worker.peer))
    await directory.stop()
    expect(await refused).toMatchObject({ code: 'STOPPING' })
    await expect(directory.whenReady(worker.peer)).rejects.toMatchObject({ code: 'STOPPING' })
    expect(clock.timerCount).toBe(0)
  })

  it('need not wait for the next try when the worker itself opens a session', async () => {
    lose()
    await pass(8_000)
    const waiting = directory.whenReady(worker.peer)
    await answerAs()
    listener.onLoad?.(worker.peer, { ...IDLE })
    await waiting
    expect(isReady()).toBe(true)
  })
})

describe('changes of workers', () => {
  beforeEach(async () => await directory.start())

  it('are told once each, and loads are none', async () => {
    await answerAs()
    found(worker.peer)
    await until(isReady)
    const say = (load: Partial<LoadReport>): void =>
      listener.onLoad?.(worker.peer, { ...IDLE, ...load })
    say({ running: 1 })
    say({ running: 2 })
    say({ stopping: true, availability: 'cordoned' })
    say({ stopping: true, availability: 'cordoned', running: 0 })
    say({ stopping: true, availability: 'draining' })
    say({})
    lose()
    await pass(500)
    await answerAs({ stopping: true })
    await pass(3_000)
    await until(isReady)
    lose()
    await pass(40_000)
    expect(changes.map(({ availability, type }) => `${type} ${availability}`)).toEqual([
      'node:joined open',
      'node:changed cordoned',
      'node:changed draining',
      'node:changed open',
      'node:changed unreachable',
      'node:changed stopping',
      'node:changed unreachable',
      'node:left unreachable'
    ])
    expect(new Set(changes.map(({ peer }) => peer))).toEqual(new Set([worker.peer]))
  })

  it('in whether it takes tasks hold at once by its answer, until its next beat', async () => {
    await answerAs()
    found(worker.peer)
    await until(isReady)
    listener.onLoad?.(worker.peer, { ...IDLE })
    directory.answered(worker.peer, { availability: 'draining', running: 2 })
    expect(directory.candidates()[0]?.availability).toBe('draining')
    expect(directory.entries()[0]?.load).toMatchObject({ running: 2, stopping: true })
    directory.answered(worker.peer, { availability: 'open', running: 0 })
    expect(directory.candidates()[0]?.availability).toBe('open')
    // Of one that nobody knows there is nothing to hold.
    directory.answered(PEER, { availability: 'open', running: 0 })
  })

  it('are not told of those that were never here', async () => {
    found(PEER)
    await pass(40_000)
    expect(directory.entries()).toEqual([])
    expect(changes).toEqual([])
  })
})

it('tasks of ours at a worker count before it is found, and each is counted out once', () => {
  // A restarted router asks for what ran before it has found its workers again.
  directory.began(PEER, 0)
  directory.began(PEER, 0)
  found(PEER, 5)
  expect(directory.entries()[0]?.ownTasks).toBe(2)
  directory.ended(PEER, 0)
  expect(directory.entries()[0]?.ownTasks).toBe(1)
  directory.ended(PEER, 0)
  directory.ended(PEER, 0)
  expect(directory.entries()[0]?.ownTasks).toBe(0)
})

it('GPUs of our tasks count at once, those of others by the worker’s word', () => {
  found(PEER, 5)
  const gpus = (): (number | undefined)[] => {
    const [entry] = directory.entries()
    return [entry?.ownGpus, entry?.otherGpus]
  }
  directory.began(PEER, 2)
  expect(gpus()).toEqual([2, 0])
  const load = {
    running: 2,
    queued: 0,
    slots: 4,
    queue_slots: 4,
    cpu_usage: 0,
    memory_available_mb: 1,
    disk_available_mb: 1,
    stopping: false
  }
  directory.reported(PEER, { ...load, gpus_taken: 3 })
  expect(gpus()).toEqual([2, 1])
  directory.ended(PEER, 2)
  directory.reported(PEER, load)
  expect(gpus()).toEqual([0, 0])
})

describe('a record', () => {
  it('with a number not above the last is a replay and changes nothing', () => {
    found(PEER, 5)
    found(PEER, 7)
    expect(directory.entries()[0]?.record?.seq).toBe(7)
    for (const seq of [7, 6, 0]) found(PEER, seq)
    expect(directory.entries()[0]?.record?.seq).toBe(7)
  })

  it('alone makes nobody a candidate', async () => {
    found(PEER, 5)
    await settle()
    expect(directory.candidates()).toEqual([])
  })
})

describe('a session that is lost while the worker is still being asked', () => {
  it('does not leave a worker that seems ready', async () => {
    open = async () =>
      await Promise.resolve({
        isOpen: false,
        request: async () =>
          await Promise.resolve({ error: new MeshError('SESSION_CLOSED', 'gone') })
      })
    found(PEER)
    await settle()
    expect(directory.entries()[0]?.state).toBe('unreachable')
  })
})

describe('a full directory', () => {
  it('lets one that never answered go for a new one, and stays within its bound', async () => {
    for (let index = 0; index < LIMITS.directoryWorkersMax; index += 1) found(`fake-${index}`)
    expect(directory.entries()).toHaveLength(LIMITS.directoryWorkersMax)
    found('too-early')
    expect(directory.entries().some(({ peer }) => peer === 'too-early')).toBe(false)
    await settle()
    found(PEER)
    expect(directory.entries()).toHaveLength(LIMITS.directoryWorkersMax)
    expect(directory.entries().at(-1)?.peer).toBe(PEER)
    await directory.stop()
    expect(clock.timerCount).toBe(0)
  })
})
