/** Generated from schemas/commands/execute-task.schema.json by `npm run generate`; do not edit. */

/**
 * Names one attempt for good: what a worker says counts only for the attempt whose lease it holds.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "leaseId".
 */
export type LeaseId = string
/**
 * What the task returned; absent beside an error.
 */
export type AnyJson =
  | null
  | boolean
  | number
  | string
  | unknown[]
  | {
      [k: string]: unknown
    }
/**
 * Any JSON value: what `main` gets.
 */
export type AnyJson1 =
  | null
  | boolean
  | number
  | string
  | unknown[]
  | {
      [k: string]: unknown
    }
/**
 * What of its files the job asked for, now files of the mesh.
 *
 * @maxItems 64
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "outputFiles".
 */
export type OutputFiles = OutputFile[]
/**
 * What is to run, and in which engine.
 */
export type TaskDocument =
  BuiltinTask | ContainerTask | FunctionTask | JavascriptTask | StorageTask | ProcessTask | WasmTask
/**
 * The program and its arguments; without it, what the image itself starts.
 *
 * @minItems 1
 * @maxItems 1024
 */
export type Argv = string[]
/**
 * Input files in the working folder.
 *
 * @maxItems 1000
 */
export type Files = TaskFile[]
/**
 * Input files in the working folder.
 *
 * @maxItems 1000
 */
export type Files1 = TaskFile[]
/**
 * The program, by absolute path or bare name, and its arguments. There is no shell.
 *
 * @minItems 1
 * @maxItems 1024
 */
export type Argv1 = string[]
/**
 * Arguments of the program, without its name.
 *
 * @maxItems 1024
 */
export type WasmArgs = string[]
/**
 * Files and folders that the task finds in its working folder, for reading. They are on the worker before the run time begins.
 *
 * @maxItems 256
 */
export type Inputs = InputDocument[]
/**
 * Files and folders that become files of the mesh when the task has ended well.
 *
 * @maxItems 64
 */
export type Outputs = OutputWish[]

/**
 * Runs a task: at a worker it runs there; with `auto_route: true` at a router, the router picks the worker and sees it through.
 */
export interface ExecuteTask {
  params: ExecuteTaskParams
  result: ExecuteTaskResult
}
/**
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "params".
 */
export interface ExecuteTaskParams {
  /**
   * What `task_data` is: of `compute` a job document, or only its `task`; of `storage` a file to be kept, `{file_hash, copies, until}`, which becomes a job of engine storage; of `file_share` `{file_hash}`: one worker fetches that file and offers it for a day.
   */
  task_type?: 'compute' | 'file_share' | 'storage'
  /**
   * Of every type a job document or only its `task`; else what the type says. `until` may be a duration, such as `7d`.
   */
  task_data: {
    [k: string]: unknown
  }
  auto_route?: boolean
  assignment?: Assignment
}
/**
 * From a router to a worker: which attempt this is, and its limits.
 */
export interface Assignment {
  job_id: string
  item: number
  attempt: number
  lease_id: LeaseId
  /**
   * How long the task may go on, or its result be kept, while its router is not connected.
   */
  lease_ms: number
  run_timeout_ms: number
  memory_bytes: number
  /**
   * CPU time per second, in seconds; absent when the job asks for none.
   */
  cpu_cores?: number
  /**
   * Of the task's own files; absent when the job asks for none.
   */
  disk_bytes?: number
  gpu_count?: number
  /**
   * Whether the job asks for the network; the worker's owner decides.
   */
  network?: boolean
  /**
   * When the job was submitted, in Unix milliseconds: the time for tasks that must repeat.
   */
  submitted_at_ms: number
  /**
   * How long a task may still go on after it was asked to stop.
   */
  kill_after_ms: number
  labels?: Labels
  /**
   * Peers that have some of its inputs; hints, as the worker looks for itself too.
   *
   * @maxItems 32
   */
  sources?: FileSource[]
  /**
   * Until when what the task leaves is kept at the worker, in Unix milliseconds.
   */
  keep_until_ms?: number
  /**
   * Which one this is of all that this router has sent to this worker; load reports say which one they know of.
   */
  number?: number
  /**
   * How long the router expects it to run there.
   */
  expected_ms?: number
  /**
   * Base64 of the dispatch order, signed by the router: what the worker's receipt refers to.
   */
  order?: string
}
/**
 * The job's labels, for the owner's admission rule.
 */
export interface Labels {
  [k: string]: string
}
/**
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "fileSource".
 */
export interface FileSource {
  /**
   * A libp2p peer id.
   */
  peer_id: string
  /**
   * @maxItems 16
   */
  addresses?: string[]
}
/**
 * Beside an error too: the logs and usage of a task that failed. `output_file` is in the place of an output that is too long for an answer, `log_file` has all of a log that was longer than its bound.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "result".
 */
