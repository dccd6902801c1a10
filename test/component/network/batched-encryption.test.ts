/** The wrappers of the encrypter change nothing on the wire: nodes with them and nodes without understand each other. */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { batchedEncryption } from '../../../src/network/wire/batched-encryption.ts'
import { bulkCipher } from '../../../src/network/wire/bulk-cipher.ts'
import { readAll } from '../../support/spawn-mesh.ts'
import type { Libp2p, Stream } from '@libp2p/interface'

const ECHO = '/test/echo/1.0.0'
const MIB = 1_024 * 1_024

const nodes: Libp2p[] = []
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.stop()
})

async function spawn(isBatched: boolean): Promise<Libp2p> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [isBatched ? batchedEncryption(bulkCipher(noise())) : noise()],
    streamMuxers: [yamux()]
  })
  await node.handle(ECHO, async (stream) => {
    const text = await readAll(stream)
    await write(stream, text)
  })
  nodes.push(node)
  return node
}

async function write(stream: Stream, text: string): Promise<void> {
  const bytes = Buffer.from(text)
  for (let offset = 0; offset < bytes.byteLength; offset += 65_536) {
    if (stream.send(bytes.subarray(offset, offset + 65_536))) continue
    await new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }))
  }
  await stream.close()
}

async function echo(dialler: Libp2p, target: Libp2p, text: string): Promise<string> {
  const stream = await dialler.dialProtocol(target.getMultiaddrs(), ECHO)
  const answer = readAll(stream)
  await write(stream, text)
  return await answer
}

describe.each([
  ['batched to batched', true, true],
  ['batched to stock', true, false],
  ['stock to batched', false, true]
])('%s', (_name, isDiallerBatched, isTargetBatched) => {
  it('echoes one byte, a thousand small texts and 8 MiB', async () => {
    const dialler = await spawn(isDiallerBatched)
    const target = await spawn(isTargetBatched)
    expect(await echo(dialler, target, 'x')).toBe('x')
    const large = Buffer.alloc(8 * MIB, 'abc').toString()
    expect((await echo(dialler, target, large)) === large).toBe(true)
    const texts = Array.from({ length: 1_000 }, (_value, index) => `text ${index}`)
    for (let from = 0; from < texts.length; from += 25) {
      const some = texts.slice(from, from + 25)
      expect(await Promise.all(some.map((text) => echo(dialler, target, text)))).toEqual(some)
    }
  })

  it('closes cleanly from either side, and in the middle of a transfer', async () => {
    const dialler = await spawn(isDiallerBatched)
    const target = await spawn(isTargetBatched)
    const connection = await dialler.dial(target.getMultiaddrs())
    const gone = new Promise((resolve) =>
      target.addEventListener('peer:disconnect', resolve, { once: true })
    )
    await connection.close()
    await gone
    const stream = await dialler.dialProtocol(target.getMultiaddrs(), ECHO)
    stream.send(new Uint8Array(100_000))
    const lost = new Promise((resolve) =>
      dialler.addEventListener('peer:disconnect', resolve, { once: true })
    )
    for (const open of target.getConnections()) open.abort(new Error('cut'))
    await lost
    expect(await echo(dialler, target, 'again')).toBe('again')
  })
})
