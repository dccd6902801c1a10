/** Event streams over real sockets: what comes, what ends them, and what one reader can cost. */
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { validatorFor } from '../../../src/model/validate.ts'
import { buildJobEvent, buildJobView, exampleOf } from '../../support/fake-api-services.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { problemOf, startApi, TOKEN } from '../../support/start-api.ts'
import type { JobEvent } from '../../../src/model/generated/api-job-event.ts'

const RUNNING = buildJobView({ state: 'running' })
const EVENTS = `/v1/jobs/${RUNNING.id}/events`

function eventsOf(text: string): unknown[] {
  return text
    .split('\n\n')
    .filter((part) => part.startsWith('data: '))
    .map((part) => JSON.parse(part.slice('data: '.length)) as unknown)
}

test('a job tells its state, each change, and ends with the job', async () => {
  const { call, services } = await startApi()
  services.jobsById.set(RUNNING.id, RUNNING)
  const response = await call(EVENTS)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  services.emitJob(buildJobEvent({ at_ms: 2 }))
  services.emitJob(buildJobEvent({ at_ms: 3, state: 'completed' }))
  const events = eventsOf(await response.text()) as JobEvent[]
  events.forEach((event) => validatorFor('api/job-event')(event))
  expect(events.map(({ at_ms: at, state }) => [at, state])).toEqual([
    [1, 'running'],
    [2, 'running'],
    [3, 'completed']
  ])
  await expect.poll(() => services.watcherCount).toBe(0)
})

test('a job that has ended tells so and ends at once', async () => {
  const { call } = await startApi()
  const events = eventsOf(await (await call(EVENTS)).text())
  expect(events).toMatchObject([{ state: 'completed' }])
})

test('peers tell each change until the reader leaves', async () => {
  const { call, services } = await startApi()
  const leaving = new AbortController()
  const response = await call('/v1/peers/events', {
    headers: { authorization: `Bearer ${TOKEN}` },
    signal: leaving.signal
  })
  const event = exampleOf('api/peer-event')
  services.emitPeer(event)
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const { value } = await reader.read()
  expect(eventsOf(new TextDecoder().decode(value))).toEqual([event])
  leaving.abort()
  await expect.poll(() => services.watcherCount).toBe(0)
})

test('a heartbeat comes every 15 seconds, from one timer that ends with the last stream', async () => {
  const clock = new FakeClock()
  const { call, services } = await startApi({}, { clock })
  services.jobsById.set(RUNNING.id, RUNNING)
  const response = await call(EVENTS)
  await call(EVENTS)
  expect(clock.timerCount).toBe(1)
  clock.advance(30_000)
  services.emitJob(buildJobEvent({ state: 'stopped' }))
  expect((await response.text()).match(/^: alive$/gm)).toHaveLength(2)
  await expect.poll(() => clock.timerCount).toBe(0)
})

test('above the limit of streams, a reader is told to come later', async () => {
  const { call, services } = await startApi({ streamsMax: 2 })
  services.jobsById.set(RUNNING.id, RUNNING)
  const open = await Promise.all([call(EVENTS), call('/v1/peers/events')])
  const refused = await call(EVENTS)
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await problemOf(refused)).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true })
  expect((await call('/v1/jobs/j-none/events')).status).toBe(429)
  await open[1].body?.cancel()
  await expect.poll(async () => (await call('/v1/peers/events')).status).toBe(200)
})

test('streams that could not open give their places back', async () => {
  const { call } = await startApi({ streamsMax: 1 })
  for (let index = 0; index < 3; index += 1) {
    // oxlint-disable-next-line no-await-in-loop
    expect((await call('/v1/jobs/j-none/events')).status).toBe(404)
  }
})

test('a reader that stands still costs one event, gets the latest later, and is dropped in the end', async () => {
  const clock = new FakeClock()
  const { port, services } = await startApi({}, { clock })
  services.jobsById.set(RUNNING.id, RUNNING)
  const slow = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')] as const
  for (const socket of slow) {
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => undefined).pause()
    socket.write(
      `GET ${EVENTS} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`
    )
  }
  await expect.poll(() => services.watcherCount).toBe(2)
  const memoryBefore = process.memoryUsage().rss
  for (let at = 0; at < 200_000; at += 1) {
    services.emitJob(buildJobEvent({ at_ms: at }))
    // oxlint-disable-next-line no-await-in-loop
    if (at % 1_000 === 0) await new Promise((resolve) => void setImmediate(resolve))
  }
  expect(process.memoryUsage().rss - memoryBefore).toBeLessThan(100_000_000)
  const [late, gone] = slow
  let received = ''
  late.on('data', (chunk) => (received += chunk.toString()))
  late.resume()
  await expect.poll(() => received, { timeout: 10_000 }).toContain('"at_ms":199999}')
  expect(received.match(/data: /g)?.length).toBeLessThan(100_000)
  clock.advance(60_000)
  gone.resume()
  await expect.poll(() => services.watcherCount).toBe(1)
})

test('stopping ends streams and waiting callers, within its bound, and twice', async () => {
  const { call, server, services } = await startApi()
  services.jobsById.set(RUNNING.id, RUNNING)
  const stream = await call(EVENTS)
  const waiting = call(`/v1/jobs/${RUNNING.id}/wait?timeout=5m`)
  await expect.poll(() => services.waiterCount).toBe(1)
  const startedAt = performance.now()
  await Promise.all([server.stop(), server.stop()])
  await server.stop()
  expect(performance.now() - startedAt).toBeLessThan(1_500)
  expect(eventsOf(await stream.text())).toHaveLength(1)
  const response = await waiting
  expect(response.status).toBe(503)
  expect(await problemOf(response)).toMatchObject({ code: 'STOPPING' })
  await expect(call('/v1/health')).rejects.toThrow('fetch failed')
})

test('stopping does not wait for a service that never answers', async () => {
  const { call, server, services } = await startApi({ stopTimeoutMs: 200 })
  services.jobs.describe = () => new Promise(() => undefined)
  const stuck = call('/v1/jobs/j-7').catch((error: unknown) => error)
  await new Promise((resolve) => setTimeout(resolve, 100))
  await server.stop()
  expect(await stuck).toBeInstanceOf(TypeError)
})

test('it can be started again after a stop', async () => {
  const { server } = await startApi()
  await server.stop()
  await server.start()
  await server.start()
  expect((await fetch(`${server.address()}/v1/health`)).status).toBe(200)
})
