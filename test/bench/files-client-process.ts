/** Process of files.bench: fetches a file in pieces, or as many bytes over a bare libp2p stream or TLS. */
import { connect } from 'node:tls'
import { once } from 'node:events'
import { AGENT } from '../../src/core/version.ts'
import { Download } from '../../src/files/transfer/download.ts'
import { FileLibrary } from '../../src/files/store/library.ts'
import { PIECES_PROTOCOL_V1 } from '../../src/protocol/ids.ts'
import { PieceClient } from '../../src/files/exchange/piece-client.ts'
import { notePassing } from '../../src/files/exchange/passing-bytes.ts'
import { RateLimit } from '../../src/files/exchange/rate-limit.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { answerParent, readInit } from './support/child.ts'
import { startBareNode } from './support/bare-node.ts'
import { RAW_PROTOCOL } from './support/bulk.ts'
import type { FileManifestDocument } from '../../src/model/generated/file-manifest.ts'
import type { PieceSources } from '../../src/files/transfer/piece-sources.ts'

export interface FilesClientInit {
  design: 'pieces' | 'raw stream' | 'raw stream, swept' | 'raw tls'
  /** Whom to fetch from: all of them in pieces, the first otherwise. */
  addresses: readonly string[]
  port: number
  folder: string
  manifest: FileManifestDocument
  /** A peer that gives nothing for so long is dropped. */
  stallMs?: number
}

export interface TransferResult {
  bytes: number
  ms: number
  cpuUs: number
}

const { addresses, design, folder, manifest, port, stallMs } = readInit() as FilesClientInit
const { node } = await startBareNode([])
const peers = await Promise.all(addresses.map((address) => node.dial(address)))
const library = new FileLibrary({ clock: systemClock, logger: silentLogger }, { folder })
await library.start()

const sources: PieceSources = {
  async *find() {
    for (const peer of peers) yield { kind: 'appeared', peer } as const
  },
  openStream: (to, options) => node.openStream(to, PIECES_PROTOCOL_V1, options),
  askManifest: async () => ({
    head: { id: manifest.id, sizeBytes: manifest.size, pieceBytes: manifest.piece_size },
    name: 'film',
    page: { from: 0, piece_hashes: manifest.piece_hashes }
  })
}
const client = new PieceClient({
  clock: systemClock,
  agent: AGENT,
  link: { complain: () => {}, noteTransfer: () => {}, onDirect: () => () => {} },
  openStream: (to, options) => sources.openStream(to, options)
})

/** The one that is under way, or was last. */
let download: Download | undefined

async function fetchPieces(signal?: AbortSignal): Promise<void> {
  download = new Download(
    {
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      limit: new RateLimit(systemClock),
      hasWaitingCalls: () => false,
      onVerified: () => {},
      onMisbehaviour: () => {},
      client,
      library,
      sources
    },
    manifest.id,
    stallMs === undefined ? {} : { stallMs }
  )
  await download.run(signal === undefined ? {} : { signal })
}

/** What came within a time, all that had come before aside. */
async function fetchFor(ms: number): Promise<number> {
  if (library.get(manifest.id) !== undefined) await library.remove(manifest.id)
  const cause = await fetchPieces(AbortSignal.timeout(ms)).then(
    () => new Error('the file came before the time was over'),
    (error: unknown) => error
  )
  if (!(cause instanceof DOMException)) throw cause
  return download?.progress().bytes ?? 0
}

async function fetchRaw(): Promise<void> {
  const stream = await node.openStream(peers[0] ?? '', RAW_PROTOCOL)
  let left = manifest.size
  const { promise, resolve } = Promise.withResolvers<void>()
  stream.addEventListener('message', ({ data }) => {
    left -= data.byteLength
    if (design === 'raw stream, swept') notePassing(data.byteLength)
    if (left <= 0) resolve()
  })
  stream.send(new TextEncoder().encode(String(left)))
  await promise
  stream.abort(new Error('done'))
}

async function fetchTls(): Promise<void> {
  // The certificate is this run's own, and the server a child of the same bench.
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3'
  })
  await once(socket, 'secureConnect')
  let left = manifest.size
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.on('data', (data) => {
    left -= data.byteLength
    if (left <= 0) resolve()
  })
  socket.write(String(left))
  await promise
  socket.destroy()
}

async function transfer(): Promise<TransferResult> {
  // Between two rounds the file goes.
  if (library.get(manifest.id) !== undefined) await library.remove(manifest.id)
  const before = process.cpuUsage()
  const beganAtMs = performance.now()
  if (design === 'pieces') await fetchPieces()
  else await (design === 'raw tls' ? fetchTls() : fetchRaw())
  const ms = performance.now() - beganAtMs
  const { system, user } = process.cpuUsage(before)
  return { bytes: manifest.size, ms, cpuUs: system + user }
}

answerParent({
  transfer,
  fetchFor,
  fetchRest: () => fetchPieces(),
  progress: () => download?.progress(),
  verify: () => library.verify(manifest.id)
})
