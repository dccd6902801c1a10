/** What the commands' exit codes mean: a contract with scripts and CI, printed in `--help`. */
import { flag } from './command.ts'
import type { Flags } from './command.ts'
import type { JobView } from '../model/generated/api-job.ts'

export const EXIT = {
  completed: 0,
  error: 1,
  notPlaced: 2,
  failed: 3,
  held: 4,
  stopped: 5,
  timedOut: 124,
  detached: 130,
  planFailed: 255
} as const

export const EXIT_TABLE: readonly (readonly [number, string])[] = [
  [EXIT.completed, 'done; a waited-for job has completed'],
  [EXIT.error, 'wrong usage, or the command failed (job plan: it would queue, or nothing fits)'],
  [EXIT.notPlaced, 'no worker could take the job within its queue timeout'],
  [EXIT.failed, 'the job failed'],
  [EXIT.held, 'the job is held and needs you (job release)'],
  [EXIT.stopped, 'the job was stopped'],
  [EXIT.timedOut, 'the job ran longer than its timeout'],
  [EXIT.detached, 'no longer waiting (Ctrl-C, --wait-timeout); the job goes on'],
  [EXIT.planFailed, 'job plan: an error']
]

/** The table as help shows it. */
export function exitCodeLines(title: string): string {
  const rows = EXIT_TABLE.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
  return [title, ...rows].join('\n')
}

/** By which a waiting command lets the program's own exit code through. */
export const EXIT_CODE_FLAG: Flags = {
  'exit-code': flag(
    'switch',
    'where the only task’s program ended with an exit code, exit with that'
  )
}

/** A program can end with no other. */
const PROGRAM_CODE = /^([1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/

/** What the only task of a failed job ended with; what `exitCodeOf` says where there is nothing of the kind. */
export function programExitCodeOf(job: Pick<JobView, 'state' | 'error' | 'item_count'>): number {
  const { error, item_count: itemCount, state } = job
  const { task_code: taskCode = '' } = error ?? {}
  const isPrograms = state === 'failed' && itemCount === 1 && PROGRAM_CODE.test(taskCode)
  return isPrograms ? Number(taskCode) : exitCodeOf(job)
}

/** What a command that waited for this job exits with; a job that has not ended is left behind. */
export function exitCodeOf({ state, error }: Pick<JobView, 'state' | 'error'>): number {
  switch (state) {
    case 'completed':
      return EXIT.completed
    case 'held':
      return EXIT.held
    case 'stopped':
      return EXIT.stopped
    case 'failed':
      if (error?.code === 'QUEUE_TIMED_OUT') return EXIT.notPlaced
      return error?.code === 'TASK_TIMED_OUT' || error?.code === 'TOTAL_TIMED_OUT'
        ? EXIT.timedOut
        : EXIT.failed
    case 'pending':
    case 'queued':
    case 'running':
      return EXIT.detached
  }
}

/** From the worst on: what one has to look at first. */
const BY_GRAVITY: readonly number[] = [
  EXIT.failed,
  EXIT.timedOut,
  EXIT.notPlaced,
  EXIT.stopped,
  EXIT.held,
  EXIT.detached
]

/** Of several jobs' exit codes. */
export function worstExitCode(codes: readonly number[]): number {
  return BY_GRAVITY.find((code) => codes.includes(code)) ?? EXIT.completed
}
