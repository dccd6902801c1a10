/** In which order jobs are listed, and where in it each stands. Pure. */
import type { JobRecord } from './records.ts'

/**
 * The orders of a list: by when jobs were created, or by when they ended, with `-` the latest first; those of one
 * moment by id, the same way round. Who asks by their ends gets those that have ended. Neither moment ever changes, so
 * that a list stays as it is while it is read, whatever begins or ends meanwhile.
 */
export const JOB_SORTS = ['-created', 'created', '-ended', 'ended'] as const

export type JobSort = (typeof JOB_SORTS)[number]

/** A place in a list: the moment that it is sorted by, of the job with this id. */
export interface JobPlace {
  atMs: number
  id: string
}

const USUAL_SORT: JobSort = '-created'

export function isByEnd(sort: JobSort = USUAL_SORT): boolean {
  return sort === 'ended' || sort === '-ended'
}

export function isLatestFirst(sort: JobSort = USUAL_SORT): boolean {
  return sort.startsWith('-')
}

/** Undefined of a job that such a list does not have. */
export function placeOf(
  { createdAtMs, endedAtMs, id }: Pick<JobRecord, 'createdAtMs' | 'endedAtMs' | 'id'>,
  sort: JobSort | undefined
): JobPlace | undefined {
  const atMs = isByEnd(sort) ? endedAtMs : createdAtMs
  return atMs === null ? undefined : { atMs, id }
}
