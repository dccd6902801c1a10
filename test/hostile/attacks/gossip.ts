/** Gossip and the DHT: topics, messages and control without end, invented publishers, poisoned records. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { randomBytes } from 'node:crypto'
import { DHT_PROTOCOL_V1, filesTopic, presenceTopic } from '../../../src/protocol/ids.ts'
import { concat, field, numberField, prefixed } from '../bytes.ts'
import { GOSSIP_PROTOCOL } from './streams.ts'
import { presenceMessage, publication, recordOf } from '../presence.ts'
import type { Attack, Stage } from '../attack.ts'

const PAGE = 400
const HUGE_BYTES = 200_000

/** On a stream of its own, as GossipSub takes the newest for the peer's. */
async function say({ member, hold, tally, target }: Stage, ...rpcs: Uint8Array[]): Promise<void> {
  const peer = await member()
  const stream = await peer.open(target, GOSSIP_PROTOCOL)
  stream.addEventListener('close', () => tally.got(`stream ${stream.status}`))
  hold(() => stream.abort(new Error('enough')))
  for (const rpc of rpcs) await peer.send(stream, prefixed(rpc)) // oxlint-disable-line no-await-in-loop
}

const repeat = (count: number, each: (index: number) => Uint8Array): Uint8Array =>
  concat(...Array.from({ length: count }, (_, index) => each(index)))

const subscription = (topic: string): Uint8Array =>
  field(1, concat(numberField(1, 1), field(2, topic)))

/** Type, key, and what else there is. */
const DHT = { putValue: 0, getValue: 1, addProvider: 2, getProviders: 3, findNode: 4 } as const

async function ask(
  stage: Stage,
  kind: keyof typeof DHT,
  fieldsOf: () => Uint8Array,
  count = 50
): Promise<void> {
  const peer = await stage.member()
  const target = stage.targets[0] ?? stage.target
  const stream = await peer.open(target, DHT_PROTOCOL_V1)
  stream.addEventListener('close', () => stage.tally.got(`stream ${stream.status}`))
  stream.addEventListener('message', () => stage.tally.got('bytes'))
  stage.hold(() => stream.abort(new Error('enough')))
  const message = (): Uint8Array => prefixed(concat(numberField(1, DHT[kind]), fieldsOf()))
  await peer.send(stream, repeat(count, message))
}

const key = (): Uint8Array => concat(Uint8Array.of(0x12, 0x20), randomBytes(32))

/** A peer of nobody's at addresses of nobody's; every dial there fails, or never ends. */
function poisonedPeer(id: Uint8Array): Uint8Array {
  const addresses = repeat(32, (index) =>
    field(2, Uint8Array.of(4, 10, 255, index, 1, 6, 0x1f, index))
  )
  return concat(field(1, id), addresses, numberField(3, 1))
}

const inventedPeer = (): Uint8Array =>
  concat(Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20), randomBytes(32))

export const GOSSIP_ATTACKS: readonly Attack[] = [
  {
    name: 'gossip-subscriptions',
    who: 'member',
    what: 'thousands of topics, ours and others',
    perSecond: 10,
    step: async (stage) => {
      const { step } = stage
      await say(
        stage,
        repeat(PAGE, (index) => subscription(presenceTopic(`n${step}-${index}`))),
        repeat(PAGE, (index) => subscription(`/any/${step}/${index}`))
      )
    }
  },
  {
    name: 'gossip-control',
    who: 'member',
    what: 'IHAVE, IWANT, GRAFT and PRUNE of what nobody has, without end',
    perSecond: 10,
    step: async (stage) => {
      const topic = presenceTopic(stage.namespace)
      const ihave = field(
        1,
        concat(
          field(1, topic),
          repeat(PAGE, () => field(2, randomBytes(20)))
        )
      )
      const iwant = field(
        2,
        repeat(PAGE, () => field(1, randomBytes(20)))
      )
      const graft = repeat(PAGE, (index) =>
        field(3, field(1, index % 2 === 0 ? topic : `/any/${index}`))
      )
      const prune = repeat(100, () =>
        field(4, concat(field(1, topic), field(2, field(1, inventedPeer()))))
      )
      await say(stage, field(3, ihave), field(3, iwant), field(3, graft), field(3, prune))
    }
  },
  {
    name: 'adverts-invented',
    who: 'member',
    what: 'presence of workers that were invented on the spot, well signed, without a certificate or with a stolen one',
    perSecond: 30,
    step: async (stage) => {
      const invented = await generateKeyPair('Ed25519')
      const peer = peerIdFromPrivateKey(invented).toString()
      const { namespace, papers, step } = stage
      const record = await recordOf(invented, {
        namespace,
        seq: Date.now(),
        ...(step % 2 === 0 ? {} : { certificate: papers.stolen })
      })
      const topic = presenceTopic(namespace)
      await say(stage, await publication(invented, { topic, data: record }))
      await say(
        stage,
        await presenceMessage(invented, { topic: filesTopic(namespace), namespace, peer })
      )
    }
  },
  {
    name: 'adverts-wrong',
    who: 'member',
    what: 'presence that is huge, unsigned, wrongly signed, of another, no CBOR',
    perSecond: 20,
    step: async (stage) => {
      const { key: own } = await stage.member()
      const topic = presenceTopic(stage.namespace)
      const data =
        [randomBytes(HUGE_BYTES), randomBytes(500), Buffer.alloc(50_000, 0x81)][stage.step % 3] ??
        key()
      const signed = await publication(own, { topic, data })
      const unsigned = field(2, concat(field(2, data), field(4, topic)))
      const forged = await publication(own, { topic, data, isForged: true })
      await say(stage, [signed, unsigned, forged][stage.step % 3] ?? signed)
    }
  },
  {
    name: 'adverts-replayed',
    who: 'member',
    what: 'a record of long ago, published again and again, and one from the year 2100',
    perSecond: 20,
    step: async (stage) => {
      const { key: own } = await stage.member()
      const { namespace, identity, step } = stage
      const seq = step % 2 === 0 ? 1 : 4_102_444_800_000
      const data = await recordOf(own, { namespace, seq, certificate: identity.certificate })
      await say(stage, await publication(own, { topic: presenceTopic(namespace), data }))
    }
  },
  {
    name: 'dht-providers',
    who: 'member',
    what: 'ADD_PROVIDER for thousands of keys, with poisoned addresses',
    perSecond: 10,
    step: async (stage) => {
      const { peer } = await stage.member()
      const self = peerIdFromString(peer).toMultihash().bytes
      await ask(stage, 'addProvider', () => concat(field(2, key()), field(9, poisonedPeer(self))))
    }
  },
  {
    name: 'dht-values',
    who: 'member',
    what: 'PUT_VALUE and GET_VALUE of anything under any key',
    perSecond: 10,
    step: async (stage) => {
      const name = concat(Buffer.from('/pk/'), randomBytes(34))
      const record = concat(field(1, name), field(2, randomBytes(10_000)))
      if (stage.step % 2 === 0)
        await ask(stage, 'putValue', () => concat(field(2, name), field(3, record)), 4)
      else await ask(stage, 'getValue', () => field(2, name))
    }
  },
  {
    name: 'dht-storms',
    who: 'member',
    what: 'FIND_NODE and GET_PROVIDERS without end, with invented peers in them, never read',
    perSecond: 10,
    step: async (stage) => {
      const kind = stage.step % 2 === 0 ? 'findNode' : 'getProviders'
      await ask(
        stage,
        kind,
        () => concat(field(2, key()), field(8, poisonedPeer(inventedPeer()))),
        200
      )
    }
  }
]
