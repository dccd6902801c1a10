/** Streams: too many, not negotiated, too slow, never read, of every protocol. */
import { randomBytes } from 'node:crypto'
import {
  COMMAND_PROTOCOL_V1,
  DHT_PROTOCOL_V1,
  PIECES_PROTOCOL_V1,
  SESSION_PROTOCOL_V1
} from '../../../src/protocol/ids.ts'
import { prefixed, utf8 } from '../bytes.ts'
import type { Attack, Stage } from '../attack.ts'
import type { RawPeer } from '../raw-peer.ts'
import type { Stream } from '@libp2p/interface'

export const GOSSIP_PROTOCOL = '/meshsub/1.2.0'

const PROTOCOLS = [
  COMMAND_PROTOCOL_V1,
  SESSION_PROTOCOL_V1,
  PIECES_PROTOCOL_V1,
  DHT_PROTOCOL_V1,
  GOSSIP_PROTOCOL,
  '/ipfs/id/1.0.0',
  '/ipfs/id/push/1.0.0',
  '/ipfs/ping/1.0.0'
]
const BURST = 32
const SLOW_MS = 1_000

type Comer = (stage: Stage) => Promise<RawPeer>

const asStranger: Comer = ({ stranger }) => stranger()
const asMember: Comer = ({ member }) => member()

/** The same attack by those who belong to the mesh and by those who do not. */
function byBoth(
  attack: Omit<Attack, 'step' | 'who'>,
  step: (stage: Stage, comer: Comer) => Promise<void>
): Attack[] {
  return [
    { ...attack, who: 'stranger', step: (stage) => step(stage, asStranger) },
    {
      ...attack,
      name: `${attack.name}-member`,
      who: 'member',
      step: (stage) => step(stage, asMember)
    }
  ]
}

function watch({ hold, tally }: Stage, stream: Stream): Stream {
  stream.addEventListener('close', () => tally.got(`stream ${stream.status}`))
  hold(() => stream.abort(new Error('enough')))
  return stream
}

export const STREAM_ATTACKS: readonly Attack[] = [
  ...byBoth(
    {
      name: 'streams-bare',
      what: 'streams that never say what they are for',
      perSecond: 20,
      heldMax: 4_000
    },
    async (stage, comer) => {
      const peer = await comer(stage)
      for (let count = 0; count < BURST; count += 1) {
        // oxlint-disable-next-line no-await-in-loop
        const stream = watch(stage, await peer.openBare(stage.target))
        const isHalf = count % 2 === 0
        // oxlint-disable-next-line no-await-in-loop
        await peer.send(
          stream,
          isHalf ? prefixed(utf8('/multistream/1.0.0\n')) : randomBytes(1_024)
        )
      }
    }
  ),
  ...byBoth(
    {
      name: 'streams-everywhere',
      what: 'streams of every protocol, with rubbish in them or nothing',
      perSecond: 30,
      heldMax: 4_000
    },
    async (stage, comer) => {
      const peer = await comer(stage)
      const protocol = PROTOCOLS[stage.step % PROTOCOLS.length] ?? ''
      const stream = watch(stage, await peer.open(stage.target, protocol))
      if (stage.step % 3 > 0)
        await peer.send(stream, randomBytes(stage.step % 3 === 1 ? 100 : 20_000))
    }
  ),
  ...byBoth(
    { name: 'slow-writers', what: 'requests of a byte a second', perSecond: 10, heldMax: 500 },
    async (stage, comer) => {
      const peer = await comer(stage)
      const protocol = stage.step % 2 === 0 ? COMMAND_PROTOCOL_V1 : SESSION_PROTOCOL_V1
      const stream = watch(stage, await peer.open(stage.target, protocol))
      const bytes = utf8(JSON.stringify(peer.envelope('GET_CAPABILITIES', {})))
      let index = 0
      const timer = setInterval(() => {
        if (stream.status !== 'open' || index >= bytes.byteLength) return clearInterval(timer)
        stage.tally.sent(1)
        stream.send(bytes.subarray(index, (index += 1)))
      }, SLOW_MS)
      stage.signal.addEventListener('abort', () => clearInterval(timer))
    }
  ),
  ...byBoth(
    {
      name: 'never-reading',
      what: 'requests whose answers are never read',
      perSecond: 20,
      heldMax: 2_000
    },
    async (stage, comer) => {
      const peer = await comer(stage)
      const stream = watch(stage, await peer.open(stage.target, COMMAND_PROTOCOL_V1))
      stream.pause()
      await peer.send(stream, utf8(JSON.stringify(peer.envelope('FIND_NODES', {}))))
      void stream.close().catch(() => {})
    }
  ),
  ...byBoth(
    {
      name: 'identify-floods',
      what: 'descriptions of itself without end, with addresses that lead nowhere',
      perSecond: 20
    },
    async (stage, comer) => {
      const peer = await comer(stage)
      const stream = watch(stage, await peer.open(stage.target, '/ipfs/id/push/1.0.0'))
      await peer.send(stream, identifyMessage(stage.step))
      void stream.close().catch(() => {})
    }
  )
]

/** Protobuf of identify: agent, protocols, addresses; none of them true. */
function identifyMessage(step: number): Uint8Array {
  const fields: Uint8Array[] = []
  for (let index = 0; index < 200; index += 1) {
    // /ip4/127.x.x.x/tcp/…: nobody listens there, and a dial fails at once or never.
    const address = Uint8Array.of(4, 10, step & 255, index, 1, 6, 0x1f, 0x90)
    fields.push(Uint8Array.of(0x12), prefixed(address))
    fields.push(Uint8Array.of(0x1a), prefixed(utf8(`/p/${step}/${index}`)))
  }
  fields.push(
    Uint8Array.of(0x32),
    prefixed(utf8(`agent\u001b[31m\n{"level":60} ${step}`.repeat(50)))
  )
  return prefixed(Buffer.concat(fields))
}
