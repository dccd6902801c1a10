/** Pieces of files while the way to a peer changes: what has come is not fetched again, and the peer is not blamed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { DIRECT_WITHIN_MS } from '../../../src/files/exchange/piece-client.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { PIECES_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { MessageReader } from '../../../src/files/exchange/message-reader.ts'
import { encodeMessage } from '../../../src/files/exchange/messages.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Fetcher, KnownSources, startPieceServer } from '../../support/piece-mesh.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import { settle } from '../../support/settle.ts'
import { openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import type { FileLibrary } from '../../../src/files/store/library.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'
import type { OpenStreamOptions } from '../../../src/protocol/peer-link.ts'
import type { PieceServer } from '../../../src/files/exchange/piece-server.ts'
import type { Stream } from '@libp2p/interface'

const MIB = 2 ** 20
const newFolder = useFolders()
const mesh = new Mesh()
afterEach(async () => await mesh.stop())

interface Setting {
  id: string
  bytes: Buffer
  home: string
  peer: string
  server: PieceServer
  sources: KnownSources
  fetcher: Fetcher
  /** Streams that the fetcher has opened, oldest first, and how it asked for them. */
  opened: { stream: Stream; options: OpenStreamOptions }[]
  /** Called before each; throws to have it fail. */
  onOpen: { act: () => void }
  /** Pieces are read up to so many from now on. */
  let: (count: number) => void
  /** How often each range was read. */
  reads: Map<string, number>
  goDirect: () => void
}

async function begin(length = 4 * MIB): Promise<Setting> {
  const { answerer, asker } = await mesh.pair()
  const given = await openLibrary(newFolder())
  const bytes = someBytes(length)
  const { id } = await given.addBytes(bytes, 'film')
  const reads = new Map<string, number>()
  const turns = new Turns()
  const readPiece: FileLibrary['readPiece'] = async (file, piece, range) => {
    await turns.next()
    const key = `${piece}+${range?.offset}`
    reads.set(key, (reads.get(key) ?? 0) + 1)
    return await given.readPiece(file, piece, range)
  }
  const library = {
    readPiece,
    events: given.events,
    get: given.get.bind(given),
    pieces: given.pieces.bind(given)
  }
  const server = await startPieceServer(answerer.node, library)
  onTestFinished(() => server.stop())
  const opened: Setting['opened'] = []
  const onOpen = { act: (): void => {} }
  const link = {
    openStream: async (peer: string, protocol: string, options?: OpenStreamOptions) => {
      onOpen.act()
      const stream = await asker.node.openStream(peer, protocol, options)
      opened.push({ stream, options: options ?? {} })
      return stream
    }
  }
  const sources = new KnownSources(link, () => {
    return { manifest: given.manifest(id) as FileManifest, name: 'film' }
  })
  const home = newFolder()
  const told: ((peer: string) => void)[] = []
  const onDirect = (listener: (peer: string) => void): (() => void) => {
    told.push(listener)
    return () => {}
  }
  const fetcher = new Fetcher(await openLibrary(home), sources, { onDirect })
  onTestFinished(() => fetcher.client.stop())
  sources.say('appeared', answerer.peer)
  const goDirect = (): void => {
    for (const listener of told) listener(answerer.peer)
  }
  const allow = (count: number): void => turns.allow(count)
  const sides = { server, sources, fetcher, opened, onOpen, reads }
  return { id, bytes, home, peer: answerer.peer, ...sides, let: allow, goDirect }
}

/** Lets so many pass. */
class Turns {
  readonly #waiting: (() => void)[] = []
  #count = 0

  allow(count: number): void {
    this.#count += count
    while (this.#count > 0 && this.#waiting.length > 0) {
      this.#count -= 1
      this.#waiting.shift()?.()
    }
  }

