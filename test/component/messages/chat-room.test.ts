import { afterEach, expect, test } from 'vitest'
import { ChatRoom } from '../../../src/messages/chat-room.ts'
import { TopicMesh } from '../../support/topic-mesh.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { until } from '../../support/spawn-mesh.ts'
import type { ChatEvent } from '../../../src/messages/chat-room.ts'
import type { Topics } from '../../../src/messages/topics.ts'

const mesh = new TopicMesh()
afterEach(() => mesh.stop())

function enter(topics: Topics): { room: ChatRoom; heard: ChatEvent[]; out: AbortController } {
  const shared = { topics, clock: systemClock, random: systemRandom }
  const room = new ChatRoom(shared, { room: 'lobby' })
  const out = new AbortController()
  const heard: ChatEvent[] = []
  void (async () => {
    for await (const event of room.enter(out)) heard.push(event)
  })()
  return { room, heard, out }
}

test('who comes is seen by those who are there, and sees them; so is who goes', async () => {
  const carrier = await mesh.carrier()
  const [ada, bob] = [await mesh.speaker([carrier]), await mesh.speaker([carrier])]
  const here = enter(ada.topics)
  const comes = enter(bob.topics)
  await until(() => comes.room.people.length === 1 && here.room.people.length === 1)
  await comes.room.say('hello')
  await until(() => here.heard.some(({ kind }) => kind === 'said'))
  // A program takes part.
  await bob.topics.publish('lobby', { build: 'green' })
  await comes.room.leave()
  await until(() => here.heard.some(({ kind }) => kind === 'went'))
  expect(here.heard.map(({ from, kind, text }) => [kind, from, text])).toEqual([
    ['came', bob.peer, undefined],
    ['said', bob.peer, 'hello'],
    ['said', bob.peer, '{"build":"green"}'],
    ['went', bob.peer, undefined]
  ])
  here.out.abort()
  comes.out.abort()
})
