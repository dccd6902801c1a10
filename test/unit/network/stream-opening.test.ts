/** A stream comes by the best way that answers. */
import { expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { openStreamBy } from '../../../src/network/dialling/stream-opening.ts'
import { settle } from '../../support/settle.ts'
import type { Connection, Stream } from '@libp2p/interface'

type Open = (signal: AbortSignal | undefined) => Promise<Stream>

function way(open: Open): Connection {
  const newStream = async (_protocol: string, { signal }: { signal?: AbortSignal }) =>
    await open(signal)
  return { newStream } as unknown as Connection
}

const stream = (): Stream => ({}) as Stream
const broken: Open = () => Promise.reject(new Error('it has just ended'))
const silent =
  (asked: { isOver?: boolean }): Open =>
  async (signal) =>
    await new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        asked.isOver = true
        reject(signal.reason as Error)
      })
    })

test('the first that can be used is used, and the last one says why none can', async () => {
  const clock = new FakeClock()
  const [first, second] = [stream(), stream()]
  const good = way(async () => first)
  const other = way(async () => second)
  expect(await openStreamBy([good, other], '/x', { clock })).toBe(first)
  expect(await openStreamBy([way(broken), other], '/x', { clock })).toBe(second)
  const none = openStreamBy([way(broken), way(() => Promise.reject(new Error('nor this')))], '/x', {
    clock
  })
  await expect(none).rejects.toThrow('nor this')
  expect(clock.timerCount).toBe(0)
})

test('one that says nothing is left for the next after a moment; the last has all the time', async () => {
  const clock = new FakeClock()
  const asked = {}
  const relayed = stream()
  const opening = openStreamBy([way(silent(asked)), way(async () => relayed)], '/x', { clock })
  await settle()
  clock.advance(3_000)
  expect(await opening).toBe(relayed)
  expect(asked).toEqual({ isOver: true })
  const controller = new AbortController()
  const last = openStreamBy([way(silent({}))], '/x', { clock, signal: controller.signal })
  await settle()
  clock.advance(60_000)
  controller.abort(new Error('enough'))
  await expect(last).rejects.toThrow('enough')
})

test('whoever waits no longer is not kept by further ways', async () => {
  const clock = new FakeClock()
  const controller = new AbortController()
  const { signal } = controller
  let triedCount = 0
  const counted = way(async () => {
    triedCount += 1
    return stream()
  })
  const opening = openStreamBy([way(silent({})), counted], '/x', { clock, signal })
  await settle()
  controller.abort(new Error('enough'))
  await expect(opening).rejects.toThrow('enough')
  expect(triedCount).toBe(0)
})
