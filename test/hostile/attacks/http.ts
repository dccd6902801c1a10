/** The router's API, by those without a token and by those whose token is for less. */
import { connect } from 'node:net'
import { randomBytes } from 'node:crypto'
import { makeManifest, writeManifest } from '../../../src/files/content/manifest.ts'
import { checkPlan } from '../../../src/files/content/manifest-reading.ts'
import type { Attack, Stage } from '../attack.ts'
import type { Socket } from 'node:net'

const DEEP = 100_000
const SLOW_MS = 1_000
const ANSWER_MS = 8_000
const TEBIBYTE = 1_024 ** 4
const HASH_BYTES = 32
const WORDS = [
  '%00',
  '%1b%5b31m',
  '%0a%7b%22level%22:60%7d',
  '__proto__',
  'constructor',
  '%e2%80%ae',
  '..%2f..'
]

/** What is written is the attacker's own; what comes back is only counted by its status. */
function open(stage: Stage): Socket {
  const { hold, tally } = stage
  const { hostname, port } = new URL(stage.api.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', (cause) => tally.failed(cause))
  socket.on('close', () => tally.got('closed'))
  socket.on('data', (chunk) => {
    for (const [, status] of String(chunk).matchAll(/HTTP\/1\.1 (\d{3}) /g)) tally.got(status ?? '')
  })
  hold(() => socket.destroy())
  return socket
}

function write(stage: Stage, socket: Socket, text: string): void {
  stage.tally.sent(text.length)
  socket.write(text)
}

function slowly(stage: Stage, socket: Socket, text: string): void {
  let index = 0
  const timer = setInterval(() => {
    if (socket.destroyed || index >= text.length) return clearInterval(timer)
    write(stage, socket, text.slice(index, (index += 1)))
  }, SLOW_MS)
  stage.signal.addEventListener('abort', () => clearInterval(timer))
}

function head(line: string, ...headers: string[]): string {
  return `${[`${line} HTTP/1.1`, 'host: 127.0.0.1', ...headers].join('\r\n')}\r\n\r\n`
}

async function call(
  { api, tally }: Stage,
  path: string,
  {
    headers,
    token,
    ...init
  }: Omit<RequestInit, 'headers'> & {
    headers?: Record<string, string>
    token?: string
  } = {}
): Promise<Response> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  tally.sent(path.length + (typeof init.body === 'string' ? init.body.length : 0))
  const response = await fetch(api.url + path, {
    ...init,
    headers: { 'content-type': 'application/json', ...authorization, ...headers },
    signal: AbortSignal.timeout(ANSWER_MS)
  })
  tally.got(String(response.status))
  return response
}

async function callAndForget(...words: Parameters<typeof call>): Promise<void> {
  const response = await call(...words)
  await response.body?.cancel()
}

