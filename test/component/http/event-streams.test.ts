/** Event streams over real sockets: what comes, how a reader goes on, what ends them, and what one can cost. */
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { validatorFor } from '../../../src/model/validate.ts'
import {
  buildJobEvent,
  buildJobView,
  buildLog,
  buildPeerEvent
} from '../../support/fake-api-services.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { until } from '../../support/until.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { problemOf, startApi, TOKEN } from '../../support/start-api.ts'
import type { LogView } from '../../../src/model/generated/api-log.ts'
import type { MeshEvent } from '../../../src/model/generated/api-event.ts'

const RUNNING = buildJobView({ state: 'running' })
const EVENTS = '/v1/events'
const LOGS = `/v1/jobs/${RUNNING.id}/logs?follow=true`

interface Frame {
  id: string
  event: string
  data: unknown
}

function framesOf(text: string): Frame[] {
  return text
    .split('\n\n')
    .filter((part) => part !== '' && !part.startsWith(':'))
    .map((part) => {
      const fields = Object.fromEntries(
        part.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(' ') + 1)])
      )
      const { id = '', event = '', data = 'null' } = fields as Record<string, string>
      return { id, event, data: JSON.parse(data) as unknown }
    })
}

function resuming(lastId: string): RequestInit {
  return { headers: { authorization: `Bearer ${TOKEN}`, 'last-event-id': lastId } }
}

/** A reader that reads until the server is stopped. */
async function readAll(
  api: Awaited<ReturnType<typeof startApi>>,
  response: Response
): Promise<Frame[]> {
  await api.server.stop()
  return framesOf(await response.text())
}

