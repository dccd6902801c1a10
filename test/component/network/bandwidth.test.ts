/** What is moved over real sockets says how fast the way is, to who sends and to who receives. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { FileService } from '../../../src/files/service/file-service.ts'
import { KnownSources, startPieceServer } from '../../support/piece-mesh.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import { openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const MIB = 2 ** 20
const newFolder = useFolders()
const mesh = new Mesh()
afterEach(async () => await mesh.stop())

/** Two that are connected over a socket. */
async function pair(): Promise<{ from: SpawnedNode; to: SpawnedNode }> {
  const [from, to] = [await mesh.add({ isOverTcp: true }), await mesh.add({ isOverTcp: true })]
  await to.node.dial(from.address)
  await until(() => from.node.isConnected(to.peer))
  return { from, to }
}

/** Whether both know the one direction, and nothing of the other. */
function isMeasured({ from, to }: { from: SpawnedNode; to: SpawnedNode }): boolean {
  const sent = from.node.bandwidth.rateOf(to.peer, 'local', 'to')
  const received = to.node.bandwidth.rateOf(from.peer, 'local', 'from')
  const others = [
    from.node.bandwidth.rateOf(to.peer, 'local', 'from'),
    to.node.bandwidth.rateOf(from.peer, 'local', 'to')
  ]
  const isKnown = [sent, received].every((rate) => (rate?.bytesPerMs ?? 0) > 0)
  return isKnown && others.every((rate) => rate === undefined)
}

test('the pieces of a file tell', async () => {
  const { from, to } = await pair()
  const path = join(newFolder(), 'film.bin')
  writeFileSync(path, someBytes(24 * MIB))
  const library = await openLibrary(newFolder())
  const { id, name } = await library.add(path)
  const server = await startPieceServer(from.node, library)
  onTestFinished(() => server.stop())
  const sources = new KnownSources(to.node, () => {
    return { manifest: library.manifest(id) as FileManifest, name }
  })
  sources.say('appeared', from.peer)
  const service = new FileService({
    clock: systemClock,
    random: seededRandom(7),
    logger: silentLogger,
    link: to.node,
    library: await openLibrary(newFolder()),
    sources,
    hasWaitingCalls: () => false,
    onMisbehaviour: () => {},
    agent: 'test'
  })
  await service.start()
  onTestFinished(() => service.stop())
  await service.fetch(id)
  expect(isMeasured({ from, to })).toBe(true)
})

test('large frames of a session tell', async () => {
  const { from, to } = await pair()
  const session = await from.sessions.open(to.peer)
  const task = { command: 'EXECUTE_TASK', params: {}, bulk: JSON.stringify('x'.repeat(2 * MIB)) }
  // What they ask is nonsense; they arrive in full.
  await Promise.all(Array.from({ length: 6 }, () => session.request(task, { timeoutMs: 60_000 })))
  expect(isMeasured({ from, to })).toBe(true)
})
