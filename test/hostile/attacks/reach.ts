/** How nodes find and reach each other: places at a relay, circuits to oneself, a bootstrap's list of workers, beats. */
import { presenceTopic } from '../../../src/protocol/ids.ts'
import { peerIdFromString } from '@libp2p/peer-id'
import { randomBytes } from 'node:crypto'
import { concat, field, numberField, prefixed, utf8 } from '../bytes.ts'
import { GOSSIP_PROTOCOL } from './streams.ts'
import { exampleOf, publication } from '../presence.ts'
import type { Attack, Stage } from '../attack.ts'
import type { RawPeer } from '../raw-peer.ts'

const HOP = '/libp2p/circuit/relay/0.2.0/hop'
const STOP = '/libp2p/circuit/relay/0.2.0/stop'
const RESERVE = prefixed(numberField(1, 0))

/** A circuit to a peer, who may be the caller itself. */
const call = (peer: string): Uint8Array =>
  prefixed(
    concat(numberField(1, 1), field(2, field(1, peerIdFromString(peer).toMultihash().bytes)))
  )

async function hop(
  { hold, tally, targets }: Stage,
  peer: RawPeer,
  said: Uint8Array
): Promise<void> {
  const [relay] = targets
  if (relay === undefined) return
  const stream = await peer.open(relay, HOP)
  stream.addEventListener('message', () => tally.got('bytes'))
  stream.addEventListener('close', () => tally.got(`stream ${stream.status}`))
  hold(() => stream.abort(new Error('enough')))
  await peer.send(stream, said)
}

/** By what name, and with which text for what it wants to be told. */
const CURSORS = ['', '\u0000', '\uffff'.repeat(60), '12D3KooW', '../../etc', 'a\nb']

async function beat(stage: Stage, said: object): Promise<void> {
  const peer = await stage.member()
  const topic = presenceTopic(stage.namespace)
  const data = utf8(JSON.stringify({ ...exampleOf('worker-beat'), ...said }))
  const stream = await peer.open(stage.target, GOSSIP_PROTOCOL)
  stage.hold(() => stream.abort(new Error('enough')))
  await peer.send(stream, prefixed(await publication(peer.key, { topic, data })))
}

export const REACH_ATTACKS: readonly Attack[] = [
  {
    name: 'circuits-stranger',
    who: 'stranger',
    what: 'places and circuits at a relay by who does not belong here, and rubbish',
    perSecond: 20,
    step: async (stage) => {
      const said = [RESERVE, call(stage.target.peer), prefixed(randomBytes(500)), randomBytes(64)]
      await hop(stage, await stage.stranger(), said[stage.step % said.length] ?? RESERVE)
    }
  },
  {
    name: 'circuits-member',
    who: 'member',
    what: 'a place at a relay, and circuits without end to itself, which never answers, and to those who have none',
    perSecond: 50,
    heldMax: 4_096,
    step: async (stage) => {
      const peer = await stage.member()
      // It takes the call, and says nothing.
      if (stage.step === 0) await peer.libp2p.handle(STOP, () => {})
      const said = [call(peer.peer), call(peer.peer), call(stage.target.peer)]
      const isFirst = stage.step % 200 === 0
      await hop(stage, peer, isFirst ? RESERVE : (said[stage.step % said.length] ?? RESERVE))
    }
  },
  {
    name: 'registry-questions',
    who: 'member',
    what: 'which workers a bootstrap knows, from places that are none, of namespaces that are none, without end',
    perSecond: 100,
    step: async (stage) => {
      const peer = await stage.member()
      const [bootstrap = stage.target] = stage.targets
      const { namespace, step } = stage
      await peer.command(bootstrap, 'FIND_NODES', {
        cursor: CURSORS[step % CURSORS.length],
        ...(step % 3 === 0 ? { limit: 0 } : {}),
        namespace: step % 5 === 0 ? `n${step}` : namespace
      })
    }
  },
  {
    name: 'beats',
    who: 'member',
    what: 'beats of no worker, of others, for a day, with numbers beyond all others, longer than one is',
    perSecond: 30,
    step: async (stage) => {
      const { peer } = await stage.member()
      const { namespace, step, target } = stage
      const own = { namespace, peer_id: peer, seq: Date.now(), ttl_s: 86_400 }
      const said = [
        own,
        { ...own, peer_id: target.peer },
        { ...own, seq: Number.MAX_SAFE_INTEGER },
        { ...own, more: 'x'.repeat(5_000) },
        { ...own, ttl_s: -1 }
      ]
      await beat(stage, said[step % said.length] ?? own)
    }
  }
]