export interface ExecuteTaskResult {
  output?: AnyJson
  /**
   * In answer to a task without an assignment: what it wrote, up to a bound.
   */
  logs?: string
  logs_dropped_bytes?: number
  usage?: UsageDocument
  load?: LoadReport
  /**
   * A libp2p peer id.
   */
  worker?: string
  job_id?: string
  attempts?: number
  /**
   * Of an array job, in order.
   */
  items?: {
    id: string
    state: string
    output?: AnyJson1
    error?: ErrorDocument
    outputs?: OutputFiles
    output_file?: OutputFile
  }[]
  log?: LogPart
  progress?: TaskProgress
  phases?: TaskPhases
  outputs?: OutputFiles
  output_file?: OutputFile
  log_file?: OutputFile
  /**
   * Base64 of the receipt, signed by the worker: what it ran for which order.
   */
  receipt?: string
}
/**
 * What the task used; a figure that the engine cannot tell is absent.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "usage".
 */
export interface UsageDocument {
  wall_ms: number
  cpu_ms?: number
  peak_memory_bytes?: number
  /**
   * What the worker was sent for the task.
   */
  bytes_in?: number
  /**
   * What the task returned.
   */
  bytes_out?: number
}
/**
 * How busy a worker is; it comes with every answer and heartbeat.
 */
export interface LoadReport {
  running: number
  queued: number
  /**
   * GPUs that its tasks have; none when absent.
   */
  gpus_taken?: number
  slots: number
  queue_slots: number
  cpu_usage: number
  memory_available_mb: number
  disk_available_mb: number
  /**
   * Takes nothing new, whatever the reason.
   */
  stopping: boolean
  /**
   * Why it takes nothing new, where that is so.
   */
  availability?: 'open' | 'cordoned' | 'draining' | 'stopping'
  /**
   * Expected work of the tasks that wait, per slot.
   */
  queued_ms?: number
  /**
   * How long a new task would wait for a slot; 0 while one is free and no task waits.
   */
  wait_ms?: number
  /**
   * Expected work that arrives from everybody, in milliseconds per millisecond.
   */
  work_rate?: number
  /**
   * Routers with which it has a session.
   */
  routers?: number
  /**
   * How much longer than at its best the same short calculation takes lately.
   */
  slowdown?: number
  /**
   * Number of the last task that came from whoever this report goes to.
   */
  seen?: number
  /**
   * Tasks that whoever this report goes to may send now, by its owner's limits; no such bound when absent.
   */
  allowed?: number
}
/**
 * What went wrong, for programs.
 */
export interface ErrorDocument {
  /**
   * One of the codes in docs/errors.md; stable.
   */
  code: string
  message: string
  /**
   * Which field.
   */
  path?: string
  /**
   * What to do.
   */
  hint?: string
  blame?: 'worker' | 'owner' | 'network' | 'router' | 'job' | 'caller'
  retryable?: boolean
  /**
   * When it is worth trying again.
   */
  retry_after_ms?: number
  /**
   * What the task's own program calls it: its exit code, or the `code` of the error that a function threw.
   */
  task_code?: string
  [k: string]: unknown
}
/**
 * A file or folder of the mesh that a task left.
 */
export interface OutputFile {
  name: string
  /**
   * A file of the mesh, by its content.
   */
  file: string
  /**
   * Bytes; of a folder, of all its files.
   */
  size: number
  kind: 'file' | 'folder'
}
/**
 * In answer to an assignment: what of the log the router does not have yet.
 */
export interface LogPart {
  from: number
  /**
   * @maxItems 65536
   */
  entries: LogEntry[]
}
/**
 * A piece of what a task wrote.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "logEntry".
 */
export interface LogEntry {
  /**
   * Since the task began.
   */
  ms: number
  stream: 'out' | 'err'
  text: string
}
/**
 * How far a task says that it is.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "progress".
 */
export interface TaskProgress {
  ratio?: number
  text?: string
}
/**
 * How long each part took at the worker. Durations, because clocks of two machines are never compared.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "phases".
 */
export interface TaskPhases {
  waited_ms?: number
  ran_ms?: number
  fetched_ms?: number
  published_ms?: number
}
/**
 * Entries of a task's log, of which the first has the number `from`.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "logPart".
 */
export interface LogPart1 {
  from: number
  /**
   * @maxItems 65536
   */
  entries: LogEntry[]
}
/**
 * What `task_data` holds beside an assignment whose task has inputs or outputs; without them it is the task alone.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "assignedTask".
 */
export interface AssignedTask {
  task: TaskDocument
  inputs?: Inputs
  outputs?: Outputs
}
/**
 * A function that every worker has: `noop`, `echo`, `sleep` and `sha256`.
 */