test('nobody but the owner takes the streams of all others, and what is closed is free again', async () => {
  const api = await startApi()
  const { token } = api.services.tokens.create({ name: 'greedy', scope: 'read' })
  const leaving = new AbortController()
  const ask = (signal?: AbortSignal): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}` }
    return api.call(EVENTS, { headers, ...(signal && { signal }) })
  }
  await ask(leaving.signal)
  const others = Array.from({ length: LIMITS.eventStreamsPerCallerMax - 1 }, () => ask())
  expect((await Promise.all(others)).every(({ status }) => status === 200)).toBe(true)
  expect(await problemOf(await ask())).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
  expect((await api.call(EVENTS)).status).toBe(200)
  leaving.abort()
  await until(
    'a place is free',
    async () => (await ask()).status,
    (status) => status === 200
  )
})

describe('events', () => {
  test('each comes with its number', async () => {
    const api = await startApi()
    const response = await api.call(EVENTS)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    api.services.emit(buildJobEvent())
    api.services.emit(buildPeerEvent())
    const frames = await readAll(api, response)
    frames.forEach(({ data }) => validatorFor('api/event')(data))
    expect(frames.map(({ id, data }) => [id, (data as MeshEvent).type])).toEqual([
      ['1', 'job:changed'],
      ['2', 'peer:connected']
    ])
    await expect.poll(() => api.services.watcherCount).toBe(0)
  })

  test('those of one job, by any beginning of its id', async () => {
    const api = await startApi()
    const response = await api.call(`${EVENTS}?job=j-7`)
    api.services.emit(buildJobEvent({ job_id: 'j-other' }))
    api.services.emit(buildJobEvent({ job_id: RUNNING.id }))
    expect((await readAll(api, response)).map(({ id }) => id)).toEqual(['2'])
    expect(api.services.calls).toEqual([['watch', { jobId: RUNNING.id }]])
  })

  test('those of some types or kinds, and gaps in any case', async () => {
    const api = await startApi()
    const response = await api.call(`${EVENTS}?types=peer&types=job:ended`)
    for (const type of ['job:changed', 'peer:measured', 'gap', 'node:left', 'job:ended'] as const) {
      api.services.emit({ at_ms: 1, type })
    }
    const types = (await readAll(api, response)).map(({ data }) => (data as MeshEvent).type)
    expect(types).toEqual(['peer:measured', 'gap', 'job:ended'])
  })

  test('a reader goes on after the last one that it has seen', async () => {
    const api = await startApi()
    for (let count = 0; count < 4; count += 1) api.services.emit(buildJobEvent())
    const byQuery = await api.call(`${EVENTS}?after=2`)
    const byHeader = await api.call(`${EVENTS}?after=1`, resuming('3'))
    expect((await readAll(api, byQuery)).map(({ id }) => id)).toEqual(['3', '4'])
    expect(framesOf(await byHeader.text()).map(({ id }) => id)).toEqual(['4'])
  })

  test.each([
    ['after=-1', 'after'],
    ['after=99999999999999999', 'after'],
    ['types=jobs', 'types'],
    ['jb=1', 'jb']
  ])('?%s is refused', async (query, path) => {
    const { call } = await startApi()
    expect(await problemOf(await call(`${EVENTS}?${query}`))).toMatchObject({ path })
  })

  test('so are a last event id that is no number, and an unknown job', async () => {
    const { call } = await startApi()
    expect(await problemOf(await call(EVENTS, resuming('2:7')))).toMatchObject({
      path: 'last-event-id'
    })
    expect((await call(`${EVENTS}?job=j-none`)).status).toBe(404)
  })
})

const part = (from: number, ...texts: string[]): LogView =>
  buildLog({
    from,
    entries: texts.map((text, index) => ({ ms: index, stream: 'out', text })),
    is_complete: false
  })

const textsOf = (frames: Frame[]): string[] =>
  frames.flatMap(({ data }) => ((data as LogView).entries ?? []).map(({ text }) => text))

describe('logs', () => {
  test('what is there comes first, then what is written, then the end', async () => {
    const { call, services } = await startApi()
    services.logView = part(0, 'one\n')
    const response = await call(LOGS)
    services.writeLog(part(1, 'two\n'))
    services.endLogs()
    const frames = framesOf(await response.text())
    frames.slice(0, -1).forEach(({ data }) => validatorFor('api/log')(data))
    expect(textsOf(frames)).toEqual(['one\n', 'two\n'])
    expect(frames.map(({ id, event }) => [id, event])).toEqual([
      ['1:1', ''],
      ['1:2', ''],
      ['', 'end']
    ])
    await expect.poll(() => services.followerCount).toBe(0)
  })

  test('the last lines of what is there, and of one stream', async () => {
    const { call, services } = await startApi()
    services.logView = part(0, 'a\nb\n', 'c\n')
    const tail = await call(`${LOGS}&tail=2`)
    const errors = await call(`${LOGS}&stream=err`)
    services.writeLog(part(2, 'd\ne\nf\n'))
    services.endLogs()
    expect(textsOf(framesOf(await tail.text()))).toEqual(['b\n', 'c\n', 'd\ne\nf\n'])
    expect(textsOf(framesOf(await errors.text()))).toEqual([])
  })

  test('a reader that comes again gets what it has not seen, the rest of an older attempt too', async () => {
    const { call, services } = await startApi()
    services.logView = part(0, 'a', 'b', 'c')
    const same = await call(`${LOGS}&tail=1`, resuming('1:1'))
    services.writeLog(part(3, 'd'))
    services.jobs.log = async () => ({ ...part(0, 'old 1', 'old 2'), is_complete: true })
    services.logView = { ...part(0, 'new'), attempt: 2 }
    const older = await call(LOGS, resuming('1:1'))
    services.endLogs()
    expect(textsOf(framesOf(await same.text()))).toEqual(['b', 'c', 'd'])
    expect(textsOf(framesOf(await older.text()))).toEqual(['old 2', 'new'])
  })

  test.each([
    ['tail=x', 'tail'],
    ['stream=both', 'stream'],
    ['follow=yes', 'follow'],
    ['attempt=0', 'attempt']
  ])('?%s is refused', async (query, path) => {
    const { call } = await startApi()
    const response = await call(`/v1/jobs/${RUNNING.id}/logs?${query}`)
    expect(await problemOf(response)).toMatchObject({ path })
  })

  test('so is a place that is none in a log', async () => {
    const { call } = await startApi()
    expect(await problemOf(await call(LOGS, resuming('17')))).toMatchObject({
      path: 'last-event-id'
    })
  })
})

test('a heartbeat comes every 15 seconds, from one timer that ends with the last stream', async () => {
  const clock = new FakeClock()
  const api = await startApi({}, { clock })
  const response = await api.call(EVENTS)
  await api.call(EVENTS)
  expect(clock.timerCount).toBe(1)
  clock.advance(30_000)
  const stopped = api.server.stop()
  expect((await response.text()).match(/^: alive$/gm)).toHaveLength(2)
  await stopped
  expect(clock.timerCount).toBe(0)
})

test('above the limit of streams, a reader is told to come later', async () => {
  const { call } = await startApi({ streamsMax: 2 })
  const open = await Promise.all([call(EVENTS), call(LOGS)])
  const refused = await call(EVENTS)
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await problemOf(refused)).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true })
  await open[1].body?.cancel()
  await expect.poll(async () => (await call(EVENTS)).status).toBe(200)
})

test('streams that could not open give their places back', async () => {
  const { call, services } = await startApi({ streamsMax: 1 })
  for (let index = 0; index < 3; index += 1) {
    services.failure = new Error('no log')
    // oxlint-disable-next-line no-await-in-loop
    expect((await call(LOGS)).status).toBe(500)
  }
})

/** A reader that stands still until it is resumed. */
function slowReader(port: number, path: string): { text: () => string; resume: () => void } {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let received = ''
  socket.on('error', () => undefined).on('data', (chunk) => (received += chunk.toString()))
  socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`)
  return { text: () => received, resume: () => void socket.resume() }
}

