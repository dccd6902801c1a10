/**
 * A libp2p that shares no line with ours, on a socket: smoldot, which is Rust in WebAssembly. It knows neither our commands nor
 * the name of our DHT, so that DHT here answers to the name that smoldot has for its own, too; all else is as in any mesh.
 * `README.md` is about the client that knows our names.
 */
import { afterEach, expect, test } from 'vitest'
import { BareNodes } from '../support/bare-mesh-node.ts'
import { blockAnnounceHandshake, startSmoldot } from './smoldot-client.ts'
import { DHT_PROTOCOL_V1 } from '../../src/protocol/ids.ts'
import { parsePeer } from '../../src/network/addresses.ts'
import { until } from '../support/until.ts'
import type { IdentifyResult, StreamHandlerRecord } from '@libp2p/interface'
import type { MeshNode } from '../../src/network/mesh-node.ts'
import type { SmoldotEvent } from './smoldot-client.ts'

const nodes = new BareNodes()
const ends: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await nodes.stop()
})

test(
  'smoldot connects, is identified and pinged, and finds a node in the DHT',
  { timeout: 180_000 },
  async () => {
    const bootstrap = await nodes.add()
    const other = await nodes.add()
    await other.node.dial(bootstrap.address)
    const seen: SmoldotEvent[] = []
    const smoldot = await startSmoldot((event) => void seen.push(event))
    ends.push(smoldot.stop)
    await speakTo(bootstrap.node, smoldot.genesis)
    const identified: IdentifyResult[] = []
    bootstrap.node.libp2p.addEventListener('peer:identify', ({ detail }) => {
      if (detail.peerId.toString() !== other.node.selfPeer) identified.push(detail)
    })
    const wait = (name: string, peer: string): Promise<SmoldotEvent | undefined> =>
      until(
        `${name} of smoldot`,
        () => seen.find((event) => event.name === name && event.fields['peer_id'] === peer),
        (event) => event !== undefined
      )

    await smoldot.connect([bootstrap.address])

    // What our node learnt of it, over the usual encryption and multiplexing.
    const [met] = await until(
      'identify of smoldot',
      async () => {
        if (identified.length === 0) await askAgain(bootstrap.node, other.node.selfPeer)
        return identified
      },
      ({ length }) => length > 0
    )
    expect(met?.agentVersion).toMatch(/^smoldot-light-wasm 3\./)
    expect(met?.protocols).toContain('/ipfs/ping/1.0.0')
    expect(met?.connection).toMatchObject({
      direction: 'inbound',
      encryption: '/noise',
      multiplexer: '/yamux/1.0.0'
    })
    const { ping } = bootstrap.node.libp2p.services
    expect(await ping.ping(parsePeer(String(met?.peerId)))).toBeGreaterThanOrEqual(0)

    // What it learnt of our node, and through it.
    await wait('identify-request-received', bootstrap.node.selfPeer)
    await wait('pong', bootstrap.node.selfPeer)
    const found = await wait('peer-discovered', other.node.selfPeer)
    expect(found?.fields['obtained_from']).toBe(bootstrap.node.selfPeer)
    await wait('handshake-finished', other.node.selfPeer)

    // Nothing of that looked like an attack.
    expect(bootstrap.node.counts().conduct.offences).toEqual({})
  }
)

/** smoldot resets a stream as soon as it has answered. Where both come at once the answer is lost, and a mesh asks again (`table-repair.ts`). */
async function askAgain({ libp2p }: MeshNode, except: string): Promise<void> {
  const strangers = libp2p
    .getConnections()
    .filter(({ remotePeer }) => remotePeer.toString() !== except)
  const { identify } = libp2p.services
  await Promise.allSettled(strangers.map((connection) => identify.identify(connection)))
}

/** Gives our DHT the name that smoldot's has, and greets as those do whom smoldot asks. */
async function speakTo({ libp2p }: MeshNode, genesis: string): Promise<void> {
  const { registrar } = (libp2p as unknown as Inside).components
  await libp2p.handle(`/${genesis}/kad`, registrar.getHandler(DHT_PROTOCOL_V1).handler)
  await libp2p.handle(`/${genesis}/block-announces/1`, (stream) => {
    stream.send(blockAnnounceHandshake(genesis))
  })
}

/** Of libp2p, what its interface does not show. */
interface Inside {
  components: { registrar: { getHandler: (protocol: string) => StreamHandlerRecord } }
}
