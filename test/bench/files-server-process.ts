/** Process of files.bench: gives a file in pieces, and the same number of bytes over a bare libp2p stream and over TLS. */
import { createServer } from 'node:tls'
import { mkdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { AGENT } from '../../src/core/version.ts'
import { FileLibrary } from '../../src/files/store/library.ts'
import { PieceServer } from '../../src/files/exchange/piece-server.ts'
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

export interface FilesServerInit {
  folder: string
  certificate: Certificate
  sizeBytes: number
}

const { certificate, folder, sizeBytes } = readInit() as FilesServerInit
const { node } = await startBareNode(['/ip4/127.0.0.1/tcp/0'])
mkdirSync(folder, { recursive: true })
const source = join(folder, 'source.bin')
await writeSource(source)
const library = new FileLibrary(
  { clock: systemClock, logger: silentLogger },
  { folder: join(folder, 'store') }
)
await library.start()
const server = new PieceServer({
  clock: systemClock,
  logger: silentLogger,
  link: node,
  library,
  agent: AGENT
})
await server.start()
const { id } = await library.add(source)

/** No two pieces alike, none that compresses. */
async function writeSource(path: string): Promise<void> {
  const file = await open(path, 'w')
  const block = crypto.getRandomValues(new Uint8Array(65_536))
  const view = new DataView(block.buffer)
  for (let offset = 0; offset < sizeBytes; offset += block.byteLength) {
    view.setFloat64(0, offset)
    // oxlint-disable-next-line no-await-in-loop
    await file.write(block, 0, Math.min(block.byteLength, sizeBytes - offset), offset)
  }
  await file.close()
}

const chunk = crypto.getRandomValues(new Uint8Array(65_536))
const large = Buffer.concat(Array.from({ length: CHUNK_BYTES / chunk.length }, () => chunk))

function giveRaw(stream: Stream): void {
  stream.addEventListener('message', ({ data }) => {
    let left = Number(new TextDecoder().decode(data.subarray()))
    const write = (): void => {
      while (left > 0) {
        left -= large.byteLength
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
