import { afterEach, expect, test } from 'vitest'
import { AUTHOR_PACE } from '../../../src/messages/topic-gate.ts'
import { TopicMesh } from '../../support/topic-mesh.ts'
import { carriedTopic, openTopic } from '../../../src/protocol/ids.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { until } from '../../support/spawn-mesh.ts'

const mesh = new TopicMesh()
afterEach(() => mesh.stop())

test('what is published reaches a listener through two carriers that want none of it', async () => {
  const first = await mesh.carrier()
  const second = await mesh.carrier([first])
  const listener = await mesh.speaker([first])
  const speaker = await mesh.speaker([second])
  const heard = listener.topics.subscribe('builds')
  const said = await speaker.topics.publish('builds', { ok: true }, { waitMs: 20_000 })
  expect(said).toMatchObject({ topic: 'builds', number: 1, peers: [second.peer] })
  expect((await heard.next()).value).toEqual({
    topic: 'builds',
    from: speaker.peer,
    name: 'ada',
    session: expect.any(Number),
    number: 1,
    at_ms: said.at_ms,
    body: { ok: true }
  })
  expect(speaker.topics.list()).toEqual([{ topic: 'builds', listeners: 0, carriers: 1 }])
  // Two that carry for each other alone notice it.
  await heard.return?.()
  await until(() => [...first.carrier.topics, ...second.carrier.topics].length === 0)
  expect(speaker.topics.list()).toEqual([])
})

test('nobody listens, and the publisher is told so, unless it wants to publish anyway', async () => {
  const carrier = await mesh.carrier()
  const speaker = await mesh.speaker([carrier])
  const alone = speaker.topics.publish('empty', 'hello', { waitMs: 50 })
  await expect(alone).rejects.toMatchObject({ code: 'NOBODY_LISTENS', path: 'topic' })
  expect(await speaker.topics.publish('empty', 'hello', { anyway: true })).toMatchObject({
    peers: []
  })
  const wrong = speaker.topics.publish('no/such name', 'hello')
  await expect(wrong).rejects.toMatchObject({ code: 'FIELD_INVALID', path: 'topic' })
  const long = speaker.topics.publish('empty', 'x'.repeat(70_000))
  await expect(long).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
})

test('a message under the name of another is passed on by nobody, and counts against who brings it', async () => {
  const carrier = await mesh.carrier()
  const listener = await mesh.speaker([carrier])
  const liar = await mesh.speaker([carrier])
  const heard = listener.topics.subscribe('news')
  await liar.topics.publish('news', 'true', { waitMs: 20_000 })
  const { pubsub } = liar.node.libp2p.services
  const lie = {
    version: 1,
    namespace: 'demo',
    topic: 'news',
    from: listener.peer,
    session: 1,
    number: 1,
    at_ms: systemClock.wallMs(),
    body: 'a lie'
  }
  await pubsub.publish(openTopic('demo', 'news'), new TextEncoder().encode(JSON.stringify(lie)))
  await liar.topics.publish('news', 'true again')
  const bodies = [(await heard.next()).value?.body, (await heard.next()).value?.body]
  expect(bodies).toEqual(['true', 'true again'])
  expect(carrier.node.counts().conduct).toMatchObject({ offences: { gossip: 1 } })
})

test('a neighbour has its share of what is carried, and others have theirs beside it', async () => {
  const carrier = await mesh.carrier([], { topicsMax: 8, topicsPerPeerMax: 3 })
  const greedy = await mesh.speaker([carrier])
  const modest = await mesh.speaker([carrier])
  for (let count = 0; count < 20; count += 1) greedy.topics.subscribe(`greedy-${count}`)
  await until(() => carrier.carrier.topics.length === 3)
  modest.topics.subscribe('modest')
  await until(() => carrier.carrier.topics.includes('modest'))
  expect(carrier.carrier.topics.length).toBe(4)
  // Whoever leaves makes room again; what others mark as carried is no listener.
  const { pubsub } = modest.node.libp2p.services
  pubsub.subscribe(carriedTopic(1, 'demo', 'modest'))
  pubsub.subscribe(carriedTopic(3, 'demo', 'modest'))
  await greedy.stop()
  await until(() => carrier.carrier.topics.join() === 'modest')
})

test('a flood of one author costs others nothing: they are heard in time, and it is cut to its pace', async () => {
  const carrier = await mesh.carrier()
  const listener = await mesh.speaker([carrier])
  const flooder = await mesh.speaker([carrier])
  const speaker = await mesh.speaker([carrier])
  const flooded: unknown[] = []
  const controller = new AbortController()
  const reading = (async () => {
    for await (const { body } of listener.topics.subscribe('flood', controller)) flooded.push(body)
  })()
  const heard = listener.topics.subscribe('calm')
  await speaker.topics.publish('calm', 0, { waitMs: 20_000 })
  const { pubsub } = flooder.node.libp2p.services
  const topic = openTopic('demo', 'flood')
  await flooder.topics.publish('flood', 0, { waitMs: 20_000 })
  const startedAtMs = systemClock.monotonicMs() - 1_000
  const session = systemClock.wallMs() + 1
  const FLOOD = 1_500
  for (let number = 1; number <= FLOOD; number += 1) {
    const said = { version: 1, namespace: 'demo', topic: 'flood', from: flooder.peer }
    const text = JSON.stringify({
      ...said,
      session,
      number,
      at_ms: systemClock.wallMs(),
      body: number
    })
    await pubsub.publish(topic, new TextEncoder().encode(text))
  }
  await speaker.topics.publish('calm', 1)
  expect([(await heard.next()).value?.body, (await heard.next()).value?.body]).toEqual([0, 1])
  controller.abort()
  await reading
  // What it may say at once, and what comes back while it floods.
  expect(flooded.length).toBeGreaterThan(100)
  const seconds = (systemClock.monotonicMs() - startedAtMs) / 1_000
  const allowed = AUTHOR_PACE.burst + AUTHOR_PACE.perSecond * seconds
  expect(flooded.length).toBeLessThanOrEqual(Math.min(FLOOD, Math.ceil(allowed)))
  expect(carrier.node.shunned()).toEqual([])
})

test('who reads too slowly misses the oldest, and is told how many; the author’s own pace says when it is too fast', async () => {
  const listener = await mesh.speaker()
  const speaker = await mesh.speaker([listener])
  listener.topics.subscribe('fast')
  await speaker.topics.publish('fast', 'first', { waitMs: 20_000 })
  const rest = Array.from({ length: 300 }, (_, index) => speaker.topics.publish('fast', index))
  const ends = await Promise.allSettled(rest)
  const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
  expect(refused.length).toBeGreaterThan(50)
  expect(refused[0]).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true })
})
