/** The client's own decisions, with a fetch and a clock of the test: slices, back-off, silence, bounds. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ApiClient } from '../../../src/client/api-client.ts'
import { BACKOFF, Backoff } from '../../../src/client/api-backoff.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { buildJobView } from '../../support/fake-api-services.ts'
import { FakeClock } from '../../support/fake-clock.ts'

type Answer = (url: URL, init: RequestInit) => Response | Promise<Response>

const HEALTH = { status: 'ok' }

/** A client whose requests are answered in turn; the last answer stands for all further ones. */
function clientOf(...answers: Answer[]): {
  client: ApiClient
  clock: FakeClock
  urls: string[]
  inits: RequestInit[]
} {
  const clock = new FakeClock()
  const urls: string[] = []
  const inits: RequestInit[] = []
  const fetch = async (url: URL, init: RequestInit): Promise<Response> => {
    const answer = answers[Math.min(urls.length, answers.length - 1)] as Answer
    urls.push(url.href)
    inits.push(init)
    return answer(url, init)
  }
  const client = new ApiClient(
    { url: 'http://router:1/', token: 't' },
    { fetch: fetch as typeof globalThis.fetch, clock, random: seededRandom(1) }
  )
  return { client, clock, urls, inits }
}

const refuse: Answer = () => {
  throw new TypeError('fetch failed', {
    cause: Object.assign(new Error(''), { code: 'ECONNREFUSED' })
  })
}

const silent: Answer = (_url, { signal }) =>
  new Response(
    new ReadableStream({
      start(controller) {
        signal?.addEventListener('abort', () => controller.error(signal.reason))
      }
    })
  )

const lastEvent: Answer = () =>
  new Response('id: 7\ndata: {"number":7}\n\nevent: end\ndata: {}\n\n')

/** The connection was there, and broke. */
const cutOff: Answer = () => {
  throw new TypeError('fetch failed', {
    cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' })
  })
}

function headerOf(init: RequestInit | undefined, name: string): string | undefined {
  return (init?.headers as Record<string, string> | undefined)?.[name]
}

/** Lets promises settle, then moves the time on, until `work` is done. */
async function runThrough<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  const progress = { isDone: false }
  const done = work.finally(() => (progress.isDone = true))
  done.catch(() => undefined)
  while (!progress.isDone) {
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => void setImmediate(resolve))
    clock.advance(500)
  }
  return done
}

const RUNNING = buildJobView({ state: 'running' })

test('a long wait is asked for in slices of a minute', async () => {
  const context: { clock?: FakeClock } = {}
  const answer: Answer = (url) => {
    context.clock?.advance(Number.parseInt(url.searchParams.get('timeout') ?? '', 10))
    return Response.json(RUNNING)
  }
  const { client, clock, urls } = clientOf(answer)
  context.clock = clock
  expect(await client.wait('j-1', { timeoutMs: 150_000 })).toEqual(RUNNING)
  expect(urls.map((url) => new URL(url).searchParams.get('timeout'))).toEqual([
    '60000ms',
    '60000ms',
    '30000ms'
  ])
})

test('a router that answers a wait too early is not asked in a tight loop', async () => {
  const { client, clock, urls } = clientOf(() => Response.json(RUNNING))
  await runThrough(clock, client.wait('j-1', { timeoutMs: 5_000 }))
  expect(urls.length).toBeLessThan(25)
})

test('a router that was never there is not waited for; one that was, is, but not for ever', async () => {
  const stranger = clientOf(refuse)
  await expect(stranger.client.wait('j-1')).rejects.toMatchObject({ code: 'API_UNREACHABLE' })
  expect(stranger.urls).toHaveLength(1)
  const known = clientOf(() => Response.json(HEALTH), refuse)
  await known.client.health()
  await expect(runThrough(known.clock, known.client.wait('j-1'))).rejects.toMatchObject({
    code: 'API_UNREACHABLE'
  })
  expect(known.urls).toHaveLength(1 + 1 + BACKOFF.pausesMax)
  expect(known.clock.monotonicMs()).toBeGreaterThan(120_000)
})

test('the time of a wait bounds its patience with an outage', async () => {
  const { client, clock } = clientOf(() => Response.json(HEALTH), refuse)
  await client.health()
  const waiting = client.wait('j-1', { timeoutMs: 5_000 })
  await expect(runThrough(clock, waiting)).rejects.toMatchObject({ code: 'API_UNREACHABLE' })
  expect(clock.monotonicMs()).toBeLessThan(20_000)
})

test('a wait ends when the job is held: nothing more comes by itself', async () => {
  const { client, urls } = clientOf(() => Response.json(buildJobView({ state: 'held' })))
  expect(await client.wait('j-1')).toMatchObject({ state: 'held' })
  expect(urls).toHaveLength(1)
})

test('a submission whose answer got lost is sent again with the same key', async () => {
  const full = Response.json(
    { code: 'QUEUE_FULL', detail: 'full', retryable: true },
    { status: 429, headers: { 'retry-after': '90' } }
  )
  const { client, clock, inits } = clientOf(
    cutOff,
    () => full,
    () => Response.json(RUNNING, { status: 200 })
  )
  const failures: string[] = []
  const submission = await runThrough(
    clock,
    client.handIn({}, { onPause: ({ code }) => void failures.push(code) })
  )
  expect(submission).toEqual({ jobs: [RUNNING], isNew: false })
  expect(failures).toEqual(['API_UNREACHABLE', 'QUEUE_FULL'])
  // As long as the router asked for, though pauses of our own are shorter.
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(90_000)
  const keys = inits.map((init) => headerOf(init, 'idempotency-key'))
  expect(keys[0]).toMatch(/^auto-j-/)
  expect(new Set(keys).size).toBe(1)
})

