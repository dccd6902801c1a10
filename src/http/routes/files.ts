/** The files that the namespace offers: which there are, who has them, and what the router is to do with its copy. */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { OPERATIONS } from '../operations.ts'
import { defined } from '../query.ts'
import { endOf } from './file-readers.ts'
import { lastOf, linkNext } from '../next-page.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

/** Longer than any name may be. */
const NAME_LETTERS_MAX = LIMITS.filePathBytesMax

export function addFileRoutes(app: FastifyInstance, context: RouteContext<'files'>): void {
  addReadingRoutes(app, context)
  addErrandRoutes(app, context)
}

function addReadingRoutes(app: FastifyInstance, context: RouteContext<'files'>): void {
  const { services, stopping } = context
  const { files } = services

  serve(app, context, OPERATIONS.listFiles, async ({ query, reply }) => {
    const { after, limit, name, sort = 'name' } = query
    const start = after === undefined ? {} : { after: readPlace(after) }
    const rows = files.list({ ...defined({ name }), ...start, order: sort, limit })
    const last = lastOf(rows, limit)
    if (last !== undefined) {
      const place = sort === 'id' ? last.id : `${last.id}/${last.name}`
      linkNext(reply, '/v1/files', { name, sort, after: place, limit })
    }
    return rows
  })

  serve(app, context, OPERATIONS.describeFile, async ({ parameter }) =>
    files.describe(parameter('id'))
  )

  serve(app, context, OPERATIONS.listEntries, async ({ parameter, query, reply }) => {
    const { after, limit } = query
    const id = parameter('id')
    const signal = AbortSignal.any([stopping, endOf(reply)])
    const entries = await files.entries(id, { ...defined({ after }), limit }, { signal })
    const last = lastOf(entries, limit)
    if (last !== undefined) {
      const path = `/v1/files/${encodeURIComponent(id)}/entries`
      linkNext(reply, path, { after: last.path, limit })
    }
    return entries
  })
}

/** What the router is to do with its copy. */
function addErrandRoutes(app: FastifyInstance, context: RouteContext<'files'>): void {
  const { services, stopping } = context
  const { files } = services

  serve(app, context, OPERATIONS.pinFile, async ({ body, parameter }) =>
    files.pin(parameter('id'), body)
  )

  serve(app, context, OPERATIONS.unpinFile, async ({ parameter }) => files.unpin(parameter('id')))

  serve(app, context, OPERATIONS.verifyFile, async ({ parameter, query, reply }) => {
    const signal = AbortSignal.any([stopping, endOf(reply)])
    const check = await files.verify(parameter('id'), { timeoutMs: query.timeout, signal })
    return reply.code(check.outcome === 'running' ? 202 : 200).send(check)
  })

  serve(app, context, OPERATIONS.fetchFile, async ({ body, parameter, reply }) => {
    const view = await files.fetch(parameter('id'), body)
    return reply.code(view.state === 'complete' ? 200 : 202).send(view)
  })

  serve(app, context, OPERATIONS.removeFile, async ({ parameter, reply }) => {
    await files.remove(parameter('id'))
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
