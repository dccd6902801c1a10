/**
 * Engine `javascript`: runs `main(input)` of a module text that a stranger wrote, in a sandbox host.
 * Decides nothing about limits itself: the pool and its hosts hold them.
 */
import { readFileSync } from 'node:fs'
import { SandboxPool } from './sandbox-pool.ts'
import { assert } from '../core/assert.ts'
import { entryOf, ownFolders, packageFolders } from './sandbox-program.ts'
import type { Clock } from '../core/clock.ts'
import type { Executor, TaskOutcome, TaskRun } from './executor.ts'
import type { JavascriptRequest } from './javascript/guest.ts'
import type { SandboxPoolInit } from './sandbox-pool.ts'
import type { SandboxProgram } from './sandbox-program.ts'

export interface JavascriptExecutorComponents {
  clock: Clock
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
  readonly #pool: SandboxPool<JavascriptRequest>

  /** `init.size` is how many tasks may run at the same time. */
  constructor({ clock }: JavascriptExecutorComponents, init: SandboxPoolInit = {}) {
    this.#pool = new SandboxPool({ clock, program: javascriptProgram() }, init)
  }

  /** Process ids of its sandbox hosts. */
  get pids(): number[] {
    return this.#pool.pids
  }

  start(): Promise<void> {
    return this.#pool.start()
  }

  stop(): Promise<void> {
    return this.#pool.stop()
  }

  run({ task, ...terms }: TaskRun): Promise<TaskOutcome> {
    assert(task.engine === 'javascript', 'the registry gives each engine its own tasks')
    const input = JSON.stringify(task.input ?? null)
    return this.#pool.run({ source: task.source, input }, terms)
  }
}

/** The host that runs QuickJS. */
export function javascriptProgram(): SandboxProgram {
  return {
    entryPath: entryOf('javascript'),
    readablePaths: [
      ...ownFolders('javascript', 'sandbox', '../core'),
      ...packageFolders('quickjs-emscripten-core'),
      ...packageFolders('@jitl/quickjs-wasmfile-release-sync'),
      ...packageFolders('@jitl/quickjs-ffi-types', 'quickjs-emscripten-core')
    ],
    nodeFlags: [`--stack-size=${stackKib()}`],
    killGraceMs: KILL_GRACE_MS,
    memorySlackBytes: MEMORY_SLACK_BYTES
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