export const HTTP_ATTACKS: readonly Attack[] = [
  {
    name: 'http-slow',
    who: 'http',
    what: 'headers and bodies of a byte a second',
    perSecond: 10,
    heldMax: 500,
    step: async (stage) => {
      const socket = open(stage)
      const auth = `authorization: Bearer ${stage.api.submitToken}`
      const isBody = stage.step % 2 === 0
      if (!isBody)
        return slowly(stage, socket, head('GET /v1/jobs', auth, 'x-long: '.padEnd(500, 'x')))
      write(
        stage,
        socket,
        head('POST /v1/jobs', auth, 'content-type: application/json', 'content-length: 900')
      )
      slowly(stage, socket, '{"name":"hostile-slow"'.padEnd(900, ' '))
    }
  },
  {
    name: 'http-idle',
    who: 'http',
    what: 'connections that say nothing',
    perSecond: 50,
    heldMax: 2_000,
    step: async (stage) => void open(stage)
  },
  {
    name: 'http-garbage',
    who: 'http',
    what: 'no HTTP, two lengths, chunks without end, headers of a megabyte, a thousand requests at once',
    perSecond: 10,
    step: async (stage) => {
      const chunked = head('POST /v1/jobs', 'transfer-encoding: chunked')
      const texts = [
        randomBytes(10_000).toString('latin1'),
        head('GET /v1/jobs', `x-long: ${'x'.repeat(1_000_000)}`),
        head('GET /v1/jobs', ...Array.from({ length: 5_000 }, (_, index) => `x-${index}: 1`)),
        `${head('POST /v1/jobs', 'content-length: 5', 'content-length: 50')}hello`,
        `${head('POST /v1/jobs', 'content-length: 5', 'transfer-encoding: chunked')}0\r\n\r\n`,
        `${chunked}FFFFFFFFFFFFFFFF\r\n`,
        chunked + '1\r\na\r\n'.repeat(10_000),
        head(`GET /${'a'.repeat(100_000)}`),
        head('GET /v1/health').repeat(1_000)
      ]
      write(stage, open(stage), texts[stage.step % texts.length] ?? '')
    }
  },
  {
    name: 'http-no-token',
    who: 'http',
    what: 'every sort of request without a token or with wrong ones',
    perSecond: 30,
    step: async (stage) => {
      const token = stage.step % 2 === 0 ? undefined : `taskmesh-abcdefgh-${'a'.repeat(43)}`
      const body = '['.repeat(DEEP)
      const path = ['/v1/jobs', '/v1/tokens', '/v1/store/backup', '/v1/files'][stage.step % 4] ?? ''
      await callAndForget(stage, path, {
        method: 'POST',
        body,
        ...(token === undefined ? {} : { token })
      })
    }
  },
  {
    name: 'http-read-token',
    who: 'http',
    what: 'what a token for reading may not do',
    perSecond: 30,
    step: async (stage) => {
      const peer = stage.targets[2]?.peer ?? ''
      const tries: [string, string, object][] = [
        ['POST', '/v1/jobs', { task: { engine: 'builtin', name: 'echo' } }],
        ['POST', `/v1/nodes/${peer}/availability`, { availability: 'closed' }],
        ['POST', '/v1/tokens', { name: 'me', scope: 'operate' }],
        ['POST', '/v1/store/backup', { file: 'stolen.db' }],
        ['DELETE', `/v1/files/${stage.files[0] ?? ''}`, {}]
      ]
      const [method, path, body] = tries[stage.step % tries.length] ?? ['GET', '/', {}]
      await callAndForget(stage, path, {
        method,
        body: JSON.stringify(body),
        token: stage.api.readToken
      })
    }
  },
  {
    name: 'http-bombs',
    who: 'http',
    what: 'bodies that are deep, wide, polluted, compressed, `each` over a large shared input',
    perSecond: 3,
    step: async (stage) => {
      const task = {
        engine: 'javascript',
        source: 'function main () {}',
        input: 'x'.repeat(900_000)
      }
      const each = Array.from({ length: 20_000 }, () => ({}))
      const bodies = [
        '['.repeat(DEEP),
        `{"task":${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}}`,
        `{"each":[${'{},'.repeat(DEEP)}{}]}`,
        '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{}},"task":{"engine":"__proto__"}}',
        JSON.stringify({ name: 'hostile-each', task, each, where: { require: ['nowhere = yes'] } }),
        JSON.stringify({ name: 'hostile\u001b[31m\n', task: { engine: 'builtin', name: 'a\nb' } })
      ]
      const encoding = stage.step % 2 === 0 ? {} : { 'content-encoding': 'gzip' }
      const body = bodies[stage.step % bodies.length] ?? ''
      await callAndForget(stage, '/v1/jobs', {
        method: 'POST',
        body,
        headers: encoding,
        token: stage.api.submitToken
      })
    }
  },
  {
    name: 'http-uploads',
    who: 'http',
    what: 'files that are announced and never handed in, a manifest of one tebibyte, pieces that are others',
    perSecond: 10,
    step: async (stage) => {
      const token = stage.api.submitToken
      const pieceBytes = 16 * 1_024 * 1_024
      const isHuge = stage.step % 2 === 0
      const plan = checkPlan(isHuge ? TEBIBYTE : pieceBytes, pieceBytes)
      const manifest = writeManifest(makeManifest(plan, randomBytes(plan.count * HASH_BYTES)))
      const body = JSON.stringify({ manifest, name: '../\u001b[31m\n' })
      await callAndForget(stage, '/v1/files', { method: 'POST', body, token })
      await callAndForget(stage, `/v1/files/${manifest.id}/pieces/0`, {
        method: 'PUT',
        body: randomBytes(10_000),
        headers: { 'content-type': 'application/octet-stream' },
        token
      })
    }
  },
  {
    name: 'http-never-read',
    who: 'http',
    what: 'event streams, logs, lists and files that nobody reads',
    perSecond: 20,
    heldMax: 600,
    step: async (stage) => {
      const socket = open(stage)
      socket.pause()
      const auth = `authorization: Bearer ${stage.api.readToken}`
      const file = stage.files[stage.step % stage.files.length] ?? ''
      const paths = [
        '/v1/events?after=0',
        '/v1/events',
        '/v1/jobs?limit=1000',
        `/v1/files/${file}/content`
      ]
      const path = paths[stage.step % paths.length] ?? ''
      const text = head(`GET ${path}`, auth, 'accept: text/event-stream, */*')
      write(stage, socket, path.includes('limit') ? text.repeat(50) : text)
    }
  },
  {
    name: 'http-ranges',
    who: 'http',
    what: 'ranges of files: thousands, backwards, overlapping, beyond the end',
    perSecond: 20,
    step: async (stage) => {
      const many = Array.from({ length: 1_000 }, (_, index) => `${index}-`).join(',')
      const ranges = [
        '0-0,'.repeat(500),
        many,
        '9-1',
        '-0',
        '99999999999999999999-',
        '0-99999999999999'
      ]
      const headers = { range: `bytes=${ranges[stage.step % ranges.length]}` }
      const file = stage.files[stage.step % stage.files.length] ?? ''
      await callAndForget(stage, `/v1/files/${file}/content`, {
        headers,
        token: stage.api.readToken
      })
    }
  },
  {
    name: 'http-waits',
    who: 'http',
    what: 'long waits and lists by the hundred, with a token for reading',
    perSecond: 20,
    heldMax: 500,
    step: async (stage) => {
      const auth = `authorization: Bearer ${stage.api.readToken}`
      const paths = [
        '/v1/jobs?limit=1000',
        '/v1/decisions?limit=1000',
        '/v1/reputation',
        '/v1/jobs/0/wait?timeout=60s'
      ]
      write(stage, open(stage), head(`GET ${paths[stage.step % paths.length]}`, auth))
    }
  },
  {
    name: 'http-words',
    who: 'http',
    what: 'control characters and names of prototypes in paths, queries and headers',
    perSecond: 20,
    step: async (stage) => {
      const word = WORDS[stage.step % WORDS.length] ?? ''
      const headers = {
        'idempotency-key': decodeURIComponent(word)
          .slice(0, 9)
          .replaceAll(/[^\x20-\x7e]/g, '_')
      }
      const token = stage.api.readToken
      const path =
        [`/v1/jobs/${word}`, `/v1/${word}`, `/v1/jobs?state=${word}`, `/v1/nodes/${word}`][
          stage.step % 4
        ] ?? ''
      await callAndForget(stage, path, { headers, token })
    }
  }
]
