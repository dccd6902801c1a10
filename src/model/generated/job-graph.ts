/** Generated from schemas/job-graph.schema.json by `npm run generate`; do not edit. */

/**
 * When to run it: once `at` a time, or again and again by `cron`.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "schedule".
 */
export type ScheduleDocument = {
  [k: string]: unknown
} & {
  /**
   * A moment such as `2026-12-24T18:00:00Z`; one that has passed means at once.
   */
  at?: string
  /**
   * Five fields (minute hour day month weekday), or six with seconds before them.
   */
  cron?: string
  /**
   * IANA time zone of `cron`, such as `Europe/Berlin`.
   */
  zone?: string
  /**
   * Runs that fell due while the router was away: `once` makes up for all of them with one run, `skip` waits for the next.
   */
  missed?: 'once' | 'skip'
  /**
   * `skip`: no new run while the one before has not ended.
   */
  overlap?: 'skip' | 'allow'
}
/**
 * What is to run, and in which engine.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "task".
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
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "files".
 */
export type Files = TaskFile[]
/**
 * Any JSON value: what `main` gets.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "json".
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
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "argv".
 */
export type Argv1 = string[]
/**
 * Arguments of the program, without its name.
 *
 * @maxItems 1024
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "wasmArgs".
 */
export type WasmArgs = string[]
/**
 * Files and folders that the task finds in its working folder, for reading. They are on the worker before the run time begins.
 *
 * @maxItems 256
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "inputs".
 */
export type Inputs = InputDocument[]
/**
 * Files and folders that become files of the mesh when the task has ended well.
 *
 * @maxItems 64
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "outputs".
 */
export type Outputs = OutputWish[]

/**
 * Several jobs in one submission: all are taken or none. Their `needs` name each other. Keys that begin with `x_` at the top level are yours and are ignored.
 */
export interface JobGraphDocument {
  /**
   * Version of this format.
   */
  spec?: 1
  /**
   * Job documents by name; a job without a `name` of its own gets this one.
   */
  jobs: {
    [k: string]: JobDocument
  }
}
/**
 * A job as a person writes it: one task, or one task per item of `each`. Keys that begin with `x_` at the top level are yours and are ignored.
 */
export interface JobDocument {
  /**
   * Version of this format.
   */
  spec?: 1
  /**
   * For people; need not be unique.
   */
  name?: string
  labels?: Labels
  /**
   * 0 to 100, higher runs first (BullMQ and Temporal count the other way).
   */
  priority?: number
  /**
   * Whose share of the mesh it takes: jobs of the same priority are served in turn, share by share. Default: whoever submitted it.
   */
  share?: string
  /**
   * Makes submitting safe to repeat: a second job with the same key and the same content is the first one; with other content it is refused.
   */
  key?: string
  schedule?: ScheduleDocument
  /**
   * Jobs that must be completed first: their ids, or their names within the same graph. `{"$job": "name"}` stands for what such a job returned, `{"$job": "name", "at": "stdout"}` for that part of it: in `input` and `args` as it is; as an argument, a variable, `stdin` or the `text` of a file, a text as it is and anything else as its JSON text.
   *
   * @maxItems 64
   */
  needs?: string[]
  /**
   * `every`: once on every worker that matches `where` at that moment.
   */
  ops?: 'once' | 'every'
  task: TaskDocument
  inputs?: Inputs
  outputs?: Outputs
  /**
   * `use`: where this router has seen an equal task of yours through, and its result and files are still there, the task is not run again. `refresh`: it is run, and its result is what later ones may use. Equal are tasks with the same content, inputs, outputs, resources and demands on the worker. A `seed` or `time` counts as what it says; a task that names none takes the result of any other that names none. Not with network `full` or `ops: every`.
   */
  cache?: 'use' | 'refresh' | 'off'
  verify?: VerifyDocument
  resources?: ResourcesDocument
  network?: NetworkDocument
  where?: WhereDocument
  route?: RouteDocument
  timeouts?: TimeoutsDocument
  retry?: RetryDocument
  on_disconnect?: OnDisconnectDocument
  keep?: KeepDocument
  /**
   * One task per item; each item overrides fields of `task`.
   *
   * @minItems 1
   * @maxItems 100000
   */
  each?: ItemDocument[]
}
/**
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "labels".
 */
export interface Labels {
  [k: string]: string
}
/**
 * A function that every worker has: `noop`, `echo`, `sleep` and `sha256`.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "builtinTask".
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
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "containerTask".
 */
export interface ContainerTask {
  engine: 'container'
  /**
   * An image by its digest, such as `docker.io/library/alpine@sha256:…`, or by its id.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "image".
   */
  image: string
  argv?: Argv
  env?: Env
  /**
   * Standard input as text, or `base64:…`.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "stdin".
   */
  stdin?: string
  files?: Files
  /**
   * Files and folders to return, by their paths below the working folder.
   *
   * @maxItems 256
   *
   * Items: A plain relative path such as `in/data.txt`.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "taskPath".
   */
  outputs?: string[]
}
/**
 * Variables beside the few that every task gets; none that loads other code, such as `LD_PRELOAD`.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "env".
 */
