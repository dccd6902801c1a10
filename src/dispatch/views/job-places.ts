/** Places in lists of jobs as texts: `AT_MS/ID`, which stays good when that job is forgotten; or the id of a job that is here. */
import { MeshError } from '../../core/errors.ts'
import { placeOf } from '../../jobs/job-order.ts'
import type { JobPlace, JobSort } from '../../jobs/job-order.ts'
import type { JobRecord } from '../../jobs/records.ts'

export function writePlace({ atMs, id }: JobPlace): string {
  return `${atMs}/${id}`
}

/** @param find gives a job by its id. @throws MeshError FIELD_INVALID */
export async function readPlace(
  text: string,
  sort: JobSort | undefined,
  find: (id: string) => Promise<JobRecord | undefined>
): Promise<JobPlace> {
  const [, at = '', id = ''] = /^(\d+(?:\.\d+)?)\/(.+)$/.exec(text) ?? []
  if (id !== '') return { atMs: Number(at), id }
  const job = await find(text)
  const place = job && placeOf(job, sort)
  if (place !== undefined) return place
  const what = job === undefined ? 'is no job here' : 'has not ended'
  throw new MeshError('FIELD_INVALID', `a list cannot go on after "${text}", which ${what}`, {
    path: 'after',
    hint: 'take the address of the next page from the Link header of the one before'
  })
}
