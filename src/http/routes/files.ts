/** The files that the namespace offers: which there are, who has them, and what the router is to do with its copy. */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { validatorFor } from '../../model/validate.ts'
import { defined, duration, oneOf, readQuery, text } from '../query.ts'
import { endOf } from './file-readers.ts'
import { pageLimit, pathParameter } from './context.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { FileFetchRequest } from '../../model/generated/api-file-fetch.ts'
import type { FilePinRequest } from '../../model/generated/api-file-pin.ts'
import type { RouteContext } from './context.ts'

const REQUEST_BYTES_MAX = 65_536
/** Longer than any name may be. */
const NAME_LETTERS_MAX = LIMITS.filePathBytesMax

const LIST_QUERY = {
  name: text(),
  order: oneOf(['name', 'id'] as const),
  after: text(),
  limit: pageLimit()
}
const ENTRIES_QUERY = { after: text(), limit: pageLimit() }
const VERIFY_QUERY = { timeout: duration({ defaultMs: 30_000, max: '10m' }) }

const checkPin = validatorFor<FilePinRequest>('api/file-pin')
const checkFetch = validatorFor<FileFetchRequest>('api/file-fetch')

export function addFileRoutes(
  app: FastifyInstance,
  { services: { files }, stopping }: RouteContext
): void {
  const options = { bodyLimit: REQUEST_BYTES_MAX }

  app.get('/v1/files', async (request, reply) => {
    const { after, limit, name, order = 'name' } = readQuery(request.query, LIST_QUERY)
    const start = after === undefined ? {} : { after: readPlace(after) }
    const rows = files.list({ ...defined({ name }), ...start, order, limit })
    const last = rows.at(-1)
    if (last !== undefined && rows.length === limit) {
      const place = order === 'id' ? last.id : `${last.id}/${last.name}`
      const next = new URLSearchParams({
        ...defined({ name }),
        order,
        after: place,
        limit: `${limit}`
      })
      reply.header('link', `</v1/files?${next}>; rel="next"`)
    }
    return rows
  })

  app.get('/v1/files/:id', async (request) => {
    readQuery(request.query, {})
    return files.describe(pathParameter(request, 'id'))
  })

  app.get('/v1/files/:id/entries', async (request, reply) => {
    const { after, limit } = readQuery(request.query, ENTRIES_QUERY)
    const id = pathParameter(request, 'id')
    const signal = AbortSignal.any([stopping, endOf(reply)])
    const entries = await files.entries(id, { ...defined({ after }), limit }, { signal })
    const last = entries.at(-1)
    if (last !== undefined && entries.length === limit) {
      const next = new URLSearchParams({ after: last.path, limit: `${limit}` })
      reply.header('link', `</v1/files/${encodeURIComponent(id)}/entries?${next}>; rel="next"`)
    }
    return entries
  })

  app.post('/v1/files/:id/pin', options, async (request) =>
    files.pin(pathParameter(request, 'id'), checkPin(bodyOf(request)))
  )

  app.delete('/v1/files/:id/pin', options, async (request) => {
    readQuery(request.query, {})
    return files.unpin(pathParameter(request, 'id'))
  })

  app.post('/v1/files/:id/verify', options, async (request, reply) => {
    const { timeout: timeoutMs } = readQuery(request.query, VERIFY_QUERY)
    const signal = AbortSignal.any([stopping, endOf(reply)])
    const check = await files.verify(pathParameter(request, 'id'), { timeoutMs, signal })
    return reply.code(check.outcome === 'running' ? 202 : 200).send(check)
  })

  app.post('/v1/files/:id/fetch', options, async (request, reply) => {
    const view = await files.fetch(pathParameter(request, 'id'), checkFetch(bodyOf(request)))
    return reply.code(view.state === 'complete' ? 200 : 202).send(view)
  })

  app.delete('/v1/files/:id', options, async (request, reply) => {
    readQuery(request.query, {})
    await files.remove(pathParameter(request, 'id'))
    return reply.code(204).send()
  })
}

/** `<id>`, or `<id>/<name>` where the file may be gone by now. */
function readPlace(after: string): { id: string; name?: string } {
  const [id = '', ...rest] = after.split('/')
  if (rest.length === 0) return { id }
  const name = rest.join('/')
  if (name.length <= NAME_LETTERS_MAX) return { id, name }
  throw new MeshError('FIELD_INVALID', 'the query parameter "after" is longer than any name', {
    path: 'after'
  })
}

function bodyOf(request: FastifyRequest): unknown {
  readQuery(request.query, {})
  return request.body === undefined ? {} : request.body
}
