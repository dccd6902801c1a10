/** A log as it comes: followed until its attempt has ended, over lost connections. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { LogBook } from './log-book.ts'
import { apiBase } from '../data/session.ts'
import { getBlob, stream } from '../data/api.ts'
import type { ApiQuery } from '../../client/api-transport.ts'
import type { LogView } from '../../model/generated/api-log.ts'

export interface LiveLog {
  book: LogBook
  isComplete: boolean
  cause: unknown
  /** The whole of a long one. */
  file: LogView['log_file']
  attempt: number | undefined
  /** `file` was read: `book` has all of it, and none of its streams apart. */
  isWhole: boolean
  readWhole: () => void
}

export function useLog(jobId: string, query: ApiQuery): LiveLog {
  const key = `${apiBase.value} ${jobId} ${JSON.stringify(query)}`
  const [, redraw] = useState(0)
  const reading = useRef<LiveLog>(newLog(() => {}))
  useEffect(() => {
    const controller = new AbortController()
    let frame = 0
    const changed = (): void => {
      frame ||= requestAnimationFrame(() => {
        frame = 0
        redraw((count) => count + 1)
      })
    }
    const own = newLog((log) => void readWhole(log, controller.signal).then(changed))
    reading.current = own
    void follow(own, { jobId, query, signal: controller.signal, changed })
    return () => {
      controller.abort()
      cancelAnimationFrame(frame)
    }
  }, [key])
  return reading.current
}

interface FollowInit {
  jobId: string
  query: ApiQuery
  signal: AbortSignal
  changed: () => void
}

async function follow(own: LiveLog, { changed, jobId, query, signal }: FollowInit): Promise<void> {
  try {
    const signs = stream<LogView>(`/jobs/${jobId}/logs`, {
      query: { ...query, follow: 'true' },
      signal
    })
    for await (const sign of signs) {
      if (sign.kind === 'opened') continue
      if (!own.isWhole) own.book.take(sign.value)
      own.attempt = sign.value.attempt
      own.file = sign.value.log_file ?? own.file
      own.isComplete = sign.value.is_complete
      changed()
    }
    own.isComplete = true
  } catch (cause) {
    if (signal.aborted) return
    own.cause = cause
  }
  changed()
}

async function readWhole(own: LiveLog, signal: AbortSignal): Promise<void> {
  if (own.file === undefined) return
  try {
    const bytes = await getBlob(`/files/${own.file.file}/content`, { signal })
    own.book = LogBook.ofText(await bytes.text())
    own.isWhole = true
  } catch (cause) {
    if (!signal.aborted) own.cause = cause
  }
}

function newLog(read: (log: LiveLog) => void): LiveLog {
  const log: LiveLog = {
    book: new LogBook(),
    isComplete: false,
    cause: undefined,
    file: undefined,
    attempt: undefined,
    isWhole: false,
    readWhole: () => read(log)
  }
  return log
}
