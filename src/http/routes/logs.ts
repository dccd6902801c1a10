/** What tasks wrote: as it is there, or as it comes. */
import { OPERATIONS } from '../operations.ts'
import { cursorAfter, formatCursor, parseCursor, selectEntries, unseenOf } from '../log-parts.ts'
import { defined } from '../query.ts'
import { feed } from '../feed.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { LogView } from '../../model/generated/api-log.ts'
import type { JobServices, LogRequest } from '../services.ts'
import type { LogCursor, LogSelection } from '../log-parts.ts'
import type { RouteContext } from './context.ts'
import type { Subscribe } from '../feed.ts'

interface Following {
  which: LogRequest
  selection: LogSelection
  /** Of a reader that was here before. */
  cursor: LogCursor | undefined
}

export function addLogRoutes(app: FastifyInstance, context: RouteContext<'jobs'>): void {
  const { jobs } = context.services

  serve(app, context, OPERATIONS.readLog, async (call) => {
    const { item, attempt, tail, stream, follow } = call.query
    const id = call.parameter('id')
    const which = defined({ item, attempt })
    const selection = defined({ tail, stream })
    if (follow !== 'true') return selectEntries(await jobs.log(id, which), selection)
    const following = { which, selection, cursor: cursorOf(call.request) }
    return feed(call, context.streams, followLog(jobs, id, following))
  })
}

/** What a reader that comes again has seen is cut off here, and `tail` counts on its first visit alone. */
function followLog(jobs: JobServices, id: string, following: Following): Subscribe {
  const { which, selection } = following
  let { cursor } = following
  return async (send, end) => {
    const onPart = (part: LogView): void => {
      const unseen = unseenOf(part, cursor)
      if (unseen === undefined) return
      const { tail: _tail, ...withoutTail } = selection
      const shown = selectEntries(unseen, cursor === undefined ? selection : withoutTail)
      cursor = cursorAfter(unseen)
      if (shown.entries.length > 0 || shown.is_complete) {
        send({ id: formatCursor(cursor), data: shown })
      }
    }
    if (cursor !== undefined && which.attempt === undefined) {
      // The attempt that the reader was at may have ended, and the next one begun, while it was away.
      onPart(await jobs.log(id, { ...which, attempt: cursor.attempt }))
    }
    return jobs.followLog(id, which, onPart, end)
  }
}

function cursorOf({ headers }: FastifyRequest): LogCursor | undefined {
  const value = [headers['last-event-id'] ?? []].flat()[0]
  return value === undefined || value === '' ? undefined : parseCursor(value)
}
