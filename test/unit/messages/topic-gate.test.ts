/** Who decides how much an author may say: the author, and not those who say again what it said. */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import { expect, test } from 'vitest'
import { AUTHOR_PACE, CLOCK_TOLERANCE_MS, TopicGate } from '../../../src/messages/topic-gate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { OPEN_ACCESS } from '../../../src/protocol/access.ts'
import { writeTopicMessage } from '../../../src/messages/topic-message.ts'
import type { Message } from '@libp2p/gossipsub'

const { Accept, Ignore } = TopicValidatorResult
const AUTHOR = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const TOPIC = { namespace: 'demo', name: 'news' }
const clock = new FakeClock()

function said(number: number, atMs = clock.wallMs()): Message {
  const data = writeTopicMessage({
    version: 1,
    namespace: TOPIC.namespace,
    topic: TOPIC.name,
    from: AUTHOR,
    session: 1,
    number,
    at_ms: atMs,
    body: 'hello'
  })
  return { type: 'signed', from: peerIdFromString(AUTHOR), topic: 'news', data } as Message
}

test('whoever says again what an author said does not silence the author', async () => {
  const gate = new TopicGate({ access: OPEN_ACCESS, clock })
  const old = said(1, clock.wallMs() - CLOCK_TOLERANCE_MS - 1)
  const first = said(2)
  expect(await gate.judge(TOPIC, first)).toBe(Accept)
  for (let again = 0; again < 2 * AUTHOR_PACE.burst; again += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as they come
    expect(await gate.judge(TOPIC, again % 2 === 0 ? old : first)).toBe(Ignore)
  }
  expect(await gate.judge(TOPIC, said(3))).toBe(Accept)
  // What it says itself is counted as before.
  for (let number = 4; number <= 1 + AUTHOR_PACE.burst; number += 1) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await gate.judge(TOPIC, said(number))).toBe(Accept)
  }
  expect(await gate.judge(TOPIC, said(2 + AUTHOR_PACE.burst))).toBe(Ignore)
})
