/** The files that the namespace offers, page by page as they are scrolled to, with what is being fetched now. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { apiBase } from '../data/session.ts'
import { getRows } from '../data/api.ts'
import { overview, transfers } from '../data/live.ts'
import type { FileView } from '../../model/generated/api-file.ts'

export interface FileListing {
  /** Undefined until the first page was read. */
  rows: readonly FileView[] | undefined
  hasMore: boolean
  cause: unknown
  more: () => void
  reload: () => void
}

const PAGE_ROWS = 200

interface Run {
  rows: FileView[] | undefined
  next: string | undefined
  isLoading: boolean
  cause: unknown
}

export function useFiles(name: string): FileListing {
  const [version, setVersion] = useState(0)
  const [, redraw] = useState(0)
  const run = useRef<Run>(newRun())
  const signal = useRef<AbortSignal | undefined>(undefined)
  const shown = useRef('')
  const key = `${apiBase.value} ${name}`

  const load = async (own: Run, ended: AbortSignal): Promise<void> => {
    own.isLoading = true
    try {
      const query = { name: name === '' ? undefined : name, limit: PAGE_ROWS, after: own.next }
      const { next, rows } = await getRows<FileView>('/files', { query, signal: ended })
      if (ended.aborted) return
      own.rows = [...(own.rows ?? []), ...rows]
      own.next = next
      own.cause = undefined
      // What was shown of the same list stays until the new one is there.
      run.current = own
    } catch (cause) {
      if (ended.aborted) return
      own.cause = cause
      run.current = own
    }
    own.isLoading = false
    redraw((count) => count + 1)
  }

  useEffect(() => {
    const controller = new AbortController()
    signal.current = controller.signal
    const own = newRun()
    if (shown.current !== key) run.current = own
    shown.current = key
    void load(own, controller.signal)
    return () => controller.abort()
  }, [key, version, overview.value?.files.known, transfers.value.length])

  const more = useCallback(() => {
    const own = run.current
    if (own.isLoading || own.next === undefined || signal.current === undefined) return
    void load(own, signal.current)
  }, [key])
  const reload = useCallback(() => setVersion((before) => before + 1), [])
  const { cause, next, rows } = run.current
  return { rows: rows && withTransfers(rows), hasMore: next !== undefined, cause, more, reload }
}

function newRun(): Run {
  return { rows: undefined, next: undefined, isLoading: true, cause: undefined }
}

/** A file that is being fetched is told of by the live stream, which is newer. */
function withTransfers(rows: readonly FileView[]): readonly FileView[] {
  const moving = new Map(transfers.value.map((file) => [file.id, file]))
  return rows.map((file) => {
    const { progress, state } = moving.get(file.id) ?? file
    return progress === undefined ? file : { ...file, state, progress }
  })
}
