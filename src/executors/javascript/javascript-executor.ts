/**
 * Engine `javascript`: runs `main(input)` of a module text that a stranger wrote, in a sandbox host.
 * Decides nothing about limits itself: the pool and its hosts hold them. Only memory is held by force: a
 * task has no disk, and one that asks for half a processor may use a whole one.
 */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { LIMITS } from '../../core/limits.ts'
import { MEMORY_BYTES_MIN } from '../../model/engines.ts'
import { MeshError } from '../../core/errors.ts'
import { SandboxPool } from '../sandbox/sandbox-pool.ts'
import { assert } from '../../core/assert.ts'
import { beginningOf } from '../repeatable.ts'
import { entryOf, ownFolders, ownModule, packageFolders } from '../sandbox/sandbox-program.ts'
import { formatBytes } from '../../core/units.ts'
import { handOverBytes } from '../output-handover.ts'
import { listInputs, programBytes } from '../input-files.ts'
import { checkTaskContent } from '../../model/task-content.ts'
import { checkTaskFolder } from '../../model/task-folder.ts'
import { neverBegan } from '../task-ends.ts'
import type { Clock } from '../../core/clock.ts'
import type { Executor, SandboxCounts, TaskOutcome, TaskRun } from '../executor.ts'
import type { InputListing } from '../input-files.ts'
import type { JavascriptRequest } from './guest.ts'
import type { JavascriptTask } from '../../model/generated/job.ts'
import type { SandboxPoolInit } from '../sandbox/sandbox-pool.ts'
import type { SandboxProgram } from '../sandbox/sandbox-program.ts'

export interface JavascriptExecutorComponents {
  clock: Clock
}

const INPUT_BOUNDS = {
  bytesMax: LIMITS.javascriptFileBytesMax,
  hint: 'use engine process, which reads them where they lie, or wasm with resources.disk'
}
/** Deep recursion in the guest needs this much of the host's stack: three quarters of the usual 8 MiB. */
const STACK_KIB_MAX = 6_000
/** The engine looks at the clock often enough to end a loop itself, which keeps the host. */
const KILL_GRACE_MS = 150
const MEMORY_SLACK_BYTES = 96 * 1_024 * 1_024

export class JavascriptExecutor implements Executor {
  readonly engine = 'javascript'
  readonly isolation = 'sandbox'
  readonly enforces = ['memory'] as const
  readonly allowsNetwork = false
  readonly names = []
  readonly #pool: SandboxPool<JavascriptRequest>

  /** `init.size` is how many tasks may run at the same time. */
  constructor({ clock }: JavascriptExecutorComponents, init: SandboxPoolInit = {}) {
    this.#pool = new SandboxPool({ clock, program: javascriptProgram() }, init)
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
    assert(task.engine === 'javascript', 'the registry gives each engine its own tasks')
    try {
      checkMemory(terms.memoryBytesMax)
      checkTaskContent(task.engine, task, 'task')
      checkTaskFolder({ task, ...terms })
      const inputs = await listInputs(terms.inputs, INPUT_BOUNDS)
      const request = requestOf({ ...task, source: await sourceOf(task, terms) }, terms, inputs)
      const attachments = inputs.flatMap(({ files }) => files)
      const { produced, ...outcome } = await this.#pool.run(request, terms, attachments)
      return await handOverBytes(outcome, produced, terms)
    } catch (error) {
      if (error instanceof MeshError) return neverBegan(error)
      throw error
    }
  }
}

function requestOf(
  task: JavascriptTask,
  terms: Omit<TaskRun, 'task'>,
  inputs: readonly InputListing[]
): JavascriptRequest {
  const { files = [], input = null, language = 'javascript', source } = task
  return {
    source,
    language,
    files,
    input: JSON.stringify(input),
    inputPaths: inputs.flatMap(({ files: found, path }) =>
      found.map((file) => (file.path === '' ? path : `${path}/${file.path}`))
    ),
    wishes: terms.outputs.map(({ path }) => path),
    writtenBytesMax: Math.min(terms.diskBytesMax ?? Infinity, LIMITS.javascriptFileBytesMax),
    ...beginningOf(task, terms)
  }
}

/** @throws MeshError FIELD_INVALID */
async function sourceOf(
  { source }: JavascriptTask,
  { programPath }: Pick<TaskRun, 'programPath'>
): Promise<string> {
  if (programPath === undefined) return source
  await programBytes(programPath, LIMITS.sourceBytesMax)
  return await readFile(programPath, 'utf8')
}

/** The engine's instance has as much from its first moment: less could not be held. @throws MeshError FIELD_INVALID */
function checkMemory(memoryBytesMax: number): void {
  const leastBytes = MEMORY_BYTES_MIN.javascript
  if (memoryBytesMax >= leastBytes) return
  throw new MeshError(
    'FIELD_INVALID',
    `a javascript task needs ${formatBytes(leastBytes)} of memory, and may have ${formatBytes(memoryBytesMax)}`,
    { path: 'resources.memory', hint: `ask for ${formatBytes(leastBytes)} or more`, blame: 'job' }
  )
}

/** The host that runs QuickJS. */
export function javascriptProgram(): SandboxProgram {
  return {
    entryPath: entryOf('javascript'),
    readablePaths: [
      ...ownFolders('javascript', 'sandbox', '../core'),
      ...ownModule('repeatable'),
      ...ownModule('../model/task-files'),
      ...packageFolders('amaro'),
      ...packageFolders('quickjs-emscripten-core'),
      ...packageFolders('@jitl/quickjs-wasmfile-release-sync'),
      ...packageFolders('@jitl/quickjs-ffi-types', 'quickjs-emscripten-core')
    ],
    nodeFlags: [`--stack-size=${stackKib()}`],
    killGraceMs: KILL_GRACE_MS,
    // Its inputs once, and the one that it reads at the moment; what it writes.
    memorySlackBytes: (_limits, attachedBytes) =>
      MEMORY_SLACK_BYTES +
      LIMITS.javascriptFileBytesMax +
      2 * attachedBytes.reduce((total, bytes) => total + bytes, 0)
  }
}

/** At most three quarters of what the system grants: beyond its end lies a crash, not an error. */
function stackKib(): number {
  if (process.platform !== 'linux') return STACK_KIB_MAX
  const granted = /^Max stack size\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return granted === undefined
    ? STACK_KIB_MAX
    : Math.min(STACK_KIB_MAX, Math.floor((Number(granted) * 3) / 4_096))
}
