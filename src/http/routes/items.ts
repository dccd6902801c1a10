/**
 * The items of a job, page by page. Results may be megabytes each, so a page ends at a number of rows or
 * of bytes, whichever comes first, and a Link header says where the next one begins. Rows are fetched
 * in small lots: a page of large results is never in memory whole as objects.
 */
import { OPERATIONS } from '../operations.ts'
import { linkNext } from '../next-page.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { JobServices } from '../services.ts'
import type { RouteContext } from './context.ts'

/** A few of the largest results, or any full page of ordinary ones. */
const PAGE_BYTES_MAX = 16_777_216

/** Rows of the first lot, when nothing is known yet of their size. */
const LOT_ROWS_MIN = 16
const LOT_ROWS_MAX = 256

interface ItemFilter {
  state?: string
  after?: number
  limit: number
}

interface Page {
  rows: string[]
  /** The last row's index if there may be more. */
  lastIndex: number | undefined
}

export function addItemRoutes(app: FastifyInstance, context: RouteContext<'jobs'>): void {
  serve(app, context, OPERATIONS.listItems, async ({ parameter, query, reply }) => {
    const { state, after, limit } = query
    const id = parameter('id')
    const byState = state === undefined ? {} : { state }
    const start = after === undefined ? {} : { after }
    const page = await readPage(context.services.jobs, id, { ...byState, ...start, limit })
    if (page.lastIndex !== undefined) {
      const path = `/v1/jobs/${encodeURIComponent(id)}/items`
      linkNext(reply, path, { ...byState, after: page.lastIndex, limit })
    }
    return reply.type('application/json; charset=utf-8').send(`[${page.rows.join(',')}]`)
  })
}

async function readPage(jobs: JobServices, id: string, filter: ItemFilter): Promise<Page> {
  const rows: string[] = []
  let after = filter.after
  let pageBytes = 0
  let lotRows = LOT_ROWS_MIN
  while (rows.length < filter.limit && pageBytes < PAGE_BYTES_MAX) {
    const limit = Math.min(lotRows, filter.limit - rows.length)
    // Each lot begins where the one before it ended.
    // oxlint-disable-next-line no-await-in-loop
    const lot = await jobs.items(id, {
      ...filter,
      ...(after === undefined ? {} : { after }),
      limit
    })
    for (const item of lot) {
      const row = JSON.stringify(item)
      rows.push(row)
      pageBytes += row.length
      after = item.index
    }
    if (lot.length < limit) return { rows, lastIndex: undefined }
    const rowBytes = pageBytes / rows.length
    const rowsLeft = Math.ceil((PAGE_BYTES_MAX - pageBytes) / rowBytes)
    lotRows = Math.max(1, Math.min(LOT_ROWS_MAX, rowsLeft))
  }
  return { rows, lastIndex: after }
}
