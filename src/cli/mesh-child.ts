/**
 * One node of a local mesh as a process of its own, in a process group of its own, so that Ctrl-C
 * reaches only us and we end it in good order. It ends by itself when we are gone, unless it is kept.
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MeshError, isErrorCode } from '../core/errors.ts'
import { deferred, sleep } from '../core/abort.ts'
import { systemClock } from '../core/clock.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ChildProcess } from 'node:child_process'
import type { PlannedNode } from './mesh-plan.ts'
import type { ReadyReport } from '../roles/role.ts'

/** The command itself, which also keeps what is compiled. */
export const PROGRAM_FILE: string = fileURLToPath(
  new URL('../../bin/taskmesh.cjs', import.meta.url)
)

/** Many times what it takes on a busy machine. */
const READY_TIMEOUT_MS = 60_000
const POLL_MS = 25
const STOP_TIMEOUT_MS = 8_000
const TAIL_LINES = 5

export interface MeshChildInit {
  home: string
  flags: readonly string[]
  /** True: it goes on when this process has ended. */
  isKept: boolean
}

export class MeshChild {
  readonly plan: PlannedNode
  readonly #folder: string
  readonly #process: ChildProcess
  readonly #ended = deferred<void>()
  #end: string | undefined
  #report: ReadyReport | undefined

  constructor(plan: PlannedNode, init: MeshChildInit) {
    this.plan = plan
    this.#folder = join(init.home, plan.name)
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const out = openSync(this.#outFile, 'w', 0o600)
    const log = openSync(this.logFile, 'w', 0o600)
    const words = [
      plan.role,
      '--json',
      '--home',
      init.home,
      '--name',
      plan.name,
      ...init.flags,
      ...plan.flags
    ]
    this.#process = spawn(process.execPath, [PROGRAM_FILE, ...words], {
      detached: true,
      stdio: init.isKept ? ['ignore', out, log] : ['ignore', out, log, 'ipc'],
      env: plainEnvironment()
    })
    closeSync(out)
    closeSync(log)
    this.#process.once('exit', (code, signal) => this.#onEnd(signal ?? `exit code ${code}`))
    this.#process.once('error', (error) => this.#onEnd(error.message))
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get logFile(): string {
    return join(this.#folder, 'node.log')
  }

  /** How it ended; undefined while it lives. */
  get end(): string | undefined {
    return this.#end
  }

  /** Resolves when the process has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  get report(): ReadyReport {
    if (this.#report === undefined) throw new Error(`${this.plan.name} is not ready`)
    return this.#report
  }

  /** @throws MeshError what its own error says, or INTERNAL with the end of its log */
  async ready(options: AbortOptions = {}): Promise<ReadyReport> {
    const untilMs = systemClock.monotonicMs() + READY_TIMEOUT_MS
    while (this.#report === undefined) {
      if (this.#end !== undefined) throw this.#startError(`ended while starting: ${this.#end}`)
      if (systemClock.monotonicMs() > untilMs) throw this.#startError('was not ready in time')
      // Each look at the file waits for the one before it.
      // oxlint-disable-next-line no-await-in-loop
      await sleep(systemClock, POLL_MS, options)
      this.#report = this.#readReport()
    }
    return this.#report
  }

  /** Asks it to end, and makes it end if it doesn't. */
  async stop(): Promise<void> {
    if (this.#end !== undefined) return
    this.#process.kill('SIGTERM')
    const cancel = systemClock.after(STOP_TIMEOUT_MS, () => void this.#process.kill('SIGKILL'))
    await this.#ended.promise
    cancel()
  }

  /** Lets this process end while the child goes on. */
  leave(): void {
    this.#process.unref()
  }

  get #outFile(): string {
    return join(this.#folder, 'ready.json')
  }

  #onEnd(how: string): void {
    this.#end ??= how
    this.#ended.resolve()
  }

  #readReport(): ReadyReport | undefined {
    const [line, rest] = readFileSync(this.#outFile, 'utf8').split('\n')
    // Without its line's end it is half written.
    return line === undefined || rest === undefined ? undefined : (JSON.parse(line) as ReadyReport)
  }

  /** A node's last words are its error as JSON; without them its log is all there is. */
  #startError(what: string): MeshError {
    const lines = readFileSync(this.logFile, 'utf8').trim().split('\n')
    const hint = `its log is ${this.logFile}`
    const error = parseError(lines.at(-1) ?? '')
    if (error !== undefined) {
      return new MeshError(error.code, `${this.plan.name}: ${error.message}`, {
        path: error.path,
        hint: error.hint ?? hint
      })
    }
    const tail = lines.slice(-TAIL_LINES).join(' | ')
    return new MeshError('INTERNAL', `${this.plan.name} ${what}${tail === '' ? '' : `: ${tail}`}`, {
      hint
    })
  }
}

function parseError(line: string): MeshError | undefined {
  try {
    const data = JSON.parse(line) as {
      code?: unknown
      message?: string
      path?: string | null
      hint?: string | null
    }
    if (!isErrorCode(data.code)) return undefined
    return new MeshError(data.code, data.message ?? '', {
      path: data.path ?? undefined,
      hint: data.hint ?? undefined
    })
  } catch {
    // An ordinary line of a log.
    return undefined
  }
}

/** Our own variables configure this process; its children get flags. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('TASKMESH_'))
  )
}
