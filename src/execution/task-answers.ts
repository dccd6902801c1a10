/** How a task's end is told: to who sent it directly, and to the router whose lease it was. */
import { LIMITS } from '../core/limits.ts'
import { fitPart } from './task-log.ts'
import type { CommandAnswer } from '../protocol/command-server.ts'
import type { ExecuteTaskResult } from '../model/generated/commands-execute-task.ts'
import type { LoadReport } from '../model/generated/capability-record.ts'
import type { Task, TaskEnd } from './task.ts'

export type TaskAnswer = CommandAnswer<'EXECUTE_TASK'>

/** Left in a frame for its envelope: the error, the load, the figures. */
const ENVELOPE_BYTES = 16_384

/** To who sent it without an assignment: the log as one text. */
export function directAnswer(task: Task, end: TaskEnd, load: LoadReport): TaskAnswer {
  if (end.usage === undefined) return { ...errorOf(end), result: { load } }
  return {
    ...outcomeOf(end),
    result: {
      logs: task.log.text(),
      logs_dropped_bytes: end.logsDroppedBytes,
      usage: usageOf(end.usage),
      ...(end.outputs === undefined ? {} : { outputs: [...end.outputs] }),
      load
    }
  }
}

/** To the router whose lease it was: what of the log it doesn't have, and the worker's receipt. */
export function leaseAnswer(
  { receipt, task }: { task: Task; receipt: string | undefined },
  end: TaskEnd,
  load: LoadReport
): TaskAnswer {
  const result: ExecuteTaskResult = { load, phases: phasesOf(end) }
  if (receipt !== undefined) result.receipt = receipt
  if (end.usage !== undefined) {
    result.usage = usageOf(end.usage)
    result.logs_dropped_bytes = end.logsDroppedBytes
  }
  if (task.progress !== undefined) result.progress = task.progress
  addFiles(result, end)
  addLog(result, task, end)
  return { ...outcomeOf(end), result }
}

function addFiles(result: ExecuteTaskResult, { logFile, outputFile, outputs }: TaskEnd): void {
  if (outputs !== undefined) result.outputs = [...outputs]
  if (outputFile !== undefined) result.output_file = outputFile
  if (logFile !== undefined) result.log_file = logFile
}

function addLog(result: ExecuteTaskResult, task: Task, end: TaskEnd): void {
  const pending = task.log.pending()
  if (pending === undefined) return
  // A result of the largest size leaves little room, and the result comes first.
  const outputBytes = end.output === undefined ? 0 : Buffer.byteLength(end.output)
  const roomBytes = LIMITS.frameBytesMax - ENVELOPE_BYTES - outputBytes
  const { leftOutBytes, part } = fitPart(pending, roomBytes)
  result.log = part
  if (leftOutBytes > 0) result.logs_dropped_bytes = end.logsDroppedBytes + leftOutBytes
}

function outcomeOf(end: TaskEnd): Pick<TaskAnswer, 'bulk' | 'error'> {
  if (end.error !== undefined) return { error: end.error }
  return end.output === undefined ? {} : { bulk: end.output }
}

function errorOf({ error }: TaskEnd): Pick<TaskAnswer, 'error'> {
  return error === undefined ? {} : { error }
}

function phasesOf(end: TaskEnd): NonNullable<ExecuteTaskResult['phases']> {
  const { fetchedMs, publishedMs, ranMs, waitedMs } = end
  return {
    waited_ms: waitedMs,
    ...(fetchedMs === undefined ? {} : { fetched_ms: fetchedMs }),
    ...(ranMs === undefined ? {} : { ran_ms: ranMs }),
    ...(publishedMs === undefined ? {} : { published_ms: publishedMs })
  }
}

/** In the order of their names, as receipts have it. */
export function usageOf(
  usage: NonNullable<TaskEnd['usage']>
): NonNullable<ExecuteTaskResult['usage']> {
  const { bytesIn, bytesOut, cpuMs, peakMemoryBytes, wallMs } = usage
  return {
    ...(bytesIn === undefined ? {} : { bytes_in: bytesIn }),
    ...(bytesOut === undefined ? {} : { bytes_out: bytesOut }),
    ...(cpuMs === undefined ? {} : { cpu_ms: cpuMs }),
    ...(peakMemoryBytes === undefined ? {} : { peak_memory_bytes: peakMemoryBytes }),
    wall_ms: wallMs
  }
}