export interface Env {
  [k: string]: string
}
/**
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "taskFile".
 */
export interface TaskFile {
  /**
   * A plain relative path such as `in/data.txt`.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "taskPath".
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
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "functionTask".
 */
export interface FunctionTask {
  engine: 'function'
  /**
   * Name of a function, such as `resize`.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "functionName".
   */
  name: string
  input?: AnyJson
}
/**
 * A module text that defines `main(input)`; JSON in, JSON out.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "javascriptTask".
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
  input?: AnyJson
  files?: Files1
  /**
   * What all its random numbers grow from, so that they are the same on every worker. Default: one of the job's and the item's own.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "seed".
   */
  seed?: string | number
  /**
   * The moment at which its clock starts, with its zone, such as `2026-12-24T18:00:00Z`. Default: when the job was submitted.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "time".
   */
  time?: string
}
/**
 * Keeps a file or folder on so many workers until a date; copies that are lost are replaced. It is completed once all copies are there.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "storageTask".
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
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "processTask".
 */
export interface ProcessTask {
  engine: 'process'
  argv: Argv1
  env?: Env
  /**
   * Standard input as text, or `base64:…`.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "stdin".
   */
  stdin?: string
  files?: Files
  /**
   * Files and folders to return, by their paths below the working folder.
   *
   * @maxItems 256
   *
   * Items: A plain relative path such as `in/data.txt`.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "taskPath".
   */
  outputs?: string[]
}
/**
 * A WASI preview 1 command module. It returns `{exit_code, stdout, files}`; its stderr is its log.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "wasmTask".
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
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "stdin".
   */
  stdin?: string
  files?: Files
  /**
   * Files, and folders with all that is in them, to return.
   *
   * @maxItems 256
   *
   * Items: A plain relative path such as `in/data.txt`.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "taskPath".
   */
  outputs?: string[]
  /**
   * What all its random numbers grow from, so that they are the same on every worker. Default: one of the job's and the item's own.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "seed".
   */
  seed?: string | number
  /**
   * The moment at which its clock starts, with its zone, such as `2026-12-24T18:00:00Z`. Default: when the job was submitted.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "time".
   */
  time?: string
}
/**
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "input".
 */
