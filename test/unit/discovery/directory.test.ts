/** The router's book of workers: whom it takes up, how long it tries, when it lets go. Time is fake, peers are played. */
import { beforeEach, describe, expect, it } from 'vitest'
import { Directory } from '../../../src/discovery/directory.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { recordOf } from '../../support/spawn-discovery.ts'
import type { DirectoryComponents } from '../../../src/discovery/directory.ts'
import type { SessionListener } from '../../../src/protocol/session-service.ts'

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

let clock: FakeClock
let opened: string[]
let directory: Directory
let open: () => Promise<unknown>
const listeners: SessionListener[] = []

beforeEach(() => {
  clock = new FakeClock()
  opened = []
  open = () => Promise.reject(new MeshError('PEER_UNREACHABLE', 'nobody there'))
  const sessions = {
    listen: (listener: SessionListener) => listeners.push(listener),
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
      onRoom: () => {}
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
