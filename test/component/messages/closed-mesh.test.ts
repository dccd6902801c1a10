import { afterEach, expect, test } from 'vitest'
import { ClosedMesh, meet } from '../../support/closed-mesh.ts'
import { OPEN_ACCESS } from '../../../src/protocol/access.ts'
import { TopicMesh } from '../../support/topic-mesh.ts'
import { openTopic } from '../../../src/protocol/ids.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { until } from '../../support/spawn-mesh.ts'

const talk = new TopicMesh()
const mesh = new ClosedMesh()
afterEach(async () => {
  await talk.stop()
  await mesh.stop()
})

test('members hear each other, with the role that is certified, and nobody who has no certificate', async () => {
  const carrier = await talk.carrier([], await mesh.init('bootstrap'))
  const listener = await talk.speaker([carrier], await mesh.init('client'))
  const speaker = await talk.speaker([carrier], await mesh.init('worker'))
  await meet(listener, carrier)
  await meet(speaker, carrier)
  const heard = listener.topics.subscribe('news')
  await speaker.topics.publish('news', 'hello', { waitMs: 60_000 })
  // It has never met the author, whose certificate came with the message.
  expect((await heard.next()).value).toMatchObject({
    from: speaker.peer,
    role: 'worker',
    body: 'hello'
  })
  const stranger = await talk.speaker([carrier], { access: OPEN_ACCESS })
  const { pubsub } = stranger.node.libp2p.services
  const topic = openTopic('demo', 'news')
  const said = { version: 1, namespace: 'demo', topic: 'news', from: stranger.peer, session: 1 }
  const text = JSON.stringify({
    ...said,
    number: 1,
    at_ms: systemClock.wallMs(),
    body: 'let me in'
  })
  await pubsub.publish(topic, new TextEncoder().encode(text))
  await speaker.topics.publish('news', 'again', { waitMs: 60_000 })
  expect((await heard.next()).value).toMatchObject({ body: 'again' })
  await until(() => carrier.carrier.topics.join() === 'news')
})
