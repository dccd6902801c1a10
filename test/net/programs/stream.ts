/**
 * Two bare nodes and a relay, to see what becomes of a stream when a better way is found under it. `relay HOST PORT`
 * serves as one; `listen RELAY` keeps a place there, prints its address and says back what it hears; `call ADDRESS`
 * begins a stream by the relay, talks over it until well after the hole is punched, and prints what it saw.
 */
// oxlint-disable no-await-in-loop -- one look, one byte after the other
import { sleep } from '../../../src/core/abort.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { isRelayed } from '../../../src/network/paths/paths.ts'
import { MeshNode } from '../../../src/network/mesh-node.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import type { ReachInit } from '../../../src/network/libp2p-options.ts'
import type { Stream } from '@libp2p/interface'

const PROTOCOL = '/taskmesh/stream-test/1.0.0'
const POLL_MS = 25
/** Longer than an unused relayed connection is left alone: `relay-retirement.ts`. */
const TALK_MS = 6_000

const [verb = '', ...words] = process.argv.slice(2)

switch (verb) {
  case 'relay':
    await relay(words[0] ?? '', words[1] ?? '')
    break
  case 'listen':
    await listen(words[0] ?? '')
    break
  case 'call':
    await call(words[0] ?? '')
    process.exit()
    break
  default:
    throw new Error(`no such verb: ${verb}`)
}

async function start(
  listenAt: string,
  reach: ReachInit,
  announce: string[] = []
): Promise<MeshNode> {
  const identity = await temporaryIdentity()
  const isDhtServer = reach.relay !== undefined
  const init = { identity, listen: [listenAt], announce, isDhtServer, agent: 'test', reach }
  const node = await MeshNode.create(init)
  await node.start()
  return node
}

async function relay(host: string, port: string): Promise<void> {
  const limits = {
    reservationsMax: 10,
    dataBytes: undefined,
    durationMs: undefined,
    rateBytes: undefined
  }
  const address = `/ip4/${host}/tcp/${port}`
  const reach = { relays: 0, relay: limits, punches: false }
  const node = await start(`/ip4/0.0.0.0/tcp/${port}`, reach, [address])
  console.log(`${address}/p2p/${node.selfPeer}`)
}

async function listen(relayAddress: string): Promise<void> {
  const node = await start('/ip4/0.0.0.0/tcp/0', { relays: 1, punches: true })
  await node.handle(PROTOCOL, echo, { maxInboundStreams: 8 })
  await node.dial(relayAddress)
  while (!node.addresses().some((address) => address.startsWith(`${relayAddress}/p2p-circuit`))) {
    await sleep(systemClock, POLL_MS)
  }
  console.log(`${relayAddress}/p2p-circuit/p2p/${node.selfPeer}`)
}

function echo(stream: Stream): void {
  stream.addEventListener('message', ({ data }) => stream.send(data.subarray()))
  stream.addEventListener('remoteCloseWrite', () => void stream.close())
}

async function call(address: string): Promise<void> {
  const node = await start('/ip4/0.0.0.0/tcp/0', { relays: 0, punches: true })
  // As members of a mesh have before they call: the relay has seen which port its gateway shows.
  await node.dial(address.slice(0, address.indexOf('/p2p-circuit')))
  const connection = await node.connect(address)
  const stream = await connection.newStream(PROTOCOL, { runOnLimitedConnection: true })
  const peer = connection.remotePeer
  const began = node.paths.kindOfConnection(connection)
  const echoes = echoesOf(stream)
  const talk = async (): Promise<void> => {
    await echoes.next()
    await sleep(systemClock, POLL_MS)
  }
  while (node.paths.kindOf(peer) === 'relayed') await talk()
  const untilMs = systemClock.monotonicMs() + TALK_MS
  while (systemClock.monotonicMs() < untilMs) await talk()
  const closing = stream.close()
  while (node.paths.connections(peer).some(isRelayed)) await sleep(systemClock, POLL_MS)
  await closing
  console.log(JSON.stringify({ began, path: node.paths.kindOf(peer), echoes: echoes.count }))
}

interface Echoes {
  count: number
  /** Sends a byte, and waits until it has come back. @throws if another comes, or none any more */
  next: () => Promise<void>
}

function echoesOf(stream: Stream): Echoes {
  let heard = awaited()
  stream.addEventListener('message', ({ data }) => heard.resolve(data.subarray()[0] ?? -1))
  stream.addEventListener('close', () => heard.reject(new Error('the stream has ended')))
  const echoes: Echoes = {
    count: 0,
    next: async () => {
      const byte = echoes.count % 256
      stream.send(Uint8Array.of(byte))
      const back = await heard.promise
      heard = awaited()
      if (back !== byte) throw new Error(`${back} came back for ${byte}`)
      echoes.count += 1
    }
  }
  return echoes
}

/** Whether it fails is of interest to who waits for it, and to nobody else. */
function awaited(): PromiseWithResolvers<number> {
  const byte = Promise.withResolvers<number>()
  byte.promise.catch(() => undefined)
  return byte
}
