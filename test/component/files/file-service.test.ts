/** Those who want the same file share one download, whenever they come and leave. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { FileService } from '../../../src/files/service/file-service.ts'
import { KnownSources, startPieceServer } from '../../support/piece-mesh.ts'
import { Mesh } from '../../support/spawn-mesh.ts'
import { openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { until } from '../../support/until.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'

const newFolder = useFolders()
const BYTES = 2 ** 21
const mesh = new Mesh()
afterEach(async () => await mesh.stop())

interface Bench {
  id: string
  service: FileService
  /** What was asked for is given only from then on, but for the first pieces. */
  open: () => void
  /** Of what the other node has given. */
  givenBytes: () => number
}

async function start(): Promise<Bench> {
  const path = join(newFolder(), 'film.bin')
  writeFileSync(path, someBytes(BYTES))
  const [seeder, node] = [await mesh.add(), await mesh.add()]
  const other = await openLibrary(newFolder())
  const { id, name } = await other.add(path)
  const gate = Promise.withResolvers<void>()
  let givenBytes = 0
  const server = await startPieceServer(seeder.node, {
    events: other.events,
    get: (file) => other.get(file),
    pieces: (file) => other.pieces(file),
    readPiece: async (...what) => {
      if (givenBytes > 0) await gate.promise
      const bytes = await other.readPiece(...what)
      givenBytes += bytes.length
      return bytes
    }
  })
  onTestFinished(() => server.stop())
  await node.node.dial(seeder.node.addresses()[0] ?? '')
  const sources = new KnownSources(node.node, () => {
    return { manifest: other.manifest(id) as FileManifest, name }
  })
  sources.say('appeared', seeder.peer)
  const service = new FileService({
    clock: systemClock,
    random: seededRandom(7),
    logger: silentLogger,
    link: node.node,
    library: await openLibrary(newFolder()),
    sources,
    hasWaitingCalls: () => false,
    onMisbehaviour: () => {},
    agent: 'test'
  })
  await service.start()
  onTestFinished(() => service.stop())
  return { id, service, open: () => gate.resolve(), givenBytes: () => givenBytes }
}

const untilSomeIsHere = ({ id, service }: Bench): Promise<number> =>
  until(
    'first bytes',
    () => service.download(id)?.progress().bytes ?? 0,
    (bytes) => bytes > 0
  )

test('a file that two want at once comes once, also when the first of them leaves', async () => {
  const bench = await start()
  const { givenBytes, id, open, service } = bench
  const leaving = new AbortController()
  const first = service.fetch(id, {}, { signal: leaving.signal })
  const second = service.fetch(id)
  await untilSomeIsHere(bench)
  leaving.abort(new Error('it was stopped'))
  await expect(first).rejects.toThrow('it was stopped')
  open()
  expect(await second).toMatchObject({ id, isComplete: true })
  expect(givenBytes()).toBe(BYTES)
})

test('who comes just after the last one has left gets the file, not why that one left', async () => {
  const bench = await start()
  const { id, open, service } = bench
  const leaving = new AbortController()
  const first = service.fetch(id, {}, { signal: leaving.signal })
  await untilSomeIsHere(bench)
  leaving.abort(new Error('it was stopped'))
  await expect(first).rejects.toThrow('it was stopped')
  const second = service.fetch(id)
  open()
  expect(await second).toMatchObject({ id, isComplete: true })
})

test('a node that stops fetches nothing more', async () => {
  const bench = await start()
  const { id, service } = bench
  const first = service.fetch(id).catch((cause: unknown) => cause)
  await untilSomeIsHere(bench)
  await service.stop()
  expect(await first).toMatchObject({ code: 'STOPPING' })
  await expect(service.fetch(id)).rejects.toMatchObject({ code: 'STOPPING' })
})
