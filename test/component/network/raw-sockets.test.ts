/** A node's port against raw sockets that speak anything but libp2p: it goes on serving those that do. */
import { createConnection } from 'node:net'
import { noise } from '@chainsafe/libp2p-noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@chainsafe/libp2p-yamux'
import { createLibp2p } from 'libp2p'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMAND_PROTOCOL_V1, SESSION_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import { multiaddr } from '@multiformats/multiaddr'
import type { Socket } from 'node:net'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const mesh = new Mesh()
let node: SpawnedNode
let port: number

beforeAll(async () => {
  node = await mesh.add({
    isOverTcp: true,
    handlers: { LIST_FILES: () => ({ result: { files: [] } }) }
  })
  port = Number(/\/tcp\/(\d+)/.exec(node.address)?.[1])
})
afterAll(async () => await mesh.stop())

async function connect(): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port })
  // The node may hang up at any moment; that is what it should do.
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

/** Sends bytes, closes, and waits until the connection is gone. */
async function sendAndClose(...parts: Uint8Array[]): Promise<void> {
  const socket = await connect()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  for (const part of parts) socket.write(part)
  socket.resume()
  socket.end()
  await closed
}

/** So many connections from one address are refused for the rest of the second; then it serves again. */
async function patiently<T>(dial: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await dial()
    } catch (cause) {
      if (!String(cause).includes('ECONNRESET')) throw cause
    }
  }
}

async function isServing(): Promise<boolean> {
  const asker = await mesh.add({ isOverTcp: true })
  await patiently(async () => await asker.node.dial(node.address))
  const timeout = { timeoutMs: 10_000 }
  const { response } = await asker.binding.call(node.peer, 'LIST_FILES', {}, timeout)
  const session = await asker.sessions.open(node.peer)
  const { result } = await session.request({ command: 'LIST_FILES', params: {} }, timeout)
  await asker.stop()
  return response.status === 'success' && Array.isArray(result?.['files'])
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
/** One line of multistream-select, with its length before it. */
const line = (value: string): Uint8Array =>
  Buffer.concat([Uint8Array.of(value.length + 1), text(`${value}\n`)])
const random = seededRandom(20_260_101)
const noiseBytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(random.next() * 256))

describe('a port', () => {
  it.each([
    ['nothing', []],
    ['random bytes', [noiseBytes(10_000)]],
    ['zeros', [new Uint8Array(100_000)]],
    ['HTTP', [text('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')]],
    ['TLS', [Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01), noiseBytes(512)]],
    ['half a greeting', [line('/multistream/1.0.0').subarray(0, 7)]],
    ['a greeting alone', [line('/multistream/1.0.0')]],
    ['an unknown encrypter', [line('/multistream/1.0.0'), line('/rot13/1.0.0')]],
    ['an endless line', [Uint8Array.of(0xff, 0xff, 0xff, 0x7f), noiseBytes(100_000)]],
    [
      'wrong noise',
      [line('/multistream/1.0.0'), line('/noise'), Uint8Array.of(0, 32), noiseBytes(32)]
    ],
    ['noise cut short', [line('/multistream/1.0.0'), line('/noise'), Uint8Array.of(0xff, 0xff)]],
    ['noise of length 0', [line('/multistream/1.0.0'), line('/noise'), Uint8Array.of(0, 0, 0, 0)]]
  ] as [string, Uint8Array[]][])('that is sent %s goes on serving', async (_name, parts) => {
    await sendAndClose(...parts)
    expect(await isServing()).toBe(true)
  })

  it('that is sent a hundred kinds of random bytes at once goes on serving', async () => {
    const floods = Array.from({ length: 100 }, async (_value, index) => {
      await sendAndClose(
        ...(index % 2 === 0 ? [line('/multistream/1.0.0'), line('/noise')] : []),
        noiseBytes(Math.floor(random.next() * 5_000))
      )
    })
    await Promise.all(floods)
    expect(await isServing()).toBe(true)
  })

  it('on which a hundred sockets sit and say nothing goes on serving', async () => {
    const idle = await Promise.all(Array.from({ length: 100 }, connect))
    expect(await isServing()).toBe(true)
    for (const socket of idle) socket.destroy()
  })
})

describe('a peer that gets as far as the muxer', () => {
  it('and then sends garbage to every protocol, or resets at once, harms only itself', async () => {
    const peer = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()]
    })
    const connection = await patiently(async () => await peer.dial(multiaddr(node.address)))
    const protocols = [
      '/ipfs/id/1.0.0',
      '/ipfs/ping/1.0.0',
      '/taskmesh/kad/1.0.0',
      '/meshsub/1.1.0'
    ]
    for (const protocol of [...protocols, COMMAND_PROTOCOL_V1, SESSION_PROTOCOL_V1]) {
      for (const isReset of [false, true]) {
        // A node that is no DHT server does not speak kad; then there is nothing to send.
        const stream = await connection.newStream(protocol).catch(() => {})
        if (stream === undefined) continue
        stream.send(noiseBytes(2_000))
        if (isReset) stream.abort(new Error('at once'))
        else await stream.close()
      }
    }
    expect(await isServing()).toBe(true)
    await peer.stop()
  })

  interface Inside {
    maConn: { send: (bytes: Uint8Array) => void }
    muxer: { maConn: { send: (bytes: Uint8Array) => void } }
  }

  it.each([
    ['no frames of the muxer', ({ muxer }: Inside) => muxer.maConn],
    ['no messages of the encryption', ({ maConn }: Inside) => maConn]
  ])('and then sends bytes that are %s is cut off', async (_name, pick) => {
    const peer = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()]
    })
    const connection = await patiently(async () => await peer.dial(multiaddr(node.address)))
    pick(connection as unknown as Inside).send(noiseBytes(200_000))
    await until(() => connection.status !== 'open')
    expect(await isServing()).toBe(true)
    await peer.stop()
  })
})
