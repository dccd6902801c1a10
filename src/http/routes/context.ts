/** What every route is given, and the two things that all of them read from a request. */
import { MeshError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { integer } from '../query.ts'
import type { FastifyRequest } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import type { EventStreams } from '../event-stream.ts'
import type { QueryReader } from '../query.ts'
import type { ApiServices } from '../services.ts'

export interface RouteContext {
  services: ApiServices
  streams: EventStreams
  clock: Clock
  /** Aborted when the server stops: whoever waits stops waiting. */
  stopping: AbortSignal
}

/** Whoever holds the token; the mesh's own submitters are known by PeerId. */
export const SUBMITTER = 'http'

/** Rows of a page if the caller names no number. */
const PAGE_ROWS_DEFAULT = 100

/** One `:name` of the route's path. @throws MeshError NOT_FOUND if the path leaves it empty */
export function pathParameter(request: FastifyRequest, name: string): string {
  const value = (request.params as Record<string, string | undefined>)[name]
  if (value !== undefined && value !== '') return value
  throw new MeshError('NOT_FOUND', `the path has no ${name}`, { path: name })
}

/** The `limit` that lists have. */
export function pageLimit(): QueryReader<number> {
  const read = integer({ min: 1, max: LIMITS.pageRowsMax })
  return (texts, name) => read(texts, name) ?? PAGE_ROWS_DEFAULT
}