test('a submission that the router refuses, or that nobody takes, is not sent again', async () => {
  const problem = { code: 'FIELD_UNKNOWN', detail: 'no such field' }
  const refused = clientOf(() => Response.json(problem, { status: 400 }))
  await expect(refused.client.submit({})).rejects.toMatchObject({ code: 'FIELD_UNKNOWN' })
  const alone = clientOf(refuse)
  await expect(alone.client.submit({})).rejects.toMatchObject({ code: 'API_UNREACHABLE' })
  expect([refused.urls.length, alone.urls.length]).toEqual([1, 1])
})

test('a submission above the limit is refused before it is sent', async () => {
  const { client, urls } = clientOf(refuse)
  const document = { text: 'x'.repeat(LIMITS.submissionBytesMax) }
  await expect(client.submit(document)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
  expect(urls).toEqual([])
})

test('a router that never answers is given up in time', async () => {
  const { client, clock } = clientOf(() => new Promise(() => undefined))
  await expect(runThrough(clock, client.jobs())).rejects.toMatchObject({
    code: 'RESPONSE_TIMED_OUT'
  })
  expect(clock.timerCount).toBe(0)
})

test('a stream without even a heartbeat is opened again', async () => {
  const { client, clock, urls } = clientOf(silent, lastEvent)
  const next = await runThrough(clock, client.followLog('j-1').next())
  expect(next.value).toEqual({ number: 7 })
  expect(urls).toHaveLength(2)
  expect(clock.monotonicMs()).toBeGreaterThan(45_000)
})

const cut: Answer = () => new Response('id: 2:5\ndata: {"attempt":2}\n\ndata: {"half')

test('a stream that breaks off is opened again with the id of the last event', async () => {
  const { client, clock, inits } = clientOf(cut, lastEvent)
  const parts: unknown[] = []
  const reading = (async () => {
    for await (const part of client.followLog('j-1')) parts.push(part)
  })()
  await runThrough(clock, reading)
  expect(parts).toEqual([{ attempt: 2 }, { number: 7 }])
  expect(inits.map((init) => headerOf(init, 'last-event-id'))).toEqual([undefined, '2:5'])
})

test('events may be cut anywhere, between and within letters', async () => {
  const bytes = new TextEncoder().encode(
    ': alive\n\nid: 1\ndata: {"n":"ü🧮"}\r\n\r\ndata: {"n":2}\n\nevent: end\ndata: {}\n\n'
  )
  const pieces: Answer = () =>
    new Response(
      new ReadableStream({
        start(controller) {
          for (const byte of bytes) controller.enqueue(new Uint8Array([byte]))
          controller.close()
        }
      })
    )
  const { client } = clientOf(pieces)
  const events: unknown[] = []
  for await (const event of client.events()) events.push(event)
  expect(events).toEqual([{ n: 'ü🧮' }, { n: 2 }])
})

test.each([['data: no json\n\n'], [`data: ${'x'.repeat(2_000_000)}`]])(
  'a stream that is none of ours (%.20s) is refused, not retried',
  async (text) => {
    const { client, urls } = clientOf(() => new Response(text))
    await expect(client.events().next()).rejects.toMatchObject({ code: 'RESPONSE_INVALID' })
    expect(urls).toHaveLength(1)
  }
)

test('too many streams: told at once, not retried', async () => {
  const problem = { code: 'TOO_MANY_REQUESTS', detail: 'full', retryable: true }
  const { client } = clientOf(() => Response.json(problem, { status: 429 }))
  await expect(client.watch('j-1').next()).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
})

test('a code of a newer router is kept as its message', async () => {
  const problem = { code: 'BRAND_NEW', detail: 'something newer' }
  const { client } = clientOf(() => Response.json(problem, { status: 418 }))
  await expect(client.jobs()).rejects.toMatchObject({
    code: 'RESPONSE_INVALID',
    message: 'something newer'
  })
})

test.each([['ftp://x'], ['http://'], ['not an address']])('%s is no address', (url) => {
  expect(() => new ApiClient({ url })).toThrow('is not the address of an HTTP API')
})

test('pauses grow, are scattered between half and all, and end', async () => {
  const clock = new FakeClock()
  const backoff = new Backoff(clock, seededRandom(7))
  const failure = new Error('away')
  const delays: number[] = []
  for (let index = 0; index < BACKOFF.pausesMax; index += 1) {
    const startedMs = clock.monotonicMs()
    const pause = backoff.pause(failure).then(() => delays.push(clock.monotonicMs() - startedMs))
    while (clock.timerCount > 0) clock.advance(1)
    // oxlint-disable-next-line no-await-in-loop
    await pause
  }
  delays.forEach((delay, index) => {
    const fullMs = Math.min(BACKOFF.delayMsMin * 2 ** index, BACKOFF.delayMsMax)
    expect(delay).toBeGreaterThanOrEqual(fullMs / 2)
    expect(delay).toBeLessThanOrEqual(fullMs + 1)
  })
  await expect(backoff.pause(failure)).rejects.toBe(failure)
  backoff.reset()
  const again = backoff.pause(failure)
  clock.advance(BACKOFF.delayMsMin)
  await again
})

test('a program that only waits for its router stays alive for it', async () => {
  const module = new URL('../../../src/client/api-backoff.ts', import.meta.url).href
  const clock = new URL('../../../src/core/clock.ts', import.meta.url).href
  const script = `
    import { sleepAwake } from '${module}'
    import { systemClock } from '${clock}'
    await sleepAwake(systemClock, 200)
    console.log('awake')`
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    script
  ])
  expect(stdout).toBe('awake\n')
})
