/** What can be done with all jobs of a filter: they are counted first, and whoever acts is told how many it is about. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { BULK_ACTS, actOnAll } from './bulk.ts'
import { Bar } from '../parts/basics.tsx'
import { Dialog, ask, say } from '../parts/dialogs.tsx'
import { Failure, Skeleton } from '../parts/situations.tsx'
import { Icon } from '../parts/icons.tsx'
import { MeshError } from '../../core/errors.ts'
import { formatCount, plural } from '../data/formats.ts'
import { getRows, post } from '../data/api.ts'
import { toQuery } from './job-filter.ts'
import type { BulkAct, BulkProgress } from './bulk.ts'
import type { JobFilter } from './job-filter.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { JSX } from 'preact'

/** Of the newest; more are for the command line, or for another time. */
const JOBS_MAX = 5_000
const PAGE_ROWS = 500

export function BulkButton({ filter }: { filter: JobFilter }): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  const [running, setRunning] = useState<{
    act: BulkAct
    jobs: readonly JobView[]
    reason: string
  }>()
  const begin = async (act: BulkAct, jobs: readonly JobView[]): Promise<void> => {
    setOpen(false)
    const count = plural(jobs.length, 'job')
    const answer = await ask({
      title: `${act.name}: ${count}?`,
      body: act.means,
      action: `${act.name}: ${count}`,
      isDangerous: act.isDangerous === true,
      ...(act.takesReason && { text: { name: 'Reason', placeholder: 'for whoever asks later' } })
    })
    if (answer !== undefined) setRunning({ act, jobs, reason: answer.text })
  }
  return (
    <>
      <button
        type="button"
        class="button small"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <Icon name="more" /> All that fit…
      </button>
      {isOpen && (
        <ChoiceDialog
          filter={filter}
          onAct={(act, jobs) => void begin(act, jobs)}
          onClose={() => setOpen(false)}
        />
      )}
      {running !== undefined && (
        <ProgressDialog {...running} onClose={() => setRunning(undefined)} />
      )}
    </>
  )
}

interface ChoiceProps {
  filter: JobFilter
  onAct: (act: BulkAct, jobs: readonly JobView[]) => void
  onClose: () => void
}

function ChoiceDialog({ filter, onAct, onClose }: ChoiceProps): JSX.Element {
  const { cause, hasMore, jobs } = useAllJobs(filter)
  return (
    <Dialog label="All jobs that fit" onClose={onClose}>
      <div class="inside">
        <h2>All jobs that fit</h2>
        {cause !== undefined && <Failure cause={cause} />}
        {cause === undefined && jobs === undefined && <Skeleton lines={4} />}
        {jobs !== undefined && (
          <>
            <p class="soft">
              {hasMore
                ? `More than ${formatCount(JOBS_MAX)}: this is about the newest of them.`
                : `${plural(jobs.length, 'job')}, also those that were not scrolled to.`}
            </p>
            <div class="stack">
              {BULK_ACTS.map((act) => {
                const its = jobs.filter(act.isFor)
                return (
                  <button
                    key={act.name}
                    type="button"
                    class={act.isDangerous ? 'button danger' : 'button'}
                    disabled={its.length === 0}
                    onClick={() => onAct(act, its)}
                  >
                    <Icon name={act.icon} /> {act.name}: {formatCount(its.length)}
                  </button>
                )
              })}
            </div>
          </>
        )}
        <div class="actions">
          <button type="button" class="button quiet" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  )
}

interface AllJobs {
  /** Undefined before all are known. */
  jobs: readonly JobView[] | undefined
  hasMore: boolean
  cause: unknown
}

function useAllJobs(filter: JobFilter): AllJobs {
  const [all, setAll] = useState<AllJobs>({ jobs: undefined, hasMore: false, cause: undefined })
  useEffect(() => {
    const controller = new AbortController()
    const read = async (): Promise<void> => {
      try {
        setAll(await readAll(filter, controller.signal))
      } catch (cause) {
        if (!controller.signal.aborted) setAll({ jobs: undefined, hasMore: false, cause })
      }
    }
    void read()
    return () => controller.abort()
  }, [])
  return all
}

async function readAll(filter: JobFilter, signal: AbortSignal): Promise<AllJobs> {
  const jobs: JobView[] = []
  let after: string | undefined
  do {
    const query = { ...toQuery(filter), limit: PAGE_ROWS, after }
    // oxlint-disable-next-line no-await-in-loop -- each page says where the next one begins
    const { next, rows } = await getRows<JobView>('/jobs', { query, signal })
    jobs.push(...rows)
    after = next
  } while (after !== undefined && jobs.length < JOBS_MAX)
  return { jobs, hasMore: after !== undefined, cause: undefined }
}

interface ProgressProps {
  act: BulkAct
  jobs: readonly JobView[]
  reason: string
  onClose: () => void
}

/** Closing it leaves the others alone. */
function ProgressDialog({ act, jobs, onClose, reason }: ProgressProps): JSX.Element {
  const [progress, setProgress] = useState<BulkProgress>({ doneCount: 0, failures: [] })
  const ended = useRef(onClose)
  ended.current = onClose
  useEffect(() => {
    const controller = new AbortController()
    const wish = reason === '' ? {} : { reason }
    const actOn = (job: JobView): Promise<unknown> => post(`/jobs/${job.id}/${act.path}`, wish)
    const run = async (): Promise<void> => {
      const init = { signal: controller.signal, onProgress: setProgress }
      tell(act, jobs.length, await actOnAll(jobs, actOn, init))
      ended.current()
    }
    void run()
    return () => controller.abort()
  }, [])
  const { doneCount, failures } = progress
  const text = `${formatCount(doneCount + failures.length)} of ${formatCount(jobs.length)}`
  return (
    <Dialog label={act.name} onClose={onClose}>
      <div class="inside">
        <h2>{act.name}</h2>
        <p>{text}</p>
        <Bar
          text={text}
          parts={[
            { tone: 'good', ratio: doneCount / jobs.length },
            { tone: 'bad', ratio: failures.length / jobs.length }
          ]}
        />
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>
            Leave the others alone
          </button>
        </div>
      </div>
    </Dialog>
  )
}

function tell({ name }: BulkAct, count: number, { doneCount, failures }: BulkProgress): void {
  const done = `${name}: ${formatCount(doneCount)} of ${plural(count, 'job')}`
  if (failures.length === 0) return say(done)
  const { code, hint, message } = MeshError.from(failures[0])
  say(`${done}; ${formatCount(failures.length)} refused: ${message} (${code})`, 'bad', hint)
}