  async next(): Promise<void> {
    if (this.#count > 0) this.#count -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

function blobOf({ home, id }: Setting): Buffer {
  return readFileSync(join(home, 'blobs', id.slice(7, 9), id.slice(7)))
}

test('a stream of pieces waits for a direct way, and moves to one that comes later', async () => {
  const setting = await begin()
  const { bytes, fetcher, id, opened, reads, server } = setting
  const download = fetcher.download(id)
  const run = download.run()
  setting.let(10)
  await until(() => download.progress().bytes >= 10 * 65_536)
  expect(opened.map(({ options }) => options.directWithinMs)).toEqual([DIRECT_WITHIN_MS])
  setting.goDirect()
  await until(() => opened.length === 2 && server.counts().streams === 2)
  setting.let(Infinity)
  await run
  expect(blobOf(setting).equals(bytes)).toBe(true)
  const [share] = download.progress().peers
  expect(share).toMatchObject({ state: 'connected', bytes: bytes.byteLength, wastedBytes: 0 })
  expect([...reads.values()].every((count) => count === 1)).toBe(true)
  await until(() => opened[0]?.stream.status !== 'open')
  expect(opened[1]?.stream.status).toBe('open')
})

test('what has come of a peer that is cut off stays, and it is asked for the rest once it is back', async () => {
  const setting = await begin()
  const { bytes, fetcher, id, onOpen, opened } = setting
  let failures = 2
  const download = fetcher.download(id)
  const run = download.run()
  setting.let(20)
  await until(() => download.progress().bytes >= 20 * 65_536)
  onOpen.act = () => {
    failures -= 1
    if (failures >= 0) throw new MeshError('PEER_UNREACHABLE', 'the other relay takes a moment')
  }
  // What a relay's end looks like.
  opened[0]?.stream.abort(new Error('the relay is gone'))
  setting.let(Infinity)
  await run
  expect(failures).toBeLessThan(0)
  expect(blobOf(setting).equals(bytes)).toBe(true)
  const [share] = download.progress().peers
  expect(share).toMatchObject({ state: 'connected', bytes: bytes.byteLength })
  // In vain came at most the block that was cut off.
  expect(share?.wastedBytes).toBeLessThan(65_536)
  expect(fetcher.misbehaved).toEqual([])
})

test('what a stream before has not brought is asked for by the one that it has moved to', async () => {
  const setting = await begin()
  const { bytes, fetcher, id, opened, server } = setting
  const download = fetcher.download(id)
  const run = download.run()
  setting.let(10)
  await until(() => download.progress().bytes >= 10 * 65_536)
  setting.goDirect()
  await until(() => opened.length === 2 && server.counts().streams === 2)
  opened[0]?.stream.abort(new Error('the relay is gone'))
  setting.let(Infinity)
  await run
  expect(blobOf(setting).equals(bytes)).toBe(true)
  const [share] = download.progress().peers
  expect(share).toMatchObject({ state: 'connected', bytes: bytes.byteLength })
})

test('what goes through a relay goes no faster than is polite, and a direct stream as fast as it can', async () => {
  const { answerer, asker } = await mesh.pair()
  const clock = new FakeClock()
  const library = await openLibrary(newFolder())
  const { id } = await library.addBytes(someBytes(8 * MIB), 'film')
  let isRelayed = true
  const { node } = answerer
  const link = {
    complain: node.complain.bind(node),
    handle: node.handle.bind(node),
    unhandle: node.unhandle.bind(node),
    noteTransfer: () => {},
    isRelayed: () => isRelayed
  }
  const server = await startPieceServer(link, library, { clock })
  onTestFinished(() => server.stop())
  const ask = async (count: number): Promise<{ count: () => number; stream: Stream }> => {
    const stream = await asker.node.openStream(answerer.peer, PIECES_PROTOCOL_V1)
    let bodyBytes = 0
    const reader = new MessageReader({
      onMessage: () => {},
      onBody: (part) => (bodyBytes += part.byteLength)
    })
    stream.addEventListener('message', ({ data }) => reader.push(data))
    const requests = Array.from({ length: count }, (_each, request) => {
      const at = { piece: request >> 2, offset: (request & 3) * 65_536, bytes: 65_536 }
      return encodeMessage({ kind: 'request', request, file: 0, ...at })
    })
    const hello = encodeMessage({ kind: 'hello', version: 1, agent: 'raw' })
    stream.send(
      Buffer.concat([hello, encodeMessage({ kind: 'interest', file: 0, id }), ...requests])
    )
    return { count: () => bodyBytes, stream }
  }
  const relayed = await ask(100)
  const { relayedPieceRateMax: rate } = LIMITS
  while (relayed.count() < 2 * rate) {
    clock.advance(10)
    // oxlint-disable-next-line no-await-in-loop
    await settle()
  }
  // A quarter of a second may be saved up, and the last block is owed.
  expect(clock.monotonicMs()).toBeGreaterThan(1_700)
  isRelayed = false
  const direct = await ask(20)
  await until(() => direct.count() === 20 * 65_536)
  for (const { stream } of [relayed, direct]) stream.abort(new Error('enough'))
})
