/**
 * Pages of a list that a node has whole in memory: workers, peers, routers, recipes. A page begins behind a place in
 * the order and not at a number, so that what comes or goes meanwhile neither hides a row nor shows one twice.
 */
import { MeshError } from '../core/errors.ts'
import { linkNext } from './next-page.ts'
import type { FastifyReply } from 'fastify'

/** Of a list: by rank, the lowest first; rows of one rank by id. */
export interface ListOrder<T> {
  /** @default all are equal */
  rankOf?: (row: T) => number
  idOf: (row: T) => string
}

interface Place {
  rank: number
  id: string
}

export interface PageOrder {
  path: string
  /** As it was asked, and as the next page is to be asked. */
  query: Readonly<Record<string, string | readonly string[] | number | undefined>> & {
    after: string | undefined
    limit: number
  }
}

/** The rows of one page; its reply links to the next, if there is one. @throws MeshError FIELD_INVALID for a wrong `after` */
export function pageOf<T>(
  rows: readonly T[],
  order: ListOrder<T>,
  { path, query }: PageOrder,
  reply: FastifyReply
): T[] {
  const { after, limit } = query
  const start = after === undefined ? undefined : readPlace(after, order.rankOf !== undefined)
  const rest = rows
    .map((row) => ({ row, rank: order.rankOf?.(row) ?? 0, id: order.idOf(row) }))
    .filter((each) => start === undefined || compare(each, start) > 0)
    .toSorted(compare)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  if (last !== undefined && rest.length > limit) {
    const place = order.rankOf === undefined ? last.id : `${last.rank}/${last.id}`
    linkNext(reply, path, { ...query, after: place })
  }
  return page.map(({ row }) => row)
}

function compare(left: Place, right: Place): number {
  if (left.rank !== right.rank) return left.rank - right.rank
  if (left.id === right.id) return 0
  return left.id < right.id ? -1 : 1
}

function readPlace(after: string, isRanked: boolean): Place {
  if (!isRanked) return { rank: 0, id: after }
  const [, rank = '', id = ''] = /^(-?[\d.e-]+)\/(.+)$/.exec(after) ?? []
  if (rank !== '' && Number.isFinite(Number(rank))) return { rank: Number(rank), id }
  throw new MeshError('FIELD_INVALID', `"${after}" is no place in this list`, {
    path: 'after',
    hint: 'take the address of the next page from the Link header of the one before'
  })
}
