/** Bytes of files: handed in piece by piece after the file was announced, and given out, whole or a stretch of it. */
import { Readable } from 'node:stream'
import { MeshError } from '../../core/errors.ts'
import { OPERATIONS } from '../operations.ts'
import { FileReaders, endOf } from './file-readers.ts'
import { readRange } from './byte-range.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { FileReading } from '../services.ts'
import type { RouteContext } from './context.ts'

const PART_OF = 206
const NOT_MODIFIED = 304
const UNSATISFIABLE = 416

export function addFileByteRoutes(app: FastifyInstance, context: RouteContext<'files'>): void {
  const { files } = context.services
  serve(app, context, OPERATIONS.announceFile, async ({ body, reply }) => {
    const upload = await files.announce(body)
    return reply
      .code(upload.complete ? 200 : 201)
      .header('location', `/v1/files/${upload.id}`)
      .send(upload)
  })
  addPieceRoute(app, context)
  addContentRoute(app, context)
}

/** In a scope of its own, where a body is a stream of bytes, whatever it says it is; no longer than a piece. */
function addPieceRoute(app: FastifyInstance, context: RouteContext<'files'>): void {
  const { files } = context.services
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    serve(scope, context, OPERATIONS.putPiece, async ({ parameter, reply, request }) => {
      const index = readIndex(parameter('index'))
      await files.putPiece(parameter('id'), index, request.raw)
      return reply.code(204).send()
    })
  })
}

function addContentRoute(app: FastifyInstance, context: RouteContext<'files'>): void {
  const { services, stopping } = context
  const readers = new FileReaders()
  serve(app, context, OPERATIONS.readFile, async ({ parameter, reply, request }) => {
    readers.take(reply)
    const signal = AbortSignal.any([stopping, endOf(reply)])
    const file = await services.files.open(parameter('id'), { signal })
    reply.headers({
      'accept-ranges': 'bytes',
      'content-disposition': dispositionOf(file.name),
      'content-type': 'application/octet-stream',
      // The same id is always the same bytes.
      etag: tagOf(file.id)
    })
    if (isKnown(request.headers['if-none-match'], file.id)) return reply.code(NOT_MODIFIED).send()
    return sendContent(reply, file, request)
  })
}

function sendContent(
  reply: FastifyReply,
  file: FileReading,
  { headers, method }: Pick<FastifyRequest, 'headers' | 'method'>
): FastifyReply {
  const { sizeBytes } = file
  const { 'if-range': ifRange, range } = headers
  const isSame = ifRange === undefined || ifRange === tagOf(file.id)
  const wanted = isSame ? readRange(range, sizeBytes) : undefined
  if (wanted === 'unsatisfiable') {
    reply.header('content-range', `bytes */${sizeBytes}`).header('content-length', 0)
    return reply.code(UNSATISFIABLE).send('')
  }
  const { first, last } = wanted ?? { first: 0, last: sizeBytes - 1 }
  if (wanted !== undefined) {
    reply.code(PART_OF).header('content-range', `bytes ${first}-${last}/${sizeBytes}`)
  }
  reply.header('content-length', last + 1 - first)
  // Nothing is fetched of which only the length is wanted.
  if (method === 'HEAD') return reply.send('')
  // A piece at a time: what waits to be sent is not read twice.
  return reply.send(
    Readable.from(file.read({ first, last }), { highWaterMark: 1, objectMode: true })
  )
}

function tagOf(id: string): string {
  return `"${id}"`
}

/** Whether the asker has one of these already (RFC 9110, 13.1.2). */
function isKnown(ifNoneMatch: string | undefined, id: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(tagOf(id))
}

/** @throws MeshError FIELD_INVALID */
function readIndex(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new MeshError('FIELD_INVALID', 'the path names no piece', {
    path: 'index',
    hint: 'pieces are counted from 0'
  })
}

/** As RFC 6266 has it: for old programs without what they might misread, for others as it is. */
function dispositionOf(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')
  const exact = encodeURIComponent(name).replaceAll(/['()*]/g, percent)
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`
}

function percent(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`
}
