/** Who is connected, as it changes. */
import { afterEach, describe, expect, it } from 'vitest'
import { PeerTracker } from '../../../src/network/reach/peer-tracker.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import type { PeerChange } from '../../../src/network/reach/peer-tracker.ts'
import type { PeerView } from '../../../src/model/generated/api-peer.ts'

const checkPeer = validatorFor<PeerView>('api/peer')
const mesh = new Mesh()
afterEach(async () => await mesh.stop())

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

  it('knows those who were there before it, and measures them again and again', async () => {
    const clock = new FakeClock()
    const { asker, answerer } = await mesh.pair()
    const tracker = new PeerTracker({ node: asker.node, clock })
    await tracker.start()
    expect(tracker.list()).toMatchObject([{ peer_id: answerer.peer, latency_ms: null }])
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
