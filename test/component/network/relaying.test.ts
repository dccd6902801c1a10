/** Relays over real sockets: places are reserved, kept and lost, circuits carry what they should, and no more. */
import { afterEach, describe, expect, it } from 'vitest'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { until } from '../../support/until.ts'
import type { BareNode } from '../../support/bare-mesh-node.ts'
import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { RelayLimits } from '../../../src/network/relay/relay-traffic.ts'
import type { Stream } from '@libp2p/interface'

const ECHO = '/taskmesh/test-echo/1'
const LIMITS: RelayLimits = {
  reservationsMax: 16,
  dataBytes: undefined,
  durationMs: undefined,
  rateBytes: undefined
}

const nodes = new BareNodes()
afterEach(async () => await nodes.stop())

async function addRelay(limits: Partial<RelayLimits> = {}): Promise<BareNode> {
  return await nodes.add({ reach: { relays: 0, punches: false, relay: { ...LIMITS, ...limits } } })
}

/** A node that nobody can dial, and that says back what it hears. */
async function addHidden(relays: readonly BareNode[]): Promise<BareNode> {
  const hidden = await nodes.add({
    isDhtServer: false,
    listen: [],
    reach: { relays: relays.length, punches: false }
  })
  await hidden.node.handle(ECHO, echo, { maxInboundStreams: 8 })
  for (const { address } of relays) await hidden.node.dial(address)
  await untilReachableBy(hidden, relays.length)
  return hidden
}

function placesOf({ node }: BareNode): CircuitRelayService['reservations'] {
  const { relay } = node.libp2p.services as unknown as { relay: CircuitRelayService }
  return relay.reservations
}

async function untilReachableBy({ node }: BareNode, count: number): Promise<string[]> {
  return await until(
    'places at relays',
    () => node.addresses(),
    ({ length }) => length === count
  )
}

async function echo(stream: Stream): Promise<void> {
  for await (const chunk of stream) if (!stream.send(chunk)) await stream.onDrain()
  await stream.close()
}

/** What comes back of so many bytes. */
async function bytesEchoed(stream: Stream, count: number): Promise<number> {
  let got = 0
  const reading = (async () => {
    for await (const chunk of stream) got += chunk.byteLength
  })()
  const writing = (async () => {
    for (let left = count; left > 0; left -= 16_384) {
      if (!stream.send(new Uint8Array(Math.min(left, 16_384)))) await stream.onDrain()
    }
    await stream.close()
  })()
  // A circuit that has ended is seen by what is missing.
  await Promise.allSettled([reading, writing])
  return got
}

describe('a node that nobody can dial', () => {
  it('is reached through a relay, far beyond the 128 KiB that libp2p allows by itself', async () => {
    const relay = await addRelay()
    const hidden = await addHidden([relay])
    const caller = await nodes.add({ isDhtServer: false })
    await caller.node.learnAddresses(hidden.node.selfPeer, hidden.node.addresses())
    const stream = await caller.node.openStream(hidden.node.selfPeer, ECHO)
    expect(caller.node.isRelayed(hidden.node.selfPeer)).toBe(true)
    expect(await bytesEchoed(stream, 1_000_000)).toBe(1_000_000)
  })

  it('withdraws the address when its relay has died, and is there by the other', async () => {
    const relays = [await addRelay(), await addRelay()]
    const hidden = await addHidden(relays)
    await relays[0]?.node.stop()
    const [address] = await untilReachableBy(hidden, 1)
    expect(address).toContain(relays[1]?.node.selfPeer)
  })

  it('has a place again when its relay comes back', async () => {
    const relay = await addRelay()
    const hidden = await addHidden([relay])
    await hidden.node.libp2p.hangUp(relay.node.libp2p.peerId)
    await untilReachableBy(hidden, 0)
    await hidden.node.dial(relay.address)
    expect(await untilReachableBy(hidden, 1)).toHaveLength(1)
  })
})

describe('a relay', () => {
  it('has no place for more than its owner allows', async () => {
    const relay = await addRelay({ reservationsMax: 1 })
    await addHidden([relay])
    const second = await nodes.add({ listen: [], reach: { relays: 1, punches: false } })
    await second.node.dial(relay.address)
    expect(await second.node.libp2p.services.ping.ping(relay.node.libp2p.peerId)).toBeDefined()
    expect(second.node.addresses()).toEqual([])
  })

  it('that had no place is asked again, and again', async () => {
    const relay = await addRelay({ reservationsMax: 1 })
    const first = await addHidden([relay])
    const clock = new FakeClock()
    const reach = { relays: 1, punches: false, isProbed: false }
    const second = await nodes.add({ listen: [], clock, reach })
    await second.node.dial(relay.address)
    placesOf(relay).delete(first.node.libp2p.peerId)
    const look = (): string[] => {
      clock.advance(15_000)
      return second.node.addresses()
    }
    const [address] = await until('a place', look, ({ length }) => length === 1)
    expect(address).toContain(relay.node.selfPeer)
  })

  it('ends a circuit that has carried what its owner allows', async () => {
    const relay = await addRelay({ dataBytes: 300_000 })
    const hidden = await addHidden([relay])
    const caller = await nodes.add({ isDhtServer: false })
    await caller.node.learnAddresses(hidden.node.selfPeer, hidden.node.addresses())
    const stream = await caller.node.openStream(hidden.node.selfPeer, ECHO)
    expect(await bytesEchoed(stream, 1_000_000)).toBeLessThan(300_000)
  })
})
