/**
 * What every engine looks like to the worker: one task in, what it says while it runs, one outcome
 * out. An engine decides how a task is run and held to its limits; it never decides whether it may
 * run (that is `execution/`).
 */
import type { LogEntry, TaskProgress } from '../model/generated/commands-execute-task.ts'
import type { MeshError } from '../core/errors.ts'
import type { Startable } from '../core/startable.ts'
import type { Isolation } from '../model/isolation.ts'
import type { Resource } from '../model/enforcement.ts'
import type { OutputWish, TaskDocument } from '../model/job.ts'

export type EngineName = TaskDocument['engine']

/** What one task may use. An engine says by `enforces` which of it is held by force. */
export interface TaskLimits {
  /** Limit of the task's own memory, in bytes. */
  memoryBytesMax: number
  /** Wall-clock limit, in milliseconds; the engine ends the task itself. */
  timeoutMs: number
  /** CPU time per second, in seconds; undefined when the job asks for none. */
  cpuCores: number | undefined
  /** Of all files that the task has; undefined when the job asks for none, and the engine's default holds. */
  diskBytesMax: number | undefined
}

/** The attempt that a task is. */
export interface TaskOrigin {
  jobId: string
  /** Position in the job, from 0. */
  item: number
  /** From 1. */
  attempt: number
}

/** A file or folder that lies ready for a task. It is other tasks' too: whoever runs the task keeps it from being changed. */
export interface TaskInput {
  /** Where the task finds it, below its working folder: a plain relative path, checked. */
  path: string
  /** Where it is on this machine. Everything of it may be read by anybody, and holds no links. */
  source: string
  kind: 'file' | 'folder'
  /** Of a folder, all that is in it. */
  sizeBytes: number
}

/**
 * What a task has left: on this machine's disk, where all of it is the guest's work and may be a link or hold
 * links that lead anywhere (that none lies on the way to it, the engine has seen to); or bytes by their paths within it, of which a file has one, with the empty path.
 */
export type Produced =
  | { kind: 'disk'; path: string }
  | { kind: 'bytes'; files: ReadonlyMap<string, Uint8Array> }

export interface TaskRun extends TaskLimits {
  task: TaskDocument
  inputs: readonly TaskInput[]
  outputs: readonly OutputWish[]
  /** Where the task's module or source is on this machine, if the task names a file of the mesh for it. */
  programPath: string | undefined
  /** Whether the job asks for the network; an engine grants it only where its owner allows it. */
  network: boolean
  /** Whose task it is; undefined where it came without a router. */
  origin: TaskOrigin | undefined
  /** Equal for all attempts at the same item, on whatever worker: what a task's randomness grows from. */
  seed: string
  /** When the job was submitted, in Unix milliseconds: the clock of tasks that must repeat. */
  submittedAtMs: number
  /** The machine's GPUs that are the task's alone while it runs, by their numbers; no others may be reached. */
  gpus: readonly number[]
  /** Fires when the task is to be stopped; the outcome is then TASK_STOPPED. */
  signal: AbortSignal
  /** Fires some time after `signal`, as the job or who stopped it has said: the task is then ended by force. */
  killSignal: AbortSignal
  /**
   * Hears all that the task writes, in order and soon after it was written, up to
   * `LIMITS.logBytesMax` bytes of UTF-8 in all at least, and `LIMITS.logSpoolBytesMax` at most. Never called once `run` has resolved.
   */
  onLog: (entry: LogEntry) => void
  /** Hears how far the task says that it is, bounded in pace. Never called once `run` has resolved. */
  onProgress: (progress: TaskProgress) => void
  /**
   * Takes each output of a task that has ended well, one after the other, before its working folder goes.
   * Time spent here is not the task's. Rejects where it cannot be kept; the outcome is then that error.
   */
  onOutput: (wish: OutputWish, produced: Produced) => Promise<void>
}

export interface TaskUsage {
  wallMs: number
  cpuMs?: number
  peakMemoryBytes?: number
}

/**
 * How a task ended. `run` resolves with this once the task is truly gone, or says that it lingers, and
 * never rejects for a task's own faults.
 */
export interface TaskOutcome {
  /** JSON text of what the task returned; absent when it failed. */
  output?: string
  /**
   * TASK_FAILED, TASK_TIMED_OUT, TASK_OUT_OF_MEMORY, TASK_OUTPUT_TOO_LARGE, TASK_STOPPED, FIELD_MISSING,
   * FIELD_INVALID; SANDBOX_CRASHED and WORKER_STOPPING are not the task's fault.
   */
  error?: MeshError
  /** What the task wrote beyond the bound of its log. */
  logsDroppedBytes: number
  usage: TaskUsage
  /**
   * Only of a task that could not be ended by force and is still there: resolves once it is over. Its
   * slot stays taken until then.
   */
  lingering?: Promise<void>
}

/** Processes that run tasks of an engine, one after the other. */
export interface SandboxCounts {
  /** Of all time. */
  starts: number
  /** Of those, ones that did not come up. */
  failedStarts: number
  live: number
}

export interface Executor extends Startable {
  readonly engine: EngineName
  /** What a task of this engine is kept from, whatever task it is. */
  readonly isolation: Isolation
  /** Limits that are held by force here, beside time and output, which all engines hold; final once it has started. */
  readonly enforces: readonly Resource[]
  /** Whether a task that asks for the network gets it; final once it has started. */
  readonly allowsNetwork: boolean
  /** Functions, programs or images that its tasks may name here; empty where they bring all that they need. */
  readonly names: readonly string[]
  /**
   * Why this worker does not take a task that another might: its owner does not allow what it names, or that
   * is not here. Asked before the task has its slot; what is wrong with the task itself is for `run` to say.
   */
  refusalOf(task: TaskDocument): MeshError | undefined
  /** Of an engine that starts programs of this machine: which one it would start; undefined for none. */
  programPath?(task: TaskDocument): string | undefined
  /** Of an engine that keeps such processes. */
  sandboxes?(): SandboxCounts
  run(run: TaskRun): Promise<TaskOutcome>
}
