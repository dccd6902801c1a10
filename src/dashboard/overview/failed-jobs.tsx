/** The jobs that failed last, as they fail. */
import { useEffect, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Ago, Card } from '../parts/basics.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { getRows } from '../data/api.ts'
import { onJobs } from '../data/live.ts'
import type { JSX } from 'preact'
import type { JobView } from '../../model/generated/api-job.ts'

const SHOWN = 6

export function FailedJobs(): JSX.Element {
  const [jobs, setJobs] = useState<readonly JobView[] | undefined>()
  const [cause, setCause] = useState<unknown>()
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    const read = (): Promise<void> =>
      getRows<JobView>('/jobs', { query: { state: 'failed', limit: SHOWN }, signal }).then(
        ({ rows }) => setJobs(newestFailed(rows)),
        (failure: unknown) => !signal.aborted && setCause(failure)
      ) as Promise<void>
    void read()
    const stop = onJobs(({ isPartial, jobs: news }) => {
      if (isPartial) void read()
      else setJobs((known) => known && newestFailed([...news, ...known]))
    })
    return () => {
      stop()
      controller.abort()
    }
  }, [])
  return (
    <Card title="Failed last" aside={<Link href="/jobs?state=failed">All failed jobs</Link>}>
      {jobs === undefined &&
        (cause === undefined ? <Skeleton lines={3} /> : <Failure cause={cause} />)}
      {jobs?.length === 0 && <Empty icon="completed" title="No job has failed" />}
      {jobs !== undefined && jobs.length > 0 && (
        <ul class="failed-jobs">
          {jobs.map(({ ended_at_ms, error, id, name }) => (
            <li key={id}>
              <Link class="cut" href={`/jobs/${id}`}>
                {name ?? id}
              </Link>
              <span class="cut soft" title={error?.message}>
                {error === undefined
                  ? 'some of its items failed'
                  : `${error.code}: ${error.message}`}
              </span>
              <span class="faint nowrap">
                <Ago atMs={ended_at_ms} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

/** Each once, by its newest state; one that was run again is another job. */
function newestFailed(jobs: readonly JobView[]): readonly JobView[] {
  const known = new Map<string, JobView>()
  for (const job of jobs) if (!known.has(job.id)) known.set(job.id, job)
  return [...known.values()]
    .filter(({ state }) => state === 'failed')
    .toSorted((one, other) => (other.ended_at_ms ?? 0) - (one.ended_at_ms ?? 0))
    .slice(0, SHOWN)
}