export interface InputDocument {
  /**
   * A plain relative path such as `in/data.txt`.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "taskPath".
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
/**
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "outputWish".
 */
export interface OutputWish {
  /**
   * What the result calls it: `taskmesh job get ID NAME`, `job:<id>/<name>`.
   */
  name: string
  /**
   * A plain relative path such as `in/data.txt`.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "taskPath".
   */
  path: string
}
/**
 * How far a result is believed before it counts. Anything but `none` runs copies of the task on workers that do not vouch for each other (another owner, another address block) and compares what they return.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "verify".
 */
export interface VerifyDocument {
  /**
   * `spot`: a random share of results is checked by a copy on another, trusted worker. `quorum`: always so many copies, and so many of them must agree. `adaptive`: each worker is checked as often as its record asks for, a new one always.
   */
  mode?: 'none' | 'spot' | 'quorum' | 'adaptive'
  /**
   * Of `spot`: which share of results is checked.
   */
  share?: number
  /**
   * Of `quorum`: how many copies run from the start.
   */
  copies?: number
  /**
   * Of `quorum`: how many must return the same.
   */
  agree?: number
  /**
   * How many copies there may be in all where they disagree; then the item fails with VERIFY_UNDECIDED.
   */
  max_copies?: number
  /**
   * What the same is. `bytes`: the same text. `json`: the same value, whatever the order of keys. `number:1e-9`: as `json`, and numbers may differ by that much, absolute or relative. `function:NAME`: what a function of the mesh says of both, called with `{left, right}`.
   */
  compare?: string
}
/**
 * What one task needs. A worker with less is not considered; the engine holds the task to it as far as it can, and `enforces` says how far that is.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "resources".
 */
export interface ResourcesDocument {
  /**
   * CPU cores.
   */
  cpu?: number
  /**
   * An amount of bytes: text with a unit such as `512MiB`, or a whole number of bytes.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "bytes".
   */
  memory?: string | number
  /**
   * An amount of bytes: text with a unit such as `512MiB`, or a whole number of bytes.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "bytes".
   */
  disk?: string | number
  /**
   * GPUs.
   */
  gpu?: number
}
/**
 * What of the network a task may reach; for engines `container`, `function` and `process`. A function reaches what its program does, whatever is said here.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "network".
 */
export interface NetworkDocument {
  /**
   * `full`: whatever its machine reaches, where the worker's owner allows it.
   */
  mode?: 'none' | 'full'
}
/**
 * Which workers may run it.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "where".
 */
export interface WhereDocument {
  /**
   * Conditions on labels and facts, all of which must hold: `k = v`, `k != v`, `k in (a,b)`, `exists k`, `!k`, `k > n`; also on the engine, such as `isolation >= sandbox`, `exists enforces.memory`, `enforces.process.cpu = yes`.
   *
   * @maxItems 32
   */
  require?: string[]
  /**
   * @maxItems 32
   */
  prefer?: {
    match: string
    /**
     * -100 to 100; negative avoids.
     */
    weight: number
  }[]
  max_latency_ms?: number
  min_reputation?: number
  /**
   * Counted outcomes behind the reputation.
   */
  min_evidence?: number
  /**
   * @maxItems 256
   *
   * Items: A libp2p peer id.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "peerId".
   */
  only?: string[]
  /**
   * @maxItems 256
   *
   * Items: A libp2p peer id.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "peerId".
   */
  never?: string[]
}
/**
 * How the router chooses among the workers that may run it.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "route".
 */
export interface RouteDocument {
  preset?: 'balanced' | 'cpu' | 'gpu' | 'latency' | 'reliability'
  weights?: WeightsDocument
  /**
   * `best`, or `topN`: at random by score among the N best with room.
   */
  pick?: string
  /**
   * Whether a straggler may get a backup copy on an idle worker while the mesh has little to do: the first result counts, the other copy is stopped. By default so for tasks that touch nothing outside: builtin, and javascript and wasm without network. With `true` the task must bear being run twice at once.
   */
  hedge?: boolean
}
/**
 * How much each part of the score counts; 0 or more. They are normalised to a sum of 1.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "weights".
 */
export interface WeightsDocument {
  cpu?: number
  memory?: number
  disk?: number
  gpu?: number
  latency?: number
  reputation?: number
  /**
   * What a worker has of the task's inputs already; 0.3 by default. It counts for tasks with inputs alone.
   */
  data?: number
}
/**
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "timeouts".
 */
export interface TimeoutsDocument {
  /**
   * A duration with its unit, such as `30s` or `10m`.
   */
  queue?: string
  /**
   * A duration with its unit, such as `30s` or `10m`.
   */
  run?: string
  /**
   * A duration with its unit, such as `30s` or `10m`.
   */
  total?: string
  /**
   * From being asked to stop until it is killed; for engines whose tasks can hear it.
   */
  stop?: string
}
/**
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "retry".
 */
export interface RetryDocument {
  /**
   * Counts the first run.
   */
  attempts?: number
  backoff?: {
    type?: 'fixed' | 'exponential'
    /**
     * A duration with its unit, such as `30s` or `10m`.
     */
    delay?: string
    /**
     * A duration with its unit, such as `30s` or `10m`.
     */
    max?: string
    jitter?: number
  }
  /**
   * Whose faults are worth another attempt. `job` is left out by default: a typo is tried once.
   */
  on?: ('worker' | 'network' | 'router' | 'job')[]
  same_worker?: 'avoid' | 'never' | 'allow'
  /**
   * What becomes of a task that is not tried again: it fails, or is held until you release, rerun or stop it.
   */
  then?: 'fail' | 'hold'
}
/**
 * What to do when the worker that runs a task falls silent.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "onDisconnect".
 */
export interface OnDisconnectDocument {
  /**
   * A duration with its unit, such as `30s` or `10m`.
   */
  wait?: string
  /**
   * `reroute`: run it elsewhere. `hold`: wait for you, because it must not run twice.
   */
  then?: 'reroute' | 'hold'
}
/**
 * How long the router keeps what the job leaves behind, from its end on.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "keep".
 */
export interface KeepDocument {
  /**
   * A duration with its unit, such as `30s` or `10m`.
   */
  result?: string
  /**
   * A duration with its unit, such as `30s` or `10m`.
   */
  logs?: string
}
/**
 * One task of an array job.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "item".
 */
export interface ItemDocument {
  /**
   * Unique in the job; its position when absent.
   */
  id?: string
  input?: AnyJson
  /**
   * Overrides `task.args`.
   */
  args?:
    | {
        [k: string]: unknown
      }
    | WasmArgs
  argv?: Argv1
  env?: Env
  /**
   * Standard input as text, or `base64:…`.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "stdin".
   */
  stdin?: string
  files?: Files
  /**
   * What all its random numbers grow from, so that they are the same on every worker. Default: one of the job's and the item's own.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "seed".
   */
  seed?: string | number
  inputs?: Inputs
}
/**
 * What a job in `needs` returned, or the part of it at a path: a text as it is, anything else as its JSON text.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "jobReference".
 */
export interface JobReference {
  $job: string
  /**
   * Where in what it returned, such as `stdout`, `files[0].text` or, of an array job, `[2].total`.
   */
  at?: string
}
/**
 * A file or folder of the mesh that a task left.
 *
 * This interface was referenced by `JobDocument`'s JSON-Schema
 * via the `definition` "outputFile".
 */
export interface OutputFile {
  name: string
  /**
   * A file of the mesh, by its content.
   *
   * This interface was referenced by `JobDocument`'s JSON-Schema
   * via the `definition` "fileId".
   */
  file: string
  /**
   * Bytes; of a folder, of all its files.
   */
  size: number
  kind: 'file' | 'folder'
}
