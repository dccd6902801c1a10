import { afterEach, expect, test } from 'vitest'
import { Inbox } from '../../../src/messages/inbox.ts'
import { Mesh } from '../../support/spawn-mesh.ts'
import { OPEN_ACCESS } from '../../../src/protocol/access.ts'
import { deferred } from '../../../src/core/abort.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { AnyJson } from '../../../src/messages/topic-message.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const mesh = new Mesh()
afterEach(() => mesh.stop())

async function send(from: SpawnedNode, to: SpawnedNode, message: AnyJson): Promise<object> {
  const params = { message, at_ms: 1, name: 'ada' }
  return await from.binding.ask(to.peer, 'SEND_MESSAGE', params, { timeoutMs: 60_000 })
}

test('a message is delivered and answered, or the sender learns that nobody listens', async () => {
  const inbox = new Inbox({ access: OPEN_ACCESS, clock: systemClock })
  const { answerer, asker } = await mesh.pair({ handlers: inbox.handlers })
  await expect(send(asker, answerer, 1)).rejects.toMatchObject({ code: 'NOBODY_LISTENS' })
  const stop = inbox.serve((message) => ({ thanks: message.from, for: message.message }))
  const answer = { thanks: asker.peer, for: [null, 'x'] }
  expect(await send(asker, answerer, [null, 'x'])).toEqual({ answer })
  const long = 'x'.repeat(70_000)
  await expect(send(asker, answerer, long)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
  inbox.serve(() => undefined)
  // Whoever listened before ends nothing any more.
  stop()
  expect(await send(asker, answerer, null)).toEqual({})
})

test('who sends faster than it is answered has to wait, and others need not', async () => {
  const inbox = new Inbox({ access: OPEN_ACCESS, clock: systemClock })
  const { answerer, asker } = await mesh.pair({ handlers: inbox.handlers })
  const other = await mesh.add()
  await other.node.dial(answerer.address)
  const isOpen = deferred<void>()
  inbox.serve(async ({ from }) => {
    if (from === asker.peer) await isOpen.promise
    return 'done'
  })
  const sent = Array.from({ length: 20 }, () =>
    send(asker, answerer, 'x').then(
      () => 'answered',
      (error: { code: string }) => error.code
    )
  )
  const refused = await Promise.any(sent)
  expect(refused).toBe('TOO_MANY_REQUESTS')
  expect(await send(other, answerer, 'x')).toEqual({ answer: 'done' })
  isOpen.resolve()
  const ends = await Promise.all(sent)
  expect(ends.filter((end) => end === 'answered').length).toBeLessThanOrEqual(16)
})
