/** A log as it comes: followed until its attempt has ended, over lost connections. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { LogBook } from './log-book.ts'
import { apiBase } from '../data/session.ts'
import { stream } from '../data/api.ts'
import type { ApiQuery } from '../../client/api-transport.ts'
import type { LogView } from '../../model/generated/api-log.ts'

export interface LiveLog {
  book: LogBook
  isComplete: boolean
  cause: unknown
  /** The whole of a long one. */
  file: LogView['log_file']
  attempt: number | undefined
}

export function useLog(jobId: string, query: ApiQuery): LiveLog {
  const key = `${apiBase.value} ${jobId} ${JSON.stringify(query)}`
  const [, redraw] = useState(0)
  const reading = useRef<LiveLog>(newLog())
  useEffect(() => {
    const controller = new AbortController()
    const own = newLog()
    reading.current = own
    let frame = 0
    const changed = (): void => {
      frame ||= requestAnimationFrame(() => {
        frame = 0
        redraw((count) => count + 1)
      })
    }
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
      own.book.take(sign.value)
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

function newLog(): LiveLog {
  return {
    book: new LogBook(),
    isComplete: false,
    cause: undefined,
    file: undefined,
    attempt: undefined
  }
}
