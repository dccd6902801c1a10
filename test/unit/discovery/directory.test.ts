/** The router's book of workers: whom it takes up, how long it tries, when it lets go. Time is fake, peers are played. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Directory } from '../../../src/discovery/directory.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { OPEN_ACCESS } from '../../../src/protocol/access.ts'
import { sealRecord } from '../../../src/discovery/record.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { recordOf, standingOf } from '../../support/spawn-discovery.ts'
import { failureOf, until } from '../../support/spawn-mesh.ts'
import type { Candidate } from '../../../src/selection/candidate.ts'
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
/** The one that is used. */
let current: object
let changes: NodeChange[]
let listener: SessionListener

beforeEach(() => {
  clock = new FakeClock()
  opened = []
  open = () => Promise.reject(new MeshError('PEER_UNREACHABLE', 'nobody there'))
  hasSession = false
  current = {}
  changes = []
  const sessions = {
    listen: (given: SessionListener) => {
      listener = given
    },
    get: () => (hasSession ? current : undefined),
    open: async (peer: string) => {
      opened.push(peer)
      return await open()
    }
  }
  const node = { learnAddresses: async () => {} }
  directory = new Directory(
    {
      access: OPEN_ACCESS,
      node,
      sessions,
      tracker: { wayTo: () => undefined },
      clock,
      logger: silentLogger,
      standingOf,
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
    expect(directory.entries()[0]?.work.report).toMatchObject({ running: 2, stopping: true })
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

const send = (gpuCount = 0): number => directory.sent(worker.peer, { expectedMs: 100, gpuCount })
const end = (number: number, ranMs?: number): void =>
  directory.ended(worker.peer, { number, taskType: 'builtin:noop', ranMs })
const report = (load: Partial<LoadReport>): void =>
  directory.reported(worker.peer, { ...IDLE, seen: 0, ...load })
/** The worker as selection sees it. */
const seen = (): Candidate | undefined => directory.candidates()[0]

describe('tasks of ours at a worker', () => {
  beforeEach(async () => {
    await directory.start()
    await answerAs({ seen: 0 })
    found(worker.peer)
    await until(isReady)
  })

  it('count at once, and each is counted out once', () => {
    const first = send()
    send(2)
    expect(seen()).toMatchObject({ unseenCount: 2, unseenMs: 200, unseenGpus: 2 })
    expect(directory.entries()[0]?.work.openCount).toBe(2)
    end(first)
    end(first)
    expect(seen()).toMatchObject({ unseenCount: 1, unseenMs: 100, unseenGpus: 2 })
  })

  it('are the worker’s own figures once it says that it knows of them', () => {
    send(1)
    const second = send(2)
    report({
      running: 3,
      gpus_taken: 3,
      seen: second - 1,
      wait_ms: 40,
      queued_ms: 20,
      work_rate: 2
    })
    expect(seen()).toMatchObject({ running: 3, queued: 0, gpusTaken: 3, waitMs: 40, queuedMs: 20 })
    expect(seen()).toMatchObject({ workRate: 2, unseenCount: 1, unseenGpus: 2 })
    expect(seen()?.ownRate).toBeCloseTo(0.2)
  })

  it('are there whatever the worker says, as long as it has not answered', () => {
    for (let count = 0; count < 6; count += 1) send(1)
    report({ seen: 6 })
    expect(seen()).toMatchObject({ running: 4, queued: 2, gpusTaken: 6, unseenCount: 0 })
  })

  it('are all on their way for a worker that made up what it has seen', () => {
    send()
    report({ seen: 1_000_000 })
    expect(seen()).toMatchObject({ running: 0, unseenCount: 1 })
  })

  it('are told from those of others where the worker does not say what it has seen', () => {
    send()
    send()
    directory.reported(worker.peer, { ...IDLE, running: 4, queued: 1 })
    expect(seen()).toMatchObject({ running: 3, queued: 0, unseenCount: 2 })
  })

  it('that a new session finds there are not counted twice', async () => {
    send()
    send()
    lose()
    await answerAs({ running: 2, seen: 0 })
    await pass(1_000)
    await until(isReady)
    expect(seen()).toMatchObject({ running: 2, unseenCount: 0 })
  })

  it('outlive the worker’s name in the book', async () => {
    const number = send()
    lose()
    await pass(40_000)
    expect(directory.entries()).toEqual([])
    await answerAs({ seen: 0 })
    found(worker.peer)
    await until(isReady)
    expect(directory.entries()[0]?.work.openCount).toBe(1)
    expect(send()).toBe(number + 1)
  })

  it('teach how fast it is, by no more time than each was away', () => {
    const before = directory.workMs('builtin:noop')
    clock.advance(1)
    end(send(), 1e9)
    expect(directory.workMs('builtin:noop')).toBeLessThan(before)
    for (let count = 0; count < 50; count += 1) {
      const number = send()
      clock.advance(1_000)
      end(number, 1_000)
    }
    const { cpu_speed_ghz: ghz } = recordOf(worker.peer).capabilities
    expect(directory.workMs('builtin:noop')).toBeGreaterThan(500 * ghz)
    expect(seen()?.speed).toBeLessThan(ghz)
  })

  it('that make it suspect keep it from new ones until it is heard of', () => {
    directory.suspect(worker.peer)
    expect(seen()?.isSuspected).toBe(true)
    report({})
    expect(seen()?.isSuspected).toBe(false)
  })
})

describe('the list of candidates', () => {
  it('is the same objects, with ages that grow', async () => {
    await directory.start()
    await answerAs({})
    found(worker.peer)
    await until(isReady)
    const [before] = directory.candidates()
    clock.advance(700)
    expect(before?.ages).toMatchObject({ loadMs: 700, capabilitiesMs: 700 })
    directory.reported(worker.peer, { ...IDLE, running: 1 })
    const [after] = directory.candidates()
    expect(after).toBe(before)
    expect(after).toMatchObject({ running: 1, ages: { loadMs: 0 } })
    lose()
    expect(directory.candidates()).toEqual([])
  })

  it.each([
    { running: -1 },
    { queued: 1.5 },
    { wait_ms: NaN },
    { queued_ms: Infinity },
    { slowdown: 0 },
    { seen: -1 },
    { routers: 'many' }
  ])('does not change by a report of %j', async (nonsense) => {
    await directory.start()
    await answerAs({ running: 2, seen: 0 })
    found(worker.peer)
    await until(isReady)
    const before = { ...directory.candidates()[0] }
    directory.reported(worker.peer, { ...IDLE, ...nonsense })
    expect(directory.candidates()[0]).toEqual(before)
  })

  it('keeps huge figures within what can be reckoned with', async () => {
    await directory.start()
    const [wait, huge] = [Number.MAX_VALUE, Number.MAX_SAFE_INTEGER]
    const work = { wait_ms: wait, queued_ms: wait, work_rate: wait, routers: huge }
    await answerAs({ running: huge, queued: huge, slowdown: 1_000, seen: 0, ...work })
    found(worker.peer)
    await until(isReady)
    const figures = Object.values(directory.candidates()[0] ?? {}).filter(
      (figure) => typeof figure === 'number'
    )
    expect(Math.max(...figures)).toBeLessThan(1e10)
  })
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

describe('a session that moves to a better way', () => {
  it('is followed, and its worker is neither lost nor asked again', async () => {
    await directory.start()
    await answerAs({ running: 1 })
    found(worker.peer)
    await until(isReady)
    current = { latencyMs: 7 }
    listener.onLoad?.(worker.peer, { ...IDLE, running: 2 })
    const [entry] = directory.entries()
    expect(entry).toMatchObject({ state: 'ready', readyCount: 1 })
    expect(entry?.session).toBe(current)
    expect(directory.candidates()).toMatchObject([{ running: 2 }])
    expect(opened).toHaveLength(1)
  })
})

describe('many workers that are found at once', () => {
  it('are introduced to so many at a time, one that somebody waits for first', async () => {
    const answers: PromiseWithResolvers<never>[] = []
    open = () => {
      const answer = Promise.withResolvers<never>()
      answers.push(answer)
      return answer.promise
    }
    for (let index = 0; index < 100; index += 1) found(`fake-${index}`)
    await settle()
    expect(opened).toHaveLength(LIMITS.contactsAtOnceMax)
    const stop = new AbortController()
    const waiting = failureOf(directory.whenReady('fake-99', { signal: stop.signal }))
    answers[0]?.reject(new MeshError('PEER_UNREACHABLE', 'nobody there'))
    await settle()
    expect(opened).toHaveLength(LIMITS.contactsAtOnceMax + 1)
    expect(opened.at(-1)).toBe('fake-99')
    stop.abort(new Error('enough'))
    await waiting
    await directory.stop()
    for (const answer of answers) answer.reject(new MeshError('STOPPING', 'over'))
    await settle()
    expect(opened).toHaveLength(LIMITS.contactsAtOnceMax + 1)
    expect(clock.timerCount).toBe(0)
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
