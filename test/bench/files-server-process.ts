/** Process of files.bench: gives a file in pieces, and the same number of bytes over a bare libp2p stream and over TLS. */
import { createServer } from 'node:tls'
import { once } from 'node:events'
import { AGENT } from '../../src/core/version.ts'
import { FileLibrary } from '../../src/files/store/library.ts'
import { PieceServer } from '../../src/files/exchange/piece-server.ts'
import { notePassing } from '../../src/files/exchange/passing-bytes.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { systemClock } from '../../src/core/clock.ts'
import { writeManifest } from '../../src/files/content/manifest.ts'
import { answerParent, readInit } from './support/child.ts'
import { startBareNode } from './support/bare-node.ts'
import { CHUNK_BYTES, RAW_PROTOCOL } from './support/bulk.ts'
import type { AddressInfo } from 'node:net'
import type { Stream } from '@libp2p/interface'
import type { Certificate } from './support/self-signed.ts'
import type { FileManifest } from '../../src/files/content/manifest.ts'
import type { PieceServerComponents } from '../../src/files/exchange/piece-server.ts'

export interface FilesServerInit {
  folder: string
  /** What it gives. */
  source: string
  certificate: Certificate
  /** Bytes a second. */
  limitRateUp?: number
  conduct?: 'honest' | 'lies' | 'stalls'
  /** Sweeps for bare streams as well as for pieces. */
  isSwept?: boolean
}

const {
  certificate,
  conduct = 'honest',
  folder,
  isSwept = false,
  limitRateUp,
  source
} = readInit() as FilesServerInit
const { node } = await startBareNode(['/ip4/127.0.0.1/tcp/0'])
const library = new FileLibrary({ clock: systemClock, logger: silentLogger }, { folder })
await library.start()
const server = new PieceServer(
  { clock: systemClock, logger: silentLogger, link: node, library: given(), agent: AGENT },
  limitRateUp === undefined ? {} : { limitRateUp }
)
await server.start()
const { id } = await library.add(source)

/** The library as this process gives it. */
function given(): PieceServerComponents['library'] {
  if (conduct === 'honest') return library
  const readPiece: FileLibrary['readPiece'] = async (...what) => {
    if (conduct === 'stalls') return await new Promise(() => {})
    const bytes = await library.readPiece(...what)
    bytes[0] = (bytes[0] as number) ^ 1
    return bytes
  }
  return {
    readPiece,
    events: library.events,
    get: (wanted) => library.get(wanted),
    pieces: (wanted) => library.pieces(wanted)
  }
}

const large = Buffer.alloc(CHUNK_BYTES, crypto.getRandomValues(new Uint8Array(65_536)))

function giveRaw(stream: Stream): void {
  stream.addEventListener('message', ({ data }) => {
    let left = Number(new TextDecoder().decode(data.subarray()))
    const write = (): void => {
      while (left > 0) {
        left -= large.byteLength
        if (isSwept) notePassing(large.byteLength)
        if (!stream.send(large)) return
      }
    }
    stream.addEventListener('drain', write)
    write()
  })
}
await node.handle(RAW_PROTOCOL, giveRaw, { maxInboundStreams: 100 })

const tls = createServer({ ...certificate, minVersion: 'TLSv1.3' }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.on('data', (data) => {
    let left = Number(data.toString())
    const write = (): void => {
      while (left > 0) {
        left -= large.byteLength
        if (!socket.write(large)) return
      }
    }
    socket.on('drain', write)
    write()
  })
})
tls.listen(0, '127.0.0.1')
await once(tls, 'listening')

answerParent(
  {
    address: () => node.addresses()[0],
    port: () => (tls.address() as AddressInfo).port,
    manifest: () => writeManifest(library.manifest(id) as FileManifest)
  },
  () => library.stop()
)
