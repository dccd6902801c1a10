/** One job, kept true: asked for anew when news say that it changed, though not more often than a page needs. */
import { useEffect, useState } from 'preact/hooks'
import { get } from '../data/api.ts'
import { hasEnded } from '../parts/states.ts'
import { onJobs } from '../data/live.ts'
import { useLoad } from '../data/use-load.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { Loaded } from '../data/use-load.ts'

export interface LiveJob extends Loaded<JobView> {
  /** Grows when something of it changed: what shows its items or attempts asks for them anew. */
  version: number
}

const RELOAD_MS = 1_000
/** A job that runs changes in ways that no news tell, such as where its attempts are. */
const RUNNING_MS = 3_000

export function useJob(id: string): LiveJob {
  const loaded = useLoad(`job ${id}`, (signal) => get<JobView>(`/jobs/${id}`, { signal }))
  const [version, setVersion] = useState(0)
  const { reload, value } = loaded
  const isOver = value !== undefined && hasEnded(value)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const soon = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined
        reload()
        setVersion((before) => before + 1)
      }, RELOAD_MS)
    }
    const stop = onJobs(({ isPartial, jobs }) => {
      if (isPartial || jobs.some((job) => job.id === value?.id)) soon()
    })
    const steady = isOver ? undefined : setInterval(soon, RUNNING_MS)
    return () => {
      stop()
      clearTimeout(timer)
      clearInterval(steady)
    }
  }, [value?.id, isOver, reload])
  return { ...loaded, version }
}
