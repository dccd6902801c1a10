/** What execution needs of its neighbours; the worker's composition root joins them. */
import type { AbortOptions } from '../core/abort.ts'
import type { FileSource } from '../model/generated/commands-execute-task.ts'
import type { InputDocument, OutputFile, OutputWish } from '../model/job.ts'
import type { Produced, TaskInput } from '../executors/executor.ts'

/** What a task needs of the mesh before it can begin. */
export interface InputRequest {
  /** Of a task with an assignment, `mesh:` and `inline:` alone: a router has resolved the rest. */
  inputs: readonly InputDocument[]
  /** The file of the mesh that is the task's module or source, and addresses of peers that are said to have it. */
  program: { file: string; peers: readonly string[] } | undefined
  /** Peers that are said to have some of it. */
  sources: readonly FileSource[]
  /** How much room the task's files may take, its inputs among them; undefined: what the node has. */
  diskBytesMax: number | undefined
}

/** What lies ready. It stays until `release`, whatever else needs the room. */
export interface ReadyInputs {
  inputs: readonly TaskInput[]
  programPath: string | undefined
  /** Bytes that had to be fetched for it. */
  fetchedBytes: number
  release(): Promise<void>
}

export interface PublishOptions extends AbortOptions {
  /** Who wants it to stay, and until when, in Unix milliseconds. */
  keep: { keptFor: string; untilMs: number }
  /** Hears what was left out, as it is no plain file. */
  onSkipped: (path: string) => void
}

export interface FetchOptions extends AbortOptions {
  /** Hears how much of all is here, in bytes. */
  onProgress?: (progress: { bytes: number; totalBytes: number }) => void
}

/** Brings files of the mesh to tasks, and makes files of the mesh of what they leave. */
export interface TaskFiles {
  /**
   * Brings all that a task needs.
   * @throws MeshError FILE_UNAVAILABLE; STORE_FULL, STORE_FAILED, RESOURCES_UNAVAILABLE where this worker has no
   * room; TASK_OUT_OF_DISK, FIELD_INVALID; the signal's reason. What has come is kept for the next
   */
  fetch(request: InputRequest, options: FetchOptions): Promise<ReadyInputs>
  /**
   * Makes a file or folder of the mesh of what a task has left, kept here until a moment.
   * @throws MeshError STORE_FULL, STORE_FAILED; TASK_FAILED where it is not there or cannot be a file or folder
   * of the mesh; TASK_OUTPUT_TOO_LARGE; the signal's reason
   */
  publish(wish: OutputWish, produced: Produced, options: PublishOptions): Promise<OutputFile>
}
