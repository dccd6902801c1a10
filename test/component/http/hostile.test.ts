/** What strangers do to an open port: garbage, half requests, slow ones, many. The server goes on serving. */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { startApi, TOKEN } from '../../support/start-api.ts'
import type { Socket } from 'node:net'

/** A body need not end with a line. */
const ANSWER = /HTTP\/1\.1 (\d{3}) /g

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  return socket
}

test.each([
  ['random bytes', randomBytes(10_000)],
  ['zeros', Buffer.alloc(1_000)],
  ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
  ['a libp2p hello', '\u0013/multistream/1.0.0\n'],
  ['no such method', 'FOO /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'],
  ['no such version', 'GET / HTTP/9.9\r\n\r\n'],
  [
    'two lengths',
    'POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}'
  ],
  [
    'length and chunks',
    'POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
  ],
  ['endless headers', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(40_000)}`],
  ['an endless path', `GET /${'y'.repeat(40_000)}`]
])('%s: refused with a problem, and the next request is served', async (_name, bytes) => {
  const { raw, call } = await startApi()
  const answer = await raw(bytes)
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
  expect(answer).toContain('application/problem+json')
  expect(answer).toContain('urn:taskmesh:error:')
  expect((await call('/v1/health')).status).toBe(200)
})

test('requests on one connection that do not wait for their answers: a few are answered, the rest refused', async () => {
  const { port, call } = await startApi()
  const count = 50
  const socket = open(port)
  let text = ''
  const answers = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      text += String(chunk)
      if (text.match(ANSWER)?.length === count) resolve()
    })
  })
  socket.write('GET /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(count))
  await answers
  const statuses = [...text.matchAll(ANSWER)].map(([, status]) => status)
  expect(statuses.slice(0, LIMITS.apiPipelinedMax)).not.toContain('429')
  expect(statuses.filter((status) => status === '429')).toHaveLength(count - LIMITS.apiPipelinedMax)
  expect((await call('/v1/health')).status).toBe(200)
})

test('a hundred connections of noise, cut off at any point', async () => {
  const { port, call } = await startApi()
  const request = `POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json\r\ncontent-length: 40\r\n\r\n{"task":{}}`
  await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const socket = open(port)
      const part = request.slice(0, 1 + ((index * 37) % request.length))
      await new Promise<void>((resolve) => {
        socket.write(index % 3 === 0 ? randomBytes(index + 1) : part, () => resolve())
      })
      if (index % 2 === 0) socket.resetAndDestroy()
      else socket.end()
    })
  )
  expect((await call('/v1/health')).status).toBe(200)
})

test('headers and bodies that trickle in are cut off', async () => {
  const { raw, call } = await startApi({ headersTimeoutMs: 300, requestTimeoutMs: 600 })
  const [headers, body] = await Promise.all([
    raw('GET /v1/health HTTP/1.1\r\nhost: local'),
    raw(
      `POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKEN}\r\n` +
        'content-type: application/json\r\ncontent-length: 100\r\n\r\n{'
    )
  ])
  expect(headers).toContain('REQUEST_TIMED_OUT')
  expect(body).toContain('REQUEST_TIMED_OUT')
  expect((await call('/v1/health')).status).toBe(200)
})

test('a connection that stands still is closed', async () => {
  const { port } = await startApi({ idleTimeoutMs: 200 })
  const socket = open(port)
  await new Promise((resolve) => void socket.once('close', resolve))
  expect(socket.bytesRead).toBe(0)
})

test('connections above the limit are dropped, and there is room again when others close', async () => {
  const { port, call } = await startApi({ connectionsMax: 5 })
  const sockets = Array.from({ length: 5 }, () => open(port))
  await Promise.all(
    sockets.map((socket) => new Promise((resolve) => void socket.once('connect', resolve)))
  )
  await expect.poll(async () => call('/v1/health').catch(() => 'dropped')).toBe('dropped')
  for (const socket of sockets) socket.destroy()
  await expect.poll(async () => (await call('/v1/health').catch(() => undefined))?.status).toBe(200)
})
