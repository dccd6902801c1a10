/** The document of a job, as it was submitted, and its result where it has only one. */
import { Link } from 'wouter-preact'
import { Card } from '../parts/basics.tsx'
import { Failure, Skeleton } from '../parts/situations.tsx'
import { JsonTree } from '../parts/json-tree.tsx'
import { SaveButton } from '../parts/save.tsx'
import { get } from '../data/api.ts'
import { may } from '../data/live.ts'
import { useLoad } from '../data/use-load.ts'
import type { JSX } from 'preact'
import type { JobTabProps } from './job-tab.ts'

export function DocumentTab({ job }: JobTabProps): JSX.Element {
  const { cause, reload, value } = useLoad(`document ${job.id}`, (signal) =>
    get<unknown>(`/jobs/${job.id}/document`, { signal })
  )
  if (cause !== undefined) return <Failure cause={cause} retry={reload} />
  if (value === undefined) return <Skeleton />
  return (
    <Card
      title="As it was submitted"
      aside={
        <div class="row">
          <SaveButton name={`${job.id}.json`} value={() => value} />
          {may('submit') && (
            <Link class="button small" href={`/jobs/new?from=${job.id}`}>
              Use for a new job
            </Link>
          )}
        </div>
      }
    >
      <JsonTree value={value} />
    </Card>
  )
}
