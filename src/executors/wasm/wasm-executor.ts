/**
 * Engine `wasm`: runs any WASI preview 1 command module with the arguments, the environment, the input
 * and the files that a task names. Decides nothing about limits itself: the guard, the in-memory
 * system, the pool and its hosts hold them. A module is one thread: it never has more than one
 * processor, and less is not held by force.
 */
import { DISK_BYTES_MAX } from '../../model/engines.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { SandboxPool } from '../sandbox/sandbox-pool.ts'
import { assert } from '../../core/assert.ts'
import { beginningOf } from '../repeatable.ts'
import { checkTaskContent } from '../../model/task-content.ts'
import { checkTaskFolder } from '../../model/task-folder.ts'
import { entryOf, ownFolders, ownModule } from '../sandbox/sandbox-program.ts'
import { handOverBytes } from '../output-handover.ts'
import { listInputs, programBytes } from '../input-files.ts'
import { formatBytes } from '../../core/units.ts'
import { neverBegan } from '../task-ends.ts'
import type { Attachment } from '../sandbox/byte-pipe.ts'
import type { Clock } from '../../core/clock.ts'
import type { Executor, SandboxCounts, TaskOutcome, TaskRun } from '../executor.ts'
import type { InputBounds, InputListing } from '../input-files.ts'
import type { SandboxPoolInit } from '../sandbox/sandbox-pool.ts'
import type { SandboxProgram } from '../sandbox/sandbox-program.ts'
import type { WasmRequest } from './program.ts'
import type { WasmTask } from '../../model/generated/job.ts'

export interface WasmExecutorComponents {
  clock: Clock
}

export interface WasmExecutorInit extends SandboxPoolInit {
  /** Longest body of one function that a module may have. @default 524288 */
  functionBytesMax?: number
}

type DiskLimit = Pick<TaskRun, 'diskBytesMax'>

/** Compilers keep far below it; a body of 7 MB held a thread for 7 s that nothing could interrupt. */
const FUNCTION_BYTES_MAX = 512 * 1_024
/** A result and its copies, and what compiling takes of a small module. */
const MEMORY_SLACK_BYTES = 64 * 1_024 * 1_024
/** A module that is compiled takes some times its length. */
const COMPILED_RATIO = 6
const BASE64_PREFIX = 'base64:'

export class WasmExecutor implements Executor {
  readonly engine = 'wasm'
  readonly isolation = 'sandbox'
  readonly enforces = ['memory', 'disk'] as const
  readonly allowsNetwork = false
  readonly names = []
  readonly #functionBytesMax: number
  readonly #pool: SandboxPool<WasmRequest>

  /** `init.size` is how many tasks may run at the same time. */
  constructor({ clock }: WasmExecutorComponents, init: WasmExecutorInit = {}) {
    this.#functionBytesMax = init.functionBytesMax ?? FUNCTION_BYTES_MAX
    this.#pool = new SandboxPool({ clock, program: wasmProgram() }, init)
  }

  /** Process ids of its sandbox hosts. */
  get pids(): number[] {
    return this.#pool.pids
  }

  sandboxes(): SandboxCounts {
    return this.#pool.counts()
  }

  start(): Promise<void> {
    return this.#pool.start()
  }

  stop(): Promise<void> {
    return this.#pool.stop()
  }

  /** It brings all that it needs. */
  refusalOf(): undefined {}

  async run({ task, ...terms }: TaskRun): Promise<TaskOutcome> {
    assert(task.engine === 'wasm', 'the registry gives each engine its own tasks')
    try {
      checkTaskContent(task.engine, task, 'task')
      checkTaskFolder({ task, ...terms })
      const inputs = await listInputs(terms.inputs, inputBounds(terms))
      const attachments = [
        await moduleOf(task, terms.programPath),
        ...inputs.flatMap(({ files }) => files)
      ]
      const request = this.#requestOf(task, terms, inputs)
      const { produced, ...outcome } = await this.#pool.run(request, terms, attachments)
      return await handOverBytes(outcome, produced, terms)
    } catch (error) {
      if (error instanceof MeshError) return neverBegan(error)
      throw error
    }
  }

  /** @throws MeshError FIELD_INVALID */
  #requestOf(
    task: WasmTask,
    terms: Omit<TaskRun, 'task'>,
    inputs: readonly InputListing[]
  ): WasmRequest {
    const { engine: _engine, module: _module, seed: _seed, time: _time, ...program } = task
    return {
      ...program,
      inputs: inputs.map(({ files, path }) => ({ path, files: files.map((file) => file.path) })),
      wishes: terms.outputs.map(({ path }) => path),
      ...beginningOf(task, terms),
      functionBytesMax: this.#functionBytesMax,
      fileBytesMax: fileBytesMax(terms)
    }
  }
}

/** @throws MeshError FIELD_INVALID */
function fileBytesMax({ diskBytesMax = LIMITS.taskFileBytesMax }: DiskLimit): number {
  if (diskBytesMax <= DISK_BYTES_MAX.wasm) return diskBytesMax
  throw new MeshError(
    'FIELD_INVALID',
    `the files of a wasm task lie in memory: it may have up to ${formatBytes(DISK_BYTES_MAX.wasm)}, and asks for ${formatBytes(diskBytesMax)}`,
    { path: 'resources.disk', hint: 'ask for less, or use engine process', blame: 'job' }
  )
}

function inputBounds(terms: DiskLimit): InputBounds {
  const bytesMax = fileBytesMax(terms)
  const hint =
    bytesMax < DISK_BYTES_MAX.wasm
      ? `ask for more with resources.disk, up to ${formatBytes(DISK_BYTES_MAX.wasm)}, or use engine process, which reads them where they lie`
      : 'use engine process, which reads them where they lie'
  return { bytesMax, hint }
}

/** @throws MeshError FIELD_INVALID */
async function moduleOf({ module }: WasmTask, path: string | undefined): Promise<Attachment> {
  if (path === undefined) return Buffer.from(module.slice(BASE64_PREFIX.length), 'base64')
  return { source: path, sizeBytes: await programBytes(path, LIMITS.moduleBytesMax) }
}

/** The host that runs WebAssembly programs. */
export function wasmProgram(): SandboxProgram {
  return {
    entryPath: entryOf('wasm'),
    readablePaths: [
      ...ownFolders('wasm', 'wasi', 'sandbox', '../core'),
      ...ownModule('output-tail'),
      ...ownModule('repeatable'),
      ...ownModule('../model/task-files')
    ],
    // Its one thread, which has no more rights than the process.
    nodeFlags: ['--allow-worker'],
    // A program that does not call the system cannot be asked to end.
    killGraceMs: 0,
    // A file that grows is there twice for a moment.
    memorySlackBytes: (limits, [moduleBytes = 0]) =>
      MEMORY_SLACK_BYTES + 2 * fileBytesMax(limits) + COMPILED_RATIO * moduleBytes
  }
}
