/** A place at a relay lasts as long as it is renewed, however often that is, and not much longer. */
import { afterEach, expect, it } from 'vitest'
import { multiaddr } from '@multiformats/multiaddr'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { until } from '../../support/until.ts'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerId } from '@libp2p/interface'

const MINUTE_MS = 60_000

interface Relay {
  reservations: ReadonlyMap<PeerId, unknown>
  reservationStore: { reserve: (peer: PeerId, address: Multiaddr) => unknown }
}

const nodes = new BareNodes()
afterEach(async () => await nodes.stop())

it('a place that is renewed in time is there for ever, and ends once it is not', async () => {
  const clock = new FakeClock()
  const limits = { dataBytes: undefined, durationMs: undefined, rateBytes: undefined }
  const relay = { ...limits, reservationsMax: 1 }
  const { node } = await nodes.add({
    clock,
    reach: { relays: 0, punches: false, isProbed: false, relay }
  })
  const holder = (await nodes.add()).node.libp2p
  const { relay: server } = node.libp2p.services as unknown as { relay: Relay }
  const [address] = holder.getMultiaddrs()
  if (address === undefined) throw new Error('it listens nowhere')
  for (let time = 0; time < 5; time += 1) {
    server.reservationStore.reserve(holder.peerId, address)
    clock.advance(55 * MINUTE_MS)
    expect(server.reservations.size).toBe(1)
  }
  clock.advance(4 * MINUTE_MS)
  expect(server.reservations.size).toBe(1)
  clock.advance(2 * MINUTE_MS)
  expect(server.reservations.size).toBe(0)
  server.reservationStore.reserve(holder.peerId, address)
  clock.advance(55 * MINUTE_MS)
  expect(server.reservations.size).toBe(1)
})

it('where all are taken, those go whose holders have gone', async () => {
  const limits = { dataBytes: undefined, durationMs: undefined, rateBytes: undefined }
  const relay = { ...limits, reservationsMax: 1 }
  const reach = { relays: 0, punches: false, isProbed: false, relay }
  const { address, node } = await nodes.add({ reach })
  const { relay: server } = node.libp2p.services as unknown as { relay: Relay }
  const [here, other] = [await nodes.add(), await nodes.add()]
  await here.node.dial(address)
  await until('the holder', () => node.isConnected(here.node.selfPeer), Boolean)
  const take = (holder: typeof here): void => {
    server.reservationStore.reserve(holder.node.libp2p.peerId, multiaddr(holder.address))
  }
  take(here)
  take(other)
  expect([...server.reservations.keys()].map(String)).toEqual([here.node.selfPeer])
  await node.libp2p.hangUp(here.node.libp2p.peerId)
  take(other)
  expect([...server.reservations.keys()].map(String)).toEqual([other.node.selfPeer])
})
