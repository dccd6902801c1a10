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
import type {
  PieceServer,
  PieceServerComponents,
  PieceServerInit
} from '../../../src/files/exchange/piece-server.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const newFolder = useFolders()
const MIB = 2 ** 20
/** Of 128. */
const SOME_PIECES = 16
const mesh = new Mesh()
afterEach(async () => await mesh.stop())

interface Seeder {
  node: SpawnedNode
  peer: string
  library: FileLibrary
  server: PieceServer
}

/** A node that has the file and gives it. */
async function addSeeder(
  path: string,
  init: PieceServerInit = {},
  change: (library: FileLibrary) => PieceServerComponents['library'] = (library) => library
): Promise<Seeder> {
  const node = await mesh.add()
  const library = await openLibrary(newFolder())
  await library.add(path)
  const server = await startPieceServer(node.node, change(library), init)
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

type Given = PieceServerComponents['library']

/** What a library gives, but for the bytes of its pieces. */
function giving(library: FileLibrary, readPiece: Given['readPiece']): Given {
  return {
    events: library.events,
    get: (id) => library.get(id),
    pieces: (id) => library.pieces(id),
    readPiece
  }
}

/** Every piece is wrong in one byte. */
function lying(library: FileLibrary): Given {
  return giving(library, async (...what) => {
    const bytes = Uint8Array.from(await library.readPiece(...what))
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
    return bytes
  })
}

/** No read comes to an end, after the first few. */
function stalling(library: FileLibrary, afterPieces: number): Given {
  let count = 0
  return giving(library, async (...what) => {
    count += 1
    return count > afterPieces ? new Promise(() => {}) : library.readPiece(...what)
  })
}

describe('many peers', () => {
  test('of unequal pace, one that lies, one that stalls, one killed midway, and a fetcher that restarts twice', async () => {
    const { bytes, path } = writeSource(48 * MIB + 4_321)
    const rates = [8, 4, 2, 1].map((mib) => ({ limitRateUp: mib * MIB }))
    const seeders: Seeder[] = []
    for (const init of rates) seeders.push(await addSeeder(path, init))
    const liar = await addSeeder(path, {}, lying)
    const staller = await addSeeder(path, {}, (library) => stalling(library, 3))
    const all = [...seeders, liar, staller]
    const [{ id } = { id: '' }] = liar.library.list()
    const home = newFolder()
    let verified = 0
    const liars = new Set<string>()
    for (const share of [0.2, 0.5]) {
      const stop = new AbortController()
      const { fetcher, library, sources } = await fetcherFor(home, all, {
        onVerified: () => {
          const part = library.pieces(id)
          if (part !== undefined && part.size >= share * part.count) stop.abort(new Error('killed'))
        }
      })
      sources.say('appeared', ...all.map(({ peer }) => peer))
      const run = fetcher.download(id, { stallMs: 1_500 }).run({ signal: stop.signal })
      await expect(run).rejects.toThrow('killed')
      for (const { peer } of fetcher.misbehaved) liars.add(peer)
      await fetcher.client.stop()
      await library.stop()
    }
    const killed = seeders[0] as Seeder
    const { fetcher, library, sources } = await fetcherFor(home, all, {
      onVerified: () => {
        verified += 1
        if (verified === 20) void killed.node.stop()
      }
    })
    const before = library.pieces(id)?.size ?? 0
    expect(before).toBeGreaterThan(90)
    sources.say('appeared', ...all.map(({ peer }) => peer))
    const download = fetcher.download(id, { stallMs: 1_500 })
    await download.run()
    for (const { peer } of fetcher.misbehaved) liars.add(peer)
    expect(readBlob(home, id).equals(bytes)).toBe(true)
    expect(liars).toEqual(new Set([liar.peer]))
    const { peers } = download.progress()
    const shareOf = (peer: string) => peers.find((each) => each.peer === peer)
    expect(peers.reduce((sum, { pieces }) => sum + pieces, 0)).toBe(verified)
    expect(verified).toBe(193 - before)
    expect(shareOf(liar.peer)).toMatchObject({ pieces: 0, state: 'banned' })
    expect(shareOf(killed.peer)).toMatchObject({
      state: expect.stringMatching(/dropped|unreachable/)
    })
    expect(shareOf(seeders[1]?.peer ?? '')?.bytes).toBeGreaterThan(0)
  })
})

describe('a download', () => {
  test('that nobody can complete says what is missing, keeps what has come, and goes on later', async () => {
    const { bytes, path } = writeSource(2 * MIB)
    const half = await addSeeder(path, {}, (library) =>
      giving(library, async (id, index, range) => {
        if (index >= 4) throw new Error('this part of the disk is broken')
        return library.readPiece(id, index, range)
      })
    )
    const [{ id } = { id: '' }] = half.library.list()
    const whole = await addSeeder(path)
    const home = newFolder()
    const { fetcher, library, sources } = await fetcherFor(home, [half, whole])
    sources.say('appeared', half.peer)
    await expect(fetcher.download(id, { sourceTimeoutMs: 600 }).run()).rejects.toMatchObject({
      code: 'FILE_UNAVAILABLE',
      message: expect.stringContaining('pieces 4-7 of 8')
    })
    expect([...(library.pieces(id) ?? [])]).toEqual([0, 1, 2, 3])
    sources.say('appeared', whole.peer)
    const download = fetcher.download(id)
    await download.run()
    expect(readBlob(home, id).equals(bytes)).toBe(true)
    const given = download.progress().peers.reduce((sum, { pieces }) => sum + pieces, 0)
    expect(given).toBe(4)
    expect(fetcher.misbehaved).toEqual([])
  })

  test('does not believe a manifest of another file', async () => {
    const { path } = writeSource(MIB)
    const right = await addSeeder(path)
    const wrong = await addSeeder(writeSource(MIB, 2).path)
    const [{ id } = { id: '' }] = right.library.list()
    const { fetcher, sources } = await fetcherFor(newFolder(), [wrong, right])
    sources.say('appeared', wrong.peer, right.peer)
    await fetcher.download(id).run()
    expect(fetcher.misbehaved).toEqual([
      { peer: wrong.peer, reason: expect.stringContaining('manifest') }
    ])
  })

  test('gives on what has come while the rest is still coming', async () => {
    const { bytes, path } = writeSource(8 * MIB)
    const seeder = await addSeeder(path, { limitRateUp: 4 * MIB })
    const [{ id } = { id: '' }] = seeder.library.list()
    const middle = await fetcherFor(newFolder(), [seeder], {
      onVerified: (fileId, piece) => {
        server.noteHas(fileId, piece)
        comeCount += 1
        if (comeCount === SOME_PIECES) someCame.resolve()
      }
    })
    // The other one comes when there is something to give on, and most is still to come.
    let comeCount = 0
    const someCame = Promise.withResolvers<void>()
    const server = await startPieceServer(middle.node.node, middle.library)
    onTestFinished(() => server.stop())
    middle.sources.say('appeared', seeder.peer)
    const home = newFolder()
    const last = await fetcherFor(home, [seeder])
    await last.node.node.dial(middle.node.address)
    last.sources.say('appeared', seeder.peer, middle.node.peer)
    const download = last.fetcher.download(id)
    const fetching = middle.fetcher.download(id).run()
    await someCame.promise
    await Promise.all([fetching, download.run()])
    expect(readBlob(home, id).equals(bytes)).toBe(true)
    const { peers } = download.progress()
    expect(peers.find(({ peer }) => peer === middle.node.peer)?.pieces).toBeGreaterThan(0)
  })

  test('keeps to its rate, and ends at once when it is called off', async () => {
    const { path } = writeSource(4 * MIB)
    const seeder = await addSeeder(path)
    const [{ id } = { id: '' }] = seeder.library.list()
    const { fetcher, sources } = await fetcherFor(newFolder(), [seeder], { limitRateDown: 1 })
    sources.say('appeared', seeder.peer)
    const stop = new AbortController()
    const download = fetcher.download(id)
    const run = download.run({ signal: stop.signal })
    await download.plan
    stop.abort(new Error('enough'))
    await expect(run).rejects.toThrow('enough')
    await expect(download.whenHere(3)).rejects.toThrow('enough')
    expect(seeder.server.counts().givenBytes).toBeLessThanOrEqual(65_536)
  })
})
