/** Runs a task and keeps all that it says: while it runs, and afterwards, when it should say nothing. */
import type { LogEntry, TaskProgress } from '../../src/model/generated/commands-execute-task.ts'
import type { TaskOutcome, TaskRun } from '../../src/executors/executor.ts'

export type Listener = Pick<TaskRun, 'onLog' | 'onProgress'>

export interface RecordedOutcome extends TaskOutcome {
  log: LogEntry[]
  progress: TaskProgress[]
  /** What was said once `run` had resolved; it may grow as long as the engine lives. */
  late: (LogEntry | TaskProgress)[]
}

/** @param run hands its listener to an engine */
export async function recordRun(
  run: (listener: Listener) => Promise<TaskOutcome>,
  { onLog, onProgress }: Partial<Listener> = {}
): Promise<RecordedOutcome> {
  const log: LogEntry[] = []
  const progress: TaskProgress[] = []
  const late: (LogEntry | TaskProgress)[] = []
  let isOver = false
  const outcome = await run({
    onLog(entry) {
      if (isOver) late.push(entry)
      else log.push(entry)
      onLog?.(entry)
    },
    onProgress(report) {
      if (isOver) late.push(report)
      else progress.push(report)
      onProgress?.(report)
    }
  })
  isOver = true
  return { ...outcome, log, progress, late }
}

/** All that a task wrote, or what it wrote to one stream. */
export function textOf(log: readonly LogEntry[], stream?: LogEntry['stream']): string {
  const entries = stream === undefined ? log : log.filter((entry) => entry.stream === stream)
  return entries.map(({ text }) => text).join('')
}
