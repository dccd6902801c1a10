/** A closed mesh: its DHT and gossip are for members, however late they show that they are. */
import { afterEach, describe, expect, it } from 'vitest'
import { DHT_PROTOCOL_V1, presenceTopic } from '../../../src/protocol/ids.ts'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import { hostilePeer, isCutOff, prefixed } from '../../support/hostile-peer.ts'
import { readAll } from '../../support/spawn-mesh.ts'
import type { Admission } from '../../../src/network/guard/admission.ts'
import type { HostilePeer } from '../../support/hostile-peer.ts'

const GOSSIP = '/meshsub/1.2.0'
const TOPIC = presenceTopic('closed')

/** Lets in whom the test names. */
class TestAdmission implements Admission {
  readonly #members = new Set<string>()
  readonly #waiting = new Map<string, (() => void)[]>()

  readonly isMember = (peer: string): boolean => this.#members.has(peer)

  readonly isBanned = (): boolean => false

  readonly admit = async (peer: string, signal: AbortSignal): Promise<void> =>
    await new Promise((resolve, reject) => {
      this.#waiting.set(peer, [...(this.#waiting.get(peer) ?? []), resolve])
      signal.addEventListener('abort', () => reject(new Error('it has shown nothing')))
    })

  let(peer: string): void {
    this.#members.add(peer)
    for (const resolve of this.#waiting.get(peer) ?? []) resolve()
  }

  waitingCount(peer: string): number {
    return this.#waiting.get(peer)?.length ?? 0
  }
}

const nodes = new BareNodes()
const strangers: HostilePeer[] = []
afterEach(async () => {
  for (const stranger of strangers.splice(0)) await stranger.stop()
  await nodes.stop()
})

async function comeTo(address: string): Promise<HostilePeer> {
  const peer = await hostilePeer(address)
  strangers.push(peer)
  return peer
}

const FIND_NODE = prefixed(Uint8Array.of(0x08, 4, 0x12, 1, 7))

describe('a stranger', () => {
  it('is not answered by the DHT until it has shown its certificate, and then is', async () => {
    const admission = new TestAdmission()
    const { address } = await nodes.add({ admission })
    const { connection, peer } = await comeTo(address)
    const stream = await connection.newStream(DHT_PROTOCOL_V1)
    const answer = readAll(stream)
    stream.send(FIND_NODE)
    await expect.poll(() => admission.waitingCount(peer)).toBeGreaterThan(0)
    expect(stream.readStatus).toBe('readable')
    admission.let(peer)
    await stream.close()
    expect((await answer).length).toBeGreaterThan(0)
  })

  it('may have a few streams wait, and no more', async () => {
    const admission = new TestAdmission()
    const { address } = await nodes.add({ admission })
    const { connection, peer } = await comeTo(address)
    const streams = []
    for (let count = 0; count < 12; count += 1)
      streams.push(await connection.newStream(DHT_PROTOCOL_V1))
    await Promise.all(
      streams.slice(8).map(async (stream) => expect(await isCutOff(stream)).toBe(true))
    )
    // And gossip waits to speak to it.
    expect(admission.waitingCount(peer)).toBeLessThanOrEqual(9)
    expect(streams.slice(0, 8).map(({ status }) => status)).toEqual(
      Array.from({ length: 8 }, () => 'open')
    )
  })

  it('takes no part in gossip, and does once it is a member, however late', async () => {
    const admission = new TestAdmission()
    const { node, address } = await nodes.add({ admission })
    const late = await nodes.add()
    const { pubsub } = node.libp2p.services
    late.node.libp2p.services.pubsub.subscribe(TOPIC)
    pubsub.subscribe(TOPIC)
    await late.node.dial(address)
    await expect.poll(() => admission.waitingCount(late.node.selfPeer)).toBeGreaterThan(1)
    expect(pubsub.getSubscribers(TOPIC)).toEqual([])
    expect(node.libp2p.services.dht.routingTable.size).toBe(0)
    admission.let(late.node.selfPeer)
    await expect.poll(() => pubsub.getSubscribers(TOPIC).map(String)).toEqual([late.node.selfPeer])
    await expect.poll(() => node.libp2p.services.dht.routingTable.size).toBe(1)
  })

  it('whose gossip stream is open has nothing of it read', async () => {
    const admission = new TestAdmission()
    const { node, address } = await nodes.add({ admission })
    const { connection, peer } = await comeTo(address)
    const stream = await connection.newStream(GOSSIP)
    stream.send(Buffer.alloc(100_000))
    await expect.poll(() => admission.waitingCount(peer)).toBeGreaterThan(0)
    expect(node.libp2p.services.pubsub.getPeers()).toEqual([])
    expect(node.counts().conduct.offences).toEqual({})
  })
})
