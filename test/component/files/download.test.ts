import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { Fetcher, KnownSources, startPieceServer } from '../../support/piece-mesh.ts'
import { Mesh } from '../../support/spawn-mesh.ts'
import { openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { readInOrder } from '../../../src/files/transfer/read-in-order.ts'
import type { FileLibrary } from '../../../src/files/store/library.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'
import type { PieceServer, PieceServerInit } from '../../../src/files/exchange/piece-server.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const newFolder = useFolders()
const MIB = 2 ** 20
const mesh = new Mesh()
afterEach(async () => await mesh.stop())

interface Seeder {
  node: SpawnedNode
  peer: string
  library: FileLibrary
  server: PieceServer
}

/** A node that has the file and gives it. */
async function addSeeder(path: string, init: PieceServerInit = {}): Promise<Seeder> {
  const node = await mesh.add()
  const library = await openLibrary(newFolder())
  await library.add(path)
  const server = await startPieceServer(node.node, library, init)
  onTestFinished(() => server.stop())
  return { node, peer: node.peer, library, server }
}

async function fetcherFor(
  folder: string,
  seeders: readonly Seeder[],
  init: ConstructorParameters<typeof Fetcher>[2] = {}
): Promise<{ fetcher: Fetcher; library: FileLibrary; sources: KnownSources; node: SpawnedNode }> {
  const node = await mesh.add()
  const library = await openLibrary(folder)
  const sources = new KnownSources(node.node, (peer) => {
    const seeder = seeders.find((each) => each.peer === peer)
    const [entry] = seeder?.library.list() ?? []
    if (seeder === undefined || entry === undefined) return undefined
    return { manifest: seeder.library.manifest(entry.id) as FileManifest, name: entry.name }
  })
  for (const seeder of seeders) await node.node.dial(seeder.node.address)
  const fetcher = new Fetcher(library, sources, init)
  onTestFinished(() => fetcher.client.stop())
  return { fetcher, library, sources, node }
}

function writeSource(length: number, seed = 1): { path: string; bytes: Buffer } {
  const path = join(newFolder(), 'film.bin')
  const bytes = someBytes(length, seed)
  writeFileSync(path, bytes)
  return { path, bytes }
}

function readBlob(folder: string, id: string): Buffer {
  return readFileSync(join(folder, 'blobs', id.slice(7, 9), id.slice(7)))
}

describe('a file', () => {
  test.each([0, 1, 70_000, 3 * MIB + 5, 40 * MIB + 1])(
    'of %d bytes comes whole from one peer',
    async (length) => {
      const { bytes, path } = writeSource(length)
      const seeder = await addSeeder(path)
      const [{ id } = { id: '' }] = seeder.library.list()
      const home = newFolder()
      const { fetcher, sources } = await fetcherFor(home, [seeder])
      sources.say('appeared', seeder.peer)
      const entry = await fetcher.download(id).run()
      expect(entry).toMatchObject({ id, name: 'film.bin', isComplete: true })
      expect(readBlob(home, id).equals(bytes)).toBe(true)
      expect(fetcher.misbehaved).toEqual([])
    }
  )

  test('is read in order while it comes', async () => {
    const { bytes, path } = writeSource(20 * MIB + 3)
    const seeder = await addSeeder(path)
    const [{ id } = { id: '' }] = seeder.library.list()
    const { fetcher, library, sources } = await fetcherFor(newFolder(), [seeder])
    sources.say('appeared', seeder.peer)
    const download = fetcher.download(id, { order: 'sequential' })
    const [read] = await Promise.all([
      buffer(Readable.from(readInOrder(download, library), { highWaterMark: 1 })),
      download.run()
    ])
    expect(read.equals(bytes)).toBe(true)
  })
})
