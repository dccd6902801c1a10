/** Process of files.bench: fetches a file in pieces, or as many bytes over a bare libp2p stream or TLS. */
import { connect } from 'node:tls'
import { once } from 'node:events'
import { AGENT } from '../../src/core/version.ts'
import { Download } from '../../src/files/transfer/download.ts'
import { FileLibrary } from '../../src/files/store/library.ts'
import { PIECES_PROTOCOL_V1 } from '../../src/protocol/ids.ts'
import { PieceClient } from '../../src/files/exchange/piece-client.ts'
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
  design: 'pieces' | 'raw stream' | 'raw tls'
  address: string
  port: number
  folder: string
  manifest: FileManifestDocument
}

export interface TransferResult {
  bytes: number
  ms: number
  cpuUs: number
  rssBytes: number
}

const { address, design, folder, manifest, port } = readInit() as FilesClientInit
const { node } = await startBareNode([])
const peer = await node.dial(address)
const library = new FileLibrary({ clock: systemClock, logger: silentLogger }, { folder })
await library.start()

const sources: PieceSources = {
  async *find() {
    yield { kind: 'appeared', peer } as const
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
  openStream: (to, options) => sources.openStream(to, options)
})

async function fetchPieces(): Promise<void> {
  const download = new Download(
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
    manifest.id
  )
  await download.run()
}

async function fetchRaw(): Promise<void> {
  const stream = await node.openStream(peer, RAW_PROTOCOL)
  let left = manifest.size
  const { promise, resolve } = Promise.withResolvers<void>()
  stream.addEventListener('message', ({ data }) => {
    left -= data.byteLength
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
  else await (design === 'raw stream' ? fetchRaw() : fetchTls())
  const ms = performance.now() - beganAtMs
  const { system, user } = process.cpuUsage(before)
  return { bytes: manifest.size, ms, cpuUs: system + user, rssBytes: process.memoryUsage.rss() }
}

answerParent({ transfer })
