/** A session moves to the direct way when there is one: nothing that was asked is lost, and nobody hears of a loss. */
import { afterEach, describe, expect, it } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { SESSION_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Mesh, failureOf, until } from '../../support/spawn-mesh.ts'
import { TwoWays } from '../../support/two-ways.ts'
import { settle } from '../../support/settle.ts'
import type { CommandHandlers } from '../../../src/protocol/command-server.ts'
import type { Session, SessionAnswer } from '../../../src/protocol/session.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const TIMEOUT = { timeoutMs: 3_600_000 }
const SLOW = { command: 'FIND_NODES', params: {} }
const QUICK = { command: 'LIST_FILES', params: {} }

const mesh = new Mesh()
afterEach(async () => await mesh.stop())

interface Setting {
  clock: FakeClock
  ways: TwoWays
  asker: SpawnedNode
  answerer: SpawnedNode
  /** As the asker has it, which has opened it. */
  before: Session
  /** Lets all slow commands be answered. */
  release: (answer?: { bulk: string }) => void
  /** What listeners hear at either end. */
  losses: string[]
}

async function overRelay(): Promise<Setting> {
  const clock = new FakeClock()
  const ways = new TwoWays()
  const released = Promise.withResolvers<{ bulk?: string }>()
  const handlers = {
    LIST_FILES: () => ({ result: { files: [] } }),
    FIND_NODES: async () => await released.promise
  } as CommandHandlers
  const init = { clock, handlers, link: ways.link }
  const { answerer, asker } = await mesh.pair(init, init)
  const losses: string[] = []
  for (const { sessions } of [asker, answerer]) {
    sessions.listen({ onClosed: (_peer, { code }) => losses.push(code) })
  }
  const before = await asker.sessions.open(answerer.peer)
  await until(() => answerer.sessions.get(asker.peer) !== undefined)
  const release: Setting['release'] = (answer) => released.resolve(answer ?? {})
  return { clock, ways, asker, answerer, before, release, losses }
}

async function moved({ answerer, asker, before }: Setting): Promise<Session> {
  const current = (): Session | undefined => asker.sessions.get(answerer.peer)
  await until(() => current() !== undefined && current() !== before)
  return current() as Session
}

function streamCount({ asker }: Setting): number {
  return asker.node.libp2p
    .getConnections()
    .flatMap(({ streams }) => streams)
    .filter(({ protocol, status }) => protocol === SESSION_PROTOCOL_V1 && status === 'open').length
}

/** Whoever looks now and then looks now. */
async function isEnded(setting: Setting): Promise<void> {
  const { before, clock } = setting
  while (before.isOpen) {
    // oxlint-disable-next-line no-await-in-loop
    await settle()
    clock.advance(1_000)
  }
  await until(() => streamCount(setting) === 1)
}

describe('a session over a relay, once there is a direct way', () => {
  it('is followed by one that is used for all that is new, and ends when nobody waits on it', async () => {
    const setting = await overRelay()
    const { answerer, asker, before, clock, losses, release, ways } = setting
    const theirs = answerer.sessions.get(asker.peer) as Session
    const asked = before.request(SLOW, TIMEOUT)
    const askedBack = theirs.request(SLOW, TIMEOUT)
    ways.goDirect()
    const after = await moved(setting)
    await until(() => answerer.sessions.get(asker.peer) !== theirs)
    expect(streamCount(setting)).toBe(2)
    for (const session of [after, answerer.sessions.get(asker.peer)]) {
      expect((await session?.request(QUICK, TIMEOUT))?.result).toEqual({ files: [] })
    }
    clock.advance(4_000)
    await settle()
    expect(before.isOpen).toBe(true)
    release()
    for (const answer of await Promise.all([asked, askedBack])) expect(answer.error).toBeUndefined()
    await isEnded(setting)
    expect(asker.sessions.get(answerer.peer)).toBe(after)
    expect(losses).toEqual([])
    await after.close(new MeshError('STOPPING', 'enough'))
    await until(() => losses.length === 2)
    expect(losses).toEqual(['STOPPING', 'STOPPING'])
  })

  it('does not end before its last answer has arrived, however long that is', async () => {
    const setting = await overRelay()
    const { before, release, ways } = setting
    const asked = before.request(SLOW, TIMEOUT)
    let answer: SessionAnswer | undefined
    void asked.then((given) => (answer = given))
    ways.goDirect()
    await moved(setting)
    release({ bulk: JSON.stringify('x'.repeat(4_000_000)) })
    await isEnded(setting)
    expect(answer?.bulk?.length).toBe(4_000_002)
  })

  it('is used again where the new one is lost before it has ended', async () => {
    const setting = await overRelay()
    const { answerer, asker, before, clock, losses, release, ways } = setting
    const asked = before.request(SLOW, TIMEOUT)
    ways.goDirect()
    const after = await moved(setting)
    await after.request(QUICK, TIMEOUT)
    await after.close(new MeshError('SESSION_CLOSED', 'the direct way is gone'))
    expect(asker.sessions.get(answerer.peer)).toBe(before)
    release()
    await asked
    clock.advance(2_000)
    await settle()
    expect((await before.request(QUICK, TIMEOUT)).error).toBeUndefined()
    expect(losses).toEqual([])
    ways.goDirect()
    await moved(setting)
    await isEnded(setting)
  })

  it('fails what waits on it where its relay dies, and nobody hears that the peer is lost', async () => {
    const setting = await overRelay()
    const { before, losses, ways } = setting
    const failed = failureOf(before.request(SLOW, TIMEOUT))
    ways.goDirect()
    const after = await moved(setting)
    await before.close(new MeshError('SESSION_CLOSED', 'the relay is gone'))
    expect(await failed).toMatchObject({ code: 'SESSION_CLOSED' })
    expect((await after.request(QUICK, TIMEOUT)).result).toEqual({ files: [] })
    expect(losses).toEqual([])
  })

  it('goes on where no other comes about, and is tried again while the direct way is there', async () => {
    const setting = await overRelay()
    const { answerer, asker, before, clock, ways } = setting
    let tries = 0
    ways.onOpen = () => {
      tries += 1
      if (tries < 3) throw new MeshError('PEER_UNREACHABLE', 'not this time')
    }
    ways.goDirect()
    await until(() => tries === 1)
    await settle()
    expect(asker.sessions.get(answerer.peer)).toBe(before)
    expect((await before.request(QUICK, TIMEOUT)).error).toBeUndefined()
    clock.advance(5_000)
    await until(() => tries === 2)
    await settle()
    clock.advance(5_000)
    await moved(setting)
    await isEnded(setting)
  })

  it('is not tried again where the direct way is gone, nor where there is none to move', async () => {
    const setting = await overRelay()
    const { answerer, before, clock, ways } = setting
    let tries = 0
    ways.onOpen = () => {
      tries += 1
      throw new MeshError('PEER_UNREACHABLE', 'never')
    }
    ways.goDirect()
    await until(() => tries === 1)
    ways.isRelayed = true
    await settle()
    clock.advance(5_000)
    await settle()
    expect(tries).toBe(1)
    await before.close(new MeshError('SESSION_CLOSED', 'enough'))
    await until(() => answerer.sessions.get(setting.asker.peer) === undefined)
    ways.goDirect()
    await settle()
    expect(tries).toBe(1)
  })
})
