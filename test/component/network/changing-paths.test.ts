/** What is above the network while paths change, over real sockets and relays: sessions and pieces go on. */
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { CommandServer } from '../../../src/protocol/command-server.ts'
import { OPEN_ACCESS } from '../../../src/protocol/access.ts'
import { SessionService } from '../../../src/protocol/session-service.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Fetcher, KnownSources, startPieceServer } from '../../support/piece-mesh.ts'
import { openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { failureOf } from '../../support/spawn-mesh.ts'
import { until } from '../../support/until.ts'
import type { BareNode } from '../../support/bare-mesh-node.ts'
import type { CommandHandlers } from '../../../src/protocol/command-server.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'
import type { MeshNode } from '../../../src/network/mesh-node.ts'

const MIB = 2 ** 20
const FREE = {
  reservationsMax: 16,
  dataBytes: undefined,
  durationMs: undefined,
  rateBytes: undefined
}
const TIMEOUT = { timeoutMs: 60_000 }

const newFolder = useFolders()
const nodes = new BareNodes()
afterEach(async () => await nodes.stop())

/** A node that nobody can dial, places at relays, and somebody who knows it by these. */
async function addBehindRelays(
  count: number
): Promise<{ relays: BareNode[]; hidden: MeshNode; caller: BareNode }> {
  const reach = { relays: 0, punches: false, relay: FREE }
  const relays = await Promise.all(Array.from({ length: count }, () => nodes.add({ reach })))
  const { node: hidden } = await nodes.add({
    isDhtServer: false,
    listen: [],
    reach: { relays: count, punches: false }
  })
  for (const { address } of relays) {
    // oxlint-disable-next-line no-await-in-loop
    await hidden.dial(address)
  }
  await until(
    'places at relays',
    () => hidden.addresses(),
    ({ length }) => length === count
  )
  const caller = await nodes.add({ isDhtServer: false })
  await caller.node.learnAddresses(hidden.selfPeer, hidden.addresses())
  return { relays, hidden, caller }
}

async function startSessions(
  link: MeshNode,
  handlers: CommandHandlers = {}
): Promise<SessionService> {
  const server = new CommandServer({
    access: OPEN_ACCESS,
    selfPeer: link.selfPeer,
    role: 'test',
    logger: silentLogger
  })
  server.register(handlers)
  // It stands: nobody looks whether a session has ended to be used.
  const clock = new FakeClock()
  const components = { access: OPEN_ACCESS, clock, link, server, agent: 'test' }
  const sessions = new SessionService({ ...components, describeLoad: () => null })
  await sessions.start()
  onTestFinished(() => sessions.stop())
  return sessions
}

test('a session moves from its relay to the direct way, and is back at the relay when that breaks', async () => {
  const { caller, hidden } = await addBehindRelays(1)
  const released = Promise.withResolvers<{ files: [] }>()
  const handlers = { LIST_FILES: async () => ({ result: await released.promise }) }
  await startSessions(hidden, handlers)
  const sessions = await startSessions(caller.node)
  const before = await sessions.open(hidden.selfPeer)
  expect(caller.node.isRelayed(hidden.selfPeer)).toBe(true)
  const asked = before.request({ command: 'LIST_FILES', params: {} }, TIMEOUT)

  await hidden.dial(caller.address)
  await until(
    'session by the direct way',
    () => sessions.get(hidden.selfPeer),
    (session) => session !== before
  )
  expect(caller.node.isRelayed(hidden.selfPeer)).toBe(false)
  expect(before.isOpen).toBe(true)
  const failed = sessions
    .get(hidden.selfPeer)
    ?.request({ command: 'LIST_FILES', params: {} }, TIMEOUT)
  const direct = caller.node.libp2p.getConnections().find(({ remoteAddr, remotePeer }) => {
    return remotePeer.toString() === hidden.selfPeer && !String(remoteAddr).includes('p2p-circuit')
  })
  direct?.abort(new Error('the direct way breaks'))
  expect(await failureOf(failed as Promise<unknown>)).toMatchObject({ code: 'SESSION_CLOSED' })
  expect(await sessions.open(hidden.selfPeer)).toBe(before)
  released.resolve({ files: [] })
  expect((await asked).result).toEqual({ files: [] })
})

test('pieces go on over the other relay when theirs dies, and what has come is not fetched again', async () => {
  const { caller, hidden, relays } = await addBehindRelays(2)
  const given = await openLibrary(newFolder())
  const bytes = someBytes(2 * MIB)
  const { id } = await given.addBytes(bytes, 'film')
  const server = await startPieceServer(hidden, given)
  onTestFinished(() => server.stop())
  // A direct way, for which pieces would wait a moment, never comes here.
  const openStream: MeshNode['openStream'] = async (peer, protocol, options) =>
    await caller.node.openStream(peer, protocol, { signal: options?.signal })
  const sources = new KnownSources({ openStream }, () => {
    return { manifest: given.manifest(id) as FileManifest, name: 'film' }
  })
  const fetcher = new Fetcher(await openLibrary(newFolder()), sources)
  onTestFinished(() => fetcher.client.stop())
  sources.say('appeared', hidden.selfPeer)
  const download = fetcher.download(id)
  const run = download.run()
  await until(
    'first pieces',
    () => download.progress().bytes,
    (count) => count > MIB / 4
  )
  const [circuit] = caller.node.libp2p
    .getConnections()
    .filter(({ remotePeer }) => remotePeer.toString() === hidden.selfPeer)
    .map(({ remoteAddr }) => String(remoteAddr))
  const theirs = relays.find(({ node }) => circuit?.includes(`${node.selfPeer}/p2p-circuit`))
  await theirs?.node.stop()
  await run
  const [share] = download.progress().peers
  expect(share).toMatchObject({ state: 'connected', bytes: bytes.byteLength })
  expect(share?.wastedBytes).toBeLessThan(65_536)
  expect(fetcher.misbehaved).toEqual([])
})

test('a peer whose only relay does not run is not taken for one that does not run', async () => {
  const { caller, hidden, relays } = await addBehindRelays(1)
  await relays[0]?.node.stop()
  expect(
    await failureOf(caller.node.openStream(hidden.selfPeer, '/taskmesh/test/1'))
  ).toMatchObject({ code: 'PEER_UNREACHABLE' })
})
