/** The list of jobs of a filter: pages as they are scrolled to, news as they come. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { apiBase } from '../data/session.ts'
import { fits, toQuery, writeFilter } from './job-filter.ts'
import { getRows } from '../data/api.ts'
import { onJobs } from '../data/live.ts'
import { JobList } from './job-list.ts'
import type { JobFilter } from './job-filter.ts'
import type { JobNews } from '../data/live.ts'
import type { JobView } from '../../model/generated/api-job.ts'

export interface JobListing {
  list: JobList
  isLoading: boolean
  /** There are older ones that were not fetched. */
  hasMore: boolean
  cause: unknown
  more: () => void
  retry: () => void
  showWaiting: () => void
  /** Which rows are in sight: they are fetched anew when nobody knows what changed. */
  onRange: (first: number) => void
}

const PAGE_ROWS = 200
/** Not more often, however much happens. */
const REFRESH_MS = 3_000

interface Run {
  list: JobList
  next: string | undefined
  isLoading: boolean
  hasBegun: boolean
  cause: unknown
}

/** `mayMove` says whether new rows may push the others down. */
export function useJobList(filter: JobFilter, mayMove: () => boolean): JobListing {
  const key = `${apiBase.value}?${writeFilter(filter)}`
  const [, redraw] = useState(0)
  const [version, setVersion] = useState(0)
  const run = useRef<Run>(newRun())
  const first = useRef(0)
  const changed = (): void => redraw((count) => count + 1)

  const load = async (own: Run, signal: AbortSignal): Promise<void> => {
    own.isLoading = true
    own.cause = undefined
    changed()
    try {
      const query = { ...toQuery(filter), limit: PAGE_ROWS, after: own.next }
      const { next, rows } = await getRows<JobView>('/jobs', { query, signal })
      own.list.append(rows)
      own.next = next
      own.hasBegun = true
    } catch (cause) {
      if (signal.aborted) return
      own.cause = cause
    }
    own.isLoading = false
    changed()
  }

  const signal = useRef(new AbortController().signal)
  useEffect(() => {
    const controller = new AbortController()
    const own = newRun()
    run.current = own
    signal.current = controller.signal
    void load(own, controller.signal)
    const follower = new NewsFollower(own.list, filter, {
      changed,
      mayMove,
      first: () => first.current,
      signal: controller.signal
    })
    const stop = onJobs((news) => follower.take(news))
    return () => {
      stop()
      controller.abort()
    }
  }, [key, version])

  const more = useCallback(() => {
    const own = run.current
    if (own.isLoading || own.next === undefined || own.cause !== undefined) return
    void load(own, signal.current)
  }, [key])
  const { cause, hasBegun, isLoading, list, next } = run.current
  return {
    list,
    cause,
    isLoading: isLoading || !hasBegun,
    hasMore: next !== undefined,
    more,
    retry: () => {
      if (!hasBegun) setVersion((before) => before + 1)
      else void load(run.current, signal.current)
    },
    showWaiting: () => {
      list.showWaiting()
      changed()
    },
    onRange: (index) => void (first.current = index)
  }
}

function newRun(): Run {
  return {
    list: new JobList(),
    next: undefined,
    isLoading: true,
    hasBegun: false,
    cause: undefined
  }
}

interface FollowerInit {
  changed: () => void
  mayMove: () => boolean
  /** The first row in sight. */
  first: () => number
  signal: AbortSignal
}

class NewsFollower {
  readonly #list: JobList
  readonly #filter: JobFilter
  readonly #init: FollowerInit
  #isWaiting = false

  constructor(list: JobList, filter: JobFilter, init: FollowerInit) {
    this.#list = list
    this.#filter = filter
    this.#init = init
  }

  take({ isPartial, jobs }: JobNews): void {
    this.#list.take(jobs, (job) => fits(this.#filter, job))
    if (this.#list.waitingCount > 0 && this.#init.mayMove()) this.#list.showWaiting()
    if (isPartial) this.#refreshSoon()
    this.#init.changed()
  }

  #refreshSoon(): void {
    if (this.#isWaiting) return
    this.#isWaiting = true
    const timer = setTimeout(() => {
      this.#isWaiting = false
      void this.#refresh()
    }, REFRESH_MS)
    this.#init.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }

  /** The newest, and those that are looked at. */
  async #refresh(): Promise<void> {
    const { first, signal } = this.#init
    const before = this.#list.job(this.#list.ids[first() - 1] ?? '')
    // A place by its moment stays good when the job that was there is forgotten.
    const place = before && `${before.created_at_ms}/${before.id}`
    const places = place === undefined ? [undefined] : [undefined, place]
    try {
      const pages = await Promise.all(
        places.map((after) =>
          getRows<JobView>('/jobs', {
            query: { ...toQuery(this.#filter), limit: PAGE_ROWS, after },
            signal
          })
        )
      )
      this.take({ jobs: pages.flatMap(({ rows }) => rows), isPartial: false })
    } catch {
      // The next news try again; until then the rows are as old as the connection says.
    }
  }
}
