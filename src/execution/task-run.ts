/**
 * The run of a task that has its slot and its inputs: the engine runs it and hands over what it leaves, and what
 * is too long for an answer is set aside.
 */
import { KillTimer } from './kill-timer.ts'
import { MeshError } from '../core/errors.ts'
import { OutputPhase } from './output-phase.ts'
import type { Clock } from '../core/clock.ts'
import type { Executor, TaskOutcome } from '../executors/executor.ts'
import type { LogSpools } from './log-spool.ts'
import type { OutputFile } from '../model/job.ts'
import type { ReadyInputs, TaskFiles } from './ports.ts'
import type { Task, TaskEnd } from './task.ts'

export interface TaskRunComponents {
  clock: Clock
  files: TaskFiles
  spools: LogSpools
}

/** A task and all that it needs. */
export interface ReadyTask {
  executor: Executor
  /** By their numbers. */
  gpus: readonly number[]
  inputs: ReadyInputs
  task: Task
}

/** Never rejects. */
export async function runTask(
  components: TaskRunComponents,
  { executor, gpus, inputs, task }: ReadyTask,
  before: Pick<TaskEnd, 'waitedMs'> & { fetchedMs: number | undefined }
): Promise<{ end: TaskEnd; lingering?: Promise<void> | undefined }> {
  const { clock, spools } = components
  const begunMs = clock.monotonicMs()
  const outputs = new OutputPhase(components, task)
  const spool = spools.next()
  task.log.spool = spool
  task.enter('running')
  const { failure, outcome } = await runIn(executor, components, { gpus, inputs, task, outputs })
  const ranMs = clock.monotonicMs() - begunMs - (outputs.tookMs ?? 0)
  const outputFile = await outputs.setAside(outcome?.output)
  const logFile = await outputs.setLogAside(spool)
  spool.remove()
  const phases = { hasBegun: true, ...phasesOf(before, ranMs, outputs.tookMs) }
  if (outcome === undefined)
    return { end: { ...phases, error: failure as MeshError, logsDroppedBytes: 0 } }
  const end = endOf(task, outcome, { ...phases, fetchedBytes: inputs.fetchedBytes })
  if (logFile !== undefined) end.logFile = logFile
  if (end.error === undefined) addFiles(end, outputs.outputs, outputFile)
  return { end, lingering: outcome.lingering }
}

async function runIn(
  executor: Executor,
  { clock }: TaskRunComponents,
  { gpus, inputs, outputs, task }: Omit<ReadyTask, 'executor'> & { outputs: OutputPhase }
): Promise<{ outcome?: TaskOutcome; failure?: MeshError }> {
  const {
    cpuCores,
    diskBytesMax,
    memoryBytesMax,
    network,
    origin,
    seed,
    submittedAtMs,
    timeoutMs
  } = task.request
  const killTimer = new KillTimer(clock)
  task.onStop = (killAfterMs) => killTimer.set(killAfterMs)
  try {
    const outcome = await executor.run({
      task: task.request.task,
      memoryBytesMax,
      timeoutMs,
      cpuCores,
      diskBytesMax,
      network,
      origin,
      seed,
      submittedAtMs,
      gpus,
      signal: task.signal,
      killSignal: killTimer.signal,
      inputs: inputs.inputs,
      outputs: task.request.outputs,
      programPath: inputs.programPath,
      onOutput: (wish, produced) => outputs.publish(wish, produced),
      onLog: (entry) => {
        task.log.add(entry)
        task.onNews?.()
      },
      onProgress: (progress) => {
        task.progress = progress
        task.onNews?.()
      }
    })
    return { outcome }
  } catch (cause) {
    return { failure: MeshError.from(cause) }
  } finally {
    killTimer.clear()
    task.onStop = undefined
  }
}

function phasesOf(
  { fetchedMs, waitedMs }: { fetchedMs: number | undefined; waitedMs: number },
  ranMs: number,
  publishedMs: number | undefined
): Pick<TaskEnd, 'fetchedMs' | 'publishedMs' | 'ranMs' | 'waitedMs'> {
  return {
    waitedMs,
    ranMs,
    ...(fetchedMs === undefined ? {} : { fetchedMs }),
    ...(publishedMs === undefined ? {} : { publishedMs })
  }
}

/** A result that lies in a file is not in the answer too. */
function addFiles(
  end: TaskEnd,
  outputs: TaskEnd['outputs'],
  outputFile: OutputFile | undefined
): void {
  if (outputs !== undefined) end.outputs = outputs
  if (outputFile === undefined) return
  end.outputFile = outputFile
  delete end.output
}

/** A task that was told to end says why it was told so, whatever words its engine has for it. */
function endOf(
  task: Task,
  outcome: TaskOutcome,
  { fetchedBytes, ...phases }: Omit<TaskEnd, 'logsDroppedBytes'> & { fetchedBytes: number }
): TaskEnd {
  const { output } = outcome
  const bytesOut = output === undefined ? 0 : Buffer.byteLength(output)
  const usage = { ...outcome.usage, bytesIn: task.request.bytes + fetchedBytes, bytesOut }
  const error =
    outcome.error?.code === 'TASK_STOPPED' ? (task.stopReason ?? outcome.error) : outcome.error
  const logsDroppedBytes = outcome.logsDroppedBytes + task.log.droppedBytes
  const end: TaskEnd = { ...phases, usage, logsDroppedBytes }
  if (error !== undefined) end.error = error
  else if (output !== undefined) end.output = output
  return end
}