export interface BuiltinTask {
  engine: 'builtin'
  name: 'noop' | 'echo' | 'sleep' | 'sha256'
  /**
   * Arguments of the function.
   */
  args?: {
    [k: string]: unknown
  }
}
/**
 * A program in a container of an image that the worker's owner allows. It reaches the network only where the job asks for it and the owner allows it. It returns `{exit_code, stdout, files}`.
 */
export interface ContainerTask {
  engine: 'container'
  /**
   * An image by its digest, such as `docker.io/library/alpine@sha256:…`, or by its id.
   */
  image: string
  argv?: Argv
  env?: Env
  /**
   * Standard input as text, or `base64:…`.
   */
  stdin?: string
  files?: Files
  /**
   * Files and folders to return, by their paths below the working folder.
   *
   * @maxItems 256
   *
   * Items: A plain relative path such as `in/data.txt`.
   */
  outputs?: string[]
}
/**
 * Variables beside the few that every task gets; none that loads other code, such as `LD_PRELOAD`.
 */
export interface Env {
  [k: string]: string
}
export interface TaskFile {
  /**
   * A plain relative path such as `in/data.txt`.
   */
  path: string
  /**
   * Content as text.
   */
  text?: string
  /**
   * Content as bytes.
   */
  base64?: string
}
/**
 * A function that the worker's own program has registered under this name. It is not isolated from that program.
 */
export interface FunctionTask {
  engine: 'function'
  /**
   * Name of a function, such as `resize`.
   */
  name: string
  input?: AnyJson1
}
/**
 * A module text that defines `main(input)`; JSON in, JSON out.
 */
export interface JavascriptTask {
  engine: 'javascript'
  /**
   * The module text, or a file of the mesh that has it, `mesh:sha256:…`; `@file` at submit reads it from a file.
   */
  source: string
  /**
   * `typescript`: types are stripped before it runs, not checked; `@file.ts` at submit sets it.
   */
  language?: 'javascript' | 'typescript'
  input?: AnyJson1
  files?: Files1
  /**
   * What all its random numbers grow from, so that they are the same on every worker. Default: one of the job's and the item's own.
   */
  seed?: string | number
  /**
   * The moment at which its clock starts, with its zone, such as `2026-12-24T18:00:00Z`. Default: when the job was submitted.
   */
  time?: string
}
/**
 * Keeps a file or folder on so many workers until a date; copies that are lost are replaced. It is completed once all copies are there.
 */
export interface StorageTask {
  engine: 'storage'
  /**
   * `mesh:sha256:…` or a link `taskmesh:?xt=…`; at submit also `@path`.
   */
  file: string
  copies?: number
  /**
   * With its zone, such as `2027-12-24T18:00:00Z`.
   */
  until: string
}
/**
 * An installed program that the worker's owner allows, run in a sandbox. It reaches the network only where the job asks for it and the owner allows it. It returns `{exit_code, stdout, files}`.
 */
export interface ProcessTask {
  engine: 'process'
  argv: Argv1
  env?: Env
  /**
   * Standard input as text, or `base64:…`.
   */
  stdin?: string
  files?: Files
  /**
   * Files and folders to return, by their paths below the working folder.
   *
   * @maxItems 256
   *
   * Items: A plain relative path such as `in/data.txt`.
   */
  outputs?: string[]
}
/**
 * A WASI preview 1 command module. It returns `{exit_code, stdout, files}`; its stderr is its log.
 */
export interface WasmTask {
  engine: 'wasm'
  /**
   * The module as `base64:…`, of some 700 KiB at most, or as a file of the mesh, `mesh:sha256:…`; `@file` at submit makes it one or the other.
   */
  module: string
  args?: WasmArgs
  env?: Env
  /**
   * Standard input as text, or `base64:…`.
   */
  stdin?: string
  files?: Files
  /**
   * Files, and folders with all that is in them, to return.
   *
   * @maxItems 256
   *
   * Items: A plain relative path such as `in/data.txt`.
   */
  outputs?: string[]
  /**
   * What all its random numbers grow from, so that they are the same on every worker. Default: one of the job's and the item's own.
   */
  seed?: string | number
  /**
   * The moment at which its clock starts, with its zone, such as `2026-12-24T18:00:00Z`. Default: when the job was submitted.
   */
  time?: string
}
export interface InputDocument {
  /**
   * A plain relative path such as `in/data.txt`.
   */
  path: string
  /**
   * `mesh:sha256:…` or a link `taskmesh:?xt=…`, a file or folder of the mesh; `job:<id or name>/<output>`, what another job left; `inline:` and a text; an `https:` address, with `sha256`; at submit also `@path`, a file or folder of one's own.
   */
  from: string
  /**
   * Plain SHA-256 of what is at an `https:` address.
   */
  sha256?: string
}
export interface OutputWish {
  /**
   * What the result calls it: `taskmesh job get ID NAME`, `job:<id>/<name>`.
   */
  name: string
  /**
   * A plain relative path such as `in/data.txt`.
   */
  path: string
}
