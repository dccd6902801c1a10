/** The jobs that have to be completed before this one begins, and how each of them stands. */
import { useEffect } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { StateBadge } from '../parts/basics.tsx'
import { get } from '../data/api.ts'
import { onJobs } from '../data/live.ts'
import { useLoad } from '../data/use-load.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { JSX } from 'preact'

/** More are in the job's document. */
const SHOWN_MAX = 24

export function Needs({ ids }: { ids: readonly string[] }): JSX.Element {
  return (
    <div class="needs" role="group" aria-label="Needs">
      <span class="soft">Needs</span>
      {ids.slice(0, SHOWN_MAX).map((id) => (
        <Need key={id} id={id} />
      ))}
      {ids.length > SHOWN_MAX && <span class="faint">and {ids.length - SHOWN_MAX} more</span>}
    </div>
  )
}

function Need({ id }: { id: string }): JSX.Element {
  const { reload, value } = useLoad(`need ${id}`, (signal) =>
    get<JobView>(`/jobs/${id}`, { signal })
  )
  useEffect(
    () =>
      onJobs(({ isPartial, jobs }) => {
        if (isPartial || jobs.some((job) => job.id === id)) reload()
      }),
    [id, reload]
  )
  return (
    <span class="need">
      <Link href={`/jobs/${id}`}>{value?.name ?? id}</Link>
      {value !== undefined && <StateBadge state={value.state} />}
    </span>
  )
}
