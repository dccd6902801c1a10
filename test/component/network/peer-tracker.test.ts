/** Who is connected, as it changes. */
import { afterEach, describe, expect, it } from 'vitest'
import { PeerTracker } from '../../../src/network/paths/peer-tracker.ts'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import { measureRoundTrip } from '../../../src/network/paths/round-trip.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import type { Connection } from '@libp2p/interface'
import type { PeerChange } from '../../../src/network/paths/peer-tracker.ts'
import type { PeerView } from '../../../src/model/generated/api-peer.ts'

const checkPeer = validatorFor<PeerView>('api/peer')
const mesh = new Mesh()
const nodes = new BareNodes()
afterEach(async () => {
  await mesh.stop()
  await nodes.stop()
})

describe('a peer tracker', () => {
  it('tells of a connect, a measurement and a disconnect, and shows who is there', async () => {
    const clock = new FakeClock()
    const node = await mesh.add()
    const peer = await mesh.add()
    const tracker = new PeerTracker({ node: node.node, clock })
    await tracker.start()
    const events: PeerChange[] = []
    tracker.watch((event) => events.push({ ...event, peer: checkPeer(event.peer) }))

    await peer.node.dial(node.address)
    await until(() => events.some(({ event }) => event === 'measured'))
    expect(events[0]).toMatchObject({
      event: 'connected',
      peer: { peer_id: peer.peer, direction: 'inbound', path: 'direct' }
    })
    await until(() => tracker.list()[0]?.agent !== null)
    expect(tracker.latencyOf(peer.peer)).toBeGreaterThanOrEqual(0)
    expect(tracker.latencyOf(node.peer)).toBeUndefined()

    await peer.stop()
    await until(() => events.at(-1)?.event === 'disconnected')
    expect(tracker.list()).toEqual([])
    await tracker.stop()
    expect(clock.timerCount).toBe(0)
  })

  it('knows those who were there before it, and measures them at once, again and again', async () => {
    const clock = new FakeClock()
    const { asker, answerer } = await mesh.pair()
    // So that what it says of its program is known, as it is only told once.
    await asker.node.libp2p.services.identify.identify(
      asker.node.libp2p.getConnections()[0] as Connection
    )
    const tracker = new PeerTracker({ node: asker.node, clock })
    await tracker.start()
    await until(() => tracker.latencyOf(answerer.peer) !== undefined)
    expect(tracker.list()).toMatchObject([
      { peer_id: answerer.peer, agent: expect.stringMatching(/^test\//) }
    ])
    const measured: PeerChange[] = []
    const unwatch = tracker.watch((event) => measured.push(event))
    for (let round = 1; round <= 2; round += 1) {
      clock.advance(5_000)
      await until(() => measured.length === round)
    }
    unwatch()
    clock.advance(5_000)
    expect(measured).toHaveLength(2)
    await tracker.stop()
  })

  it('tells of a better path, and measures that one from then on', async () => {
    const limits = {
      reservationsMax: 4,
      dataBytes: undefined,
      durationMs: undefined,
      rateBytes: undefined
    }
    const relay = await nodes.add({ reach: { relays: 0, punches: false, relay: limits } })
    const hidden = await nodes.add({
      isDhtServer: false,
      listen: [],
      reach: { relays: 1, punches: false }
    })
    await hidden.node.dial(relay.address)
    await until(() => hidden.node.addresses().length === 1)
    const caller = await nodes.add({ isDhtServer: false })
    const tracker = new PeerTracker({ node: caller.node, clock: new FakeClock() })
    await tracker.start()
    const events: PeerChange[] = []
    tracker.watch((event) => events.push({ ...event, peer: checkPeer(event.peer) }))
    const peer = hidden.node.selfPeer
    const of = (kind: PeerChange['event']): PeerView | undefined =>
      events.find((one) => one.event === kind && one.peer.peer_id === peer)?.peer

    await caller.node.dial(hidden.node.addresses()[0] ?? '')
    await until(() => of('measured') !== undefined)
    const relayed = { path: 'relayed', relay: relay.node.selfPeer }
    expect(of('connected')).toMatchObject(relayed)
    expect(tracker.wayTo(peer)).toMatchObject({ path: 'relayed' })
    caller.node.noteTransfer(peer, 'to', { bytes: 1e6, ms: 1_000 })
    const to = { bytes_per_second: 1e6, age_ms: expect.any(Number) as number }
    expect(tracker.wayView(peer)).toEqual({ ...relayed, bandwidth: { to } })

    events.length = 0
    await hidden.node.dial(caller.address)
    await until(() => of('measured') !== undefined)
    // Nothing that the relay took is taken for the new path's.
    expect(of('rerouted')).toMatchObject({ path: 'local', latency_ms: null })
    expect(tracker.wayView(peer)).toEqual({ path: 'local' })
    expect(tracker.latencyOf(peer)).toBeGreaterThanOrEqual(0)
    await tracker.stop()
  })

  it('does not call back a peer that has left', async () => {
    const clock = new FakeClock()
    const { asker, answerer } = await mesh.pair()
    const tracker = new PeerTracker({ node: asker.node, clock })
    await tracker.start()
    await asker.node.libp2p.hangUp(answerer.node.libp2p.peerId)
    clock.advance(5_000)
    await until(() => tracker.list().length === 0)
    expect(asker.node.isConnected(answerer.peer)).toBe(false)
    await tracker.stop()
  })
})

describe('the round trip of a connection', () => {
  it('is measured on that very one, and not at all on one that is closed', async () => {
    const clock = new FakeClock()
    const { asker, answerer } = await mesh.pair()
    const [connection] = asker.node.paths.connections(answerer.node.libp2p.peerId)
    if (connection === undefined) throw new Error('they are connected')
    const options = { signal: AbortSignal.timeout(10_000) }
    expect(await measureRoundTrip(connection, clock, options)).toBeGreaterThanOrEqual(0)
    await connection.close()
    await expect(measureRoundTrip(connection, clock, options)).rejects.toThrow(/clos/)
  })
})
