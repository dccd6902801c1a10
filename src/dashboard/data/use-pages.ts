/** A list that comes in pages: the next when it is scrolled to, all that is there anew when something changed. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { apiBase } from './session.ts'
import { getRows } from './api.ts'
import type { ApiQuery } from '../../client/api-transport.ts'

export interface Paged<T> {
  rows: readonly T[]
  isLoading: boolean
  hasMore: boolean
  cause: unknown
  more: () => void
  reload: () => void
}

interface Run<T> {
  rows: readonly T[]
  next: string | undefined
  hasBegun: boolean
  cause: unknown
}

const PAGE_ROWS = 500
/** Of a list that changes, what is fetched anew: what one page of the API has. Further down it is as it was when it was scrolled to. */
const RELOAD_ROWS_MAX = 1_000

export function usePages<T>(path: string, query: ApiQuery = {}): Paged<T> {
  const key = `${apiBase.value}${path}?${JSON.stringify(query)}`
  const [, redraw] = useState(0)
  const run = useRef<Run<T>>(newRun())
  const signal = useRef<AbortSignal | undefined>(undefined)
  const isBusy = useRef(false)

  const load = async (fresh: boolean): Promise<void> => {
    const own = run.current
    const limit = fresh ? reloadLimit(own.rows.length) : PAGE_ROWS
    isBusy.current = true
    try {
      const after = fresh ? undefined : own.next
      const page = await getRows<T>(path, {
        query: { ...query, limit, after },
        signal: signal.current
      })
      if (run.current !== own) return
      const rest = fresh ? own.rows.slice(page.rows.length) : []
      run.current = {
        rows: fresh ? [...page.rows, ...rest] : [...own.rows, ...page.rows],
        next: rest.length > 0 ? own.next : page.next,
        hasBegun: true,
        cause: undefined
      }
    } catch (cause) {
      if (run.current === own && signal.current?.aborted !== true) run.current = { ...own, cause }
    }
    isBusy.current = false
    redraw((count) => count + 1)
  }

  useEffect(() => {
    const controller = new AbortController()
    signal.current = controller.signal
    run.current = newRun()
    void load(true)
    return () => controller.abort()
  }, [key])

  const more = useCallback(() => {
    const { cause, next } = run.current
    if (!isBusy.current && next !== undefined && cause === undefined) void load(false)
  }, [key])
  const reload = useCallback(() => {
    if (!isBusy.current) void load(true)
  }, [key])
  const { cause, hasBegun, next, rows } = run.current
  const isLoading = !hasBegun && cause === undefined
  return { rows, isLoading, hasMore: next !== undefined, cause, more, reload }
}

function newRun<T>(): Run<T> {
  return { rows: [], next: undefined, hasBegun: false, cause: undefined }
}

function reloadLimit(count: number): number {
  return Math.max(PAGE_ROWS, Math.min(count, RELOAD_ROWS_MAX))
}