test('a reader that is too slow loses its stream, not single events, and costs a bounded number', async () => {
  const clock = new FakeClock()
  const { port, services } = await startApi({}, { clock })
  const [late, gone] = [slowReader(port, EVENTS), slowReader(port, EVENTS)]
  await expect.poll(() => services.watcherCount).toBe(2)
  const event = buildJobEvent({ text: 'x'.repeat(500) })
  for (let count = 0; count < 40_000; count += 1) {
    services.emit(event)
    // oxlint-disable-next-line no-await-in-loop
    if (count % 1_000 === 0) await new Promise((resolve) => void setImmediate(resolve))
  }
  late.resume()
  await expect.poll(() => services.watcherCount, { timeout: 10_000 }).toBe(1)
  const numbers = [...late.text().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
  expect(numbers.length).toBeLessThan(40_000)
  expect(numbers).toEqual(numbers.map((_number, index) => index + 1))
  expect(late.text()).not.toContain('event: end')
  // Whoever takes nothing at all is dropped after a while.
  clock.advance(60_000)
  gone.resume()
  await expect.poll(() => services.watcherCount).toBe(0)
})

test('what a reader asked for is not held against it', async () => {
  const api = await startApi()
  for (let count = 0; count < 10_000; count += 1) api.services.emit(buildJobEvent())
  const response = await api.call(`${EVENTS}?after=0`)
  for (let count = 0; count < 1_000; count += 1) api.services.emit(buildJobEvent())
  const frames: Frame[] = []
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    if (text.includes('id: 11000\n') && text.endsWith('\n\n')) break
  }
  frames.push(...framesOf(text))
  expect(frames).toHaveLength(11_000)
})

test('stopping ends streams and waiting callers, within its bound, and twice', async () => {
  const { call, server, services } = await startApi()
  services.jobsById.set(RUNNING.id, RUNNING)
  const stream = await call(EVENTS)
  services.emit(buildJobEvent())
  const waiting = call(`/v1/jobs/${RUNNING.id}/wait?timeout=5m`)
  await expect.poll(() => services.waiterCount).toBe(1)
  const startedAt = performance.now()
  await Promise.all([server.stop(), server.stop()])
  await server.stop()
  expect(performance.now() - startedAt).toBeLessThan(1_500)
  const frames = framesOf(await stream.text())
  expect(frames.map(({ event, id }) => [event, id])).toEqual([['', '1']])
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
