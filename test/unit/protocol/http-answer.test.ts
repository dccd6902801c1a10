/** Answers in HTTP/1.1 as they come off a stream, in any pieces: whole ones, and those that are none. */
import { expect, test } from 'vitest'
import { ByteSource } from '../../../src/protocol/http/byte-source.ts'
import { readBody, readHead } from '../../../src/protocol/http/answer.ts'
import type { Stream } from '@libp2p/interface'

/** A stream that says all it has to say in pieces of so many letters, and ends. */
function streamOf(text: string, pieceLetters: number): Stream {
  const stream = new EventTarget() as unknown as Stream
  Object.assign(stream, { status: 'open', readStatus: 'readable', remoteWriteStatus: 'writable' })
  queueMicrotask(() => {
    for (let at = 0; at < text.length; at += pieceLetters) {
      const data = Buffer.from(text.slice(at, at + pieceLetters), 'latin1')
      stream.dispatchEvent(Object.assign(new Event('message'), { data }))
    }
    stream.dispatchEvent(new Event('remoteCloseWrite'))
    stream.dispatchEvent(new Event('end'))
  })
  return stream
}

async function read(text: string, pieceLetters = 7, method = 'GET'): Promise<[number, string]> {
  const source = new ByteSource(streamOf(text, pieceLetters))
  const head = await readHead(source, method)
  const parts: Uint8Array[] = []
  for await (const part of readBody(source, head)) parts.push(part)
  return [head.status, Buffer.concat(parts).toString()]
}

const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n, my world\r\n0\r\nx-end: 1\r\n\r\n'

test.each([1, 2, 3, 7, 1_000])('whole ones, in pieces of %i', async (letters) => {
  expect(await read(CHUNKED, letters)).toEqual([200, 'hello, my world'])
  const plain = 'HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnone'
  expect(await read(plain, letters)).toEqual([404, 'none'])
})

test('what comes before the answer is passed over, and some have no body', async () => {
  const early = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'
  expect(await read(early)).toEqual([204, ''])
  expect(await read('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n', 7, 'HEAD')).toEqual([200, ''])
})

test.each([
  ['no HTTP', 'SSH-2.0-x\r\n\r\n', 'RESPONSE_INVALID'],
  ['a body without an end', 'HTTP/1.1 200 OK\r\n\r\nsome', 'RESPONSE_INVALID'],
  [
    'two ends',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
    'RESPONSE_INVALID'
  ],
  ['another encoding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nab', 'RESPONSE_INVALID'],
  ['a header that is none', 'HTTP/1.1 200 OK\r\nno header\r\n\r\n', 'RESPONSE_INVALID'],
  [
    'a head without end',
    `HTTP/1.1 200 OK\r\n${'x-y: zzzzzzzz\r\n'.repeat(2_000)}\r\n`,
    'RESPONSE_INVALID'
  ],
  ['a line without end', `HTTP/1.1 200 ${'O'.repeat(20_000)}`, 'RESPONSE_INVALID'],
  ['a chunk without length', CHUNKED.replace('5;x=y', 'g'), 'RESPONSE_INVALID'],
  ['a chunk that is longer', CHUNKED.replace('5;x=y', '4'), 'RESPONSE_INVALID'],
  [
    'trailers without end',
    CHUNKED.replace('x-end: 1', `${'x: yyyyyyyyy\r\n'.repeat(2_000)}z: 1`),
    'RESPONSE_INVALID'
  ],
  ['a head that is cut off', 'HTTP/1.1 200 OK\r\ncontent-le', 'SESSION_CLOSED'],
  ['a body that is cut off', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', 'SESSION_CLOSED'],
  ['chunks that are cut off', CHUNKED.slice(0, -8), 'SESSION_CLOSED']
])('%s', async (_what, text, code) => {
  await expect(read(text, 100)).rejects.toMatchObject({ code })
})
