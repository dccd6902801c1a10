/** One action on many jobs: which of them it is for, and how all are gone through, some at a time. */
import { hasEnded } from '../parts/states.ts'
import type { IconName } from '../parts/icons.tsx'
import type { JobView } from '../../model/generated/api-job.ts'

export interface BulkAct {
  name: string
  icon: IconName
  isDangerous?: boolean
  /** What it means for each of them. */
  means: string
  /** Others of the filter are left alone. */
  isFor: (job: JobView) => boolean
  /** Behind `/jobs/ID/`. */
  path: 'hold' | 'release' | 'rerun' | 'stop'
  takesReason: boolean
}

export const BULK_ACTS: readonly BulkAct[] = [
  {
    name: 'Hold',
    icon: 'held',
    means: 'Nothing more of them begins until they are released. What runs goes on.',
    isFor: (job) => !hasEnded(job) && !isHeld(job),
    path: 'hold',
    takesReason: true
  },
  {
    name: 'Release',
    icon: 'play',
    means: 'What waits of them goes on.',
    isFor: (job) => !hasEnded(job) && isHeld(job),
    path: 'release',
    takesReason: false
  },
  {
    name: 'Run again',
    icon: 'replay',
    means: 'A new job is made of each: of what failed or was stopped, or of all where nothing did.',
    isFor: hasEnded,
    path: 'rerun',
    takesReason: false
  },
  {
    name: 'Stop',
    icon: 'stopped',
    isDangerous: true,
    means: 'They end for good. What has been completed of them stays.',
    isFor: (job) => !hasEnded(job),
    path: 'stop',
    takesReason: true
  }
]

export interface BulkProgress {
  doneCount: number
  /** What was said of those that were refused. */
  failures: readonly unknown[]
}

export interface BulkInit {
  /** The others are left alone from then on. */
  signal: AbortSignal
  onProgress: (progress: BulkProgress) => void
}

/** A router has more to do than this. */
const AT_ONCE = 6

/** One that is refused stops no other. */
export async function actOnAll(
  jobs: readonly JobView[],
  act: (job: JobView) => Promise<unknown>,
  { onProgress, signal }: BulkInit
): Promise<BulkProgress> {
  let progress: BulkProgress = { doneCount: 0, failures: [] }
  const left = jobs.values()
  const goThrough = async (): Promise<void> => {
    for (const job of left) {
      if (signal.aborted) return
      try {
        // oxlint-disable-next-line no-await-in-loop -- so many at a time
        await act(job)
        progress = { ...progress, doneCount: progress.doneCount + 1 }
      } catch (cause) {
        progress = { ...progress, failures: [...progress.failures, cause] }
      }
      onProgress(progress)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, goThrough))
  return progress
}

function isHeld({ on_hold, state }: JobView): boolean {
  return on_hold || state === 'held'
}
