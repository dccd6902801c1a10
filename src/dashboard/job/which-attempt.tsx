/** Which item and which attempt a tab is about: said by the address, chosen from what was tried. */
import { useLocation, useSearch } from 'wouter-preact'
import { get } from '../data/api.ts'
import { useLoad } from '../data/use-load.ts'
import type { AttemptView, JobView } from '../../model/generated/api-job.ts'
import type { ApiQuery } from '../../client/api-transport.ts'
import type { JSX } from 'preact'

export interface Which {
  /** The only item of the job, or the first that was tried, unless the address names one; undefined before that is known. */
  item: string | undefined
  /** Undefined is the newest. */
  attempt: number | undefined
  /** What was tried of that item, or of the first ones. */
  attempts: readonly AttemptView[]
  cause: unknown
}

/** More are named by typing. */
const ATTEMPTS_MAX = 200

export function useWhich(job: JobView): Which {
  const params = new URLSearchParams(useSearch())
  const named = params.get('item') ?? undefined
  const attempt = Number(params.get('attempt') ?? 0)
  const query = { limit: ATTEMPTS_MAX, item: named }
  const { cause, value: attempts = [] } = useLoad(
    `attempts ${job.id} ${named ?? ''} ${job.attempts}`,
    (signal) => get<AttemptView[]>(`/jobs/${job.id}/attempts`, { query, signal })
  )
  const item = named ?? (job.item_count === 1 ? '0' : attempts[0]?.item)
  return { item, attempt: attempt > 0 ? attempt : undefined, attempts, cause }
}

/** As the API takes it. A job with one item need not name it. */
export function whichQuery(job: JobView, { attempt, item }: Which): ApiQuery {
  return { item: job.item_count === 1 ? undefined : item, attempt }
}

interface WhichFormProps {
  job: JobView
  tab: string
  which: Which
}

export function WhichForm({ job, tab, which }: WhichFormProps): JSX.Element {
  const [, navigate] = useLocation()
  const { attempt, attempts, item } = which
  const own = attempts.filter((each) => each.item === item || job.item_count === 1)
  const choose = (nextItem: string | undefined, nextAttempt: string): void => {
    const params = new URLSearchParams()
    if (nextItem !== undefined && nextItem !== '') params.set('item', nextItem)
    if (nextAttempt !== '') params.set('attempt', nextAttempt)
    const search = params.size === 0 ? '' : `?${params.toString()}`
    navigate(`/jobs/${job.id}/${tab}${search}`, { replace: true })
  }
  return (
    <div class="row">
      {job.item_count > 1 && (
        <label class="row">
          <span class="soft">Item</span>
          <input
            class="input item-input"
            list="items-tried"
            value={item ?? ''}
            onChange={({ currentTarget }) => choose(currentTarget.value.trim(), '')}
          />
          <datalist id="items-tried">
            {[...new Set(attempts.map((each) => each.item))].map((each) => (
              <option key={each} value={each} />
            ))}
          </datalist>
        </label>
      )}
      <label class="row">
        <span class="soft">Attempt</span>
        <select
          class="input"
          value={attempt ?? ''}
          onChange={({ currentTarget }) =>
            choose(job.item_count > 1 ? item : undefined, currentTarget.value)
          }
        >
          <option value="">the newest</option>
          {own.map((each) => (
            <option key={each.attempt} value={each.attempt}>
              {each.attempt}, {each.state}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
