/**
 * One node as a real process that can be killed, frozen, told to stop and started again in its folder.
 * It knows what was done to it, so that an end that nobody asked for is noticed.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deferred } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'
import { childrenOf } from './process-table.ts'
import type { ChildProcess } from 'node:child_process'
import type { Deferred } from '../../src/core/abort.ts'
import type { ProcessMark } from './process-table.ts'
import type { ReadyReport } from '../../src/roles/role.ts'

export interface CrashNodeInit {
  name: string
  role: ReadyReport['role']
  flags: readonly string[]
  home: string
  env: Readonly<Record<string, string>>
}

/** `up` only once it has said that it is ready. */
export type CrashNodeState = 'down' | 'starting' | 'up' | 'frozen'

const BINARY = fileURLToPath(new URL('../../bin/taskmesh.cjs', import.meta.url))
const REROUTE = fileURLToPath(new URL('reroute.ts', import.meta.url))

const START_MS_MAX = 60_000
/** A node that was told to stop gives its tasks and streams some seconds. */
const STOP_MS_MAX = 45_000

interface Running {
  child: ChildProcess
  exited: Deferred<number>
  /** Someone sent it a signal that ends it. */
  isEnding: boolean
}

export class CrashNode {
  readonly name: string
  readonly role: ReadyReport['role']
  readonly folder: string
  /** Ends and refusals that nobody asked for. */
  readonly complaints: string[] = []
  /** Children of processes that were killed: none may outlive its parent for long. */
  readonly orphans: ProcessMark[] = []
  readonly #init: CrashNodeInit
  #running: Running | undefined
  #report: ReadyReport | undefined
  #state: CrashNodeState = 'down'

  constructor(init: CrashNodeInit) {
    this.name = init.name
    this.role = init.role
    this.folder = join(init.home, init.name)
    this.#init = init
  }

  get state(): CrashNodeState {
    return this.#state
  }

  /** What it said when it was last ready. */
  get report(): ReadyReport {
    if (this.#report === undefined) throw new Error(`${this.name} was never ready`)
    return this.#report
  }

  /** @returns false if it was ended before it was ready */
  async start(): Promise<boolean> {
    if (this.#running !== undefined) throw new Error(`${this.name} runs already`)
    const running = this.#spawn()
    this.#running = running
    this.#state = 'starting'
    const cancel = systemClock.after(START_MS_MAX, () => {
      if (this.#running === running && this.#state === 'starting') this.#giveUp('did not start')
    })
    const report = await Promise.race([readyReport(running.child), running.exited.promise])
    cancel()
    if (typeof report === 'number' || this.#running !== running) return false
    this.#report = report
    if (this.#state === 'starting') this.#state = 'up'
    return true
  }

  /** As `kill -9` does. Its children are noted while it can't start another one. */
  async kill(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    running.isEnding = true
    running.child.kill('SIGSTOP')
    this.orphans.push(...childrenOf(running.child.pid))
    running.child.kill('SIGKILL')
    await running.exited.promise
  }

  /** For the end of the harness itself, which waits for nobody. */
  killAtOnce(): void {
    this.#running?.child.kill('SIGKILL')
  }

  /** As an operator's SIGTERM does. @returns the exit code, -1 if it had to be killed */
  async terminate(): Promise<number> {
    const running = this.#running
    if (running === undefined) return 0
    // A second SIGTERM means "at once", which is another fault than this one.
    if (running.isEnding) return await running.exited.promise
    this.thaw()
    running.isEnding = true
    this.orphans.push(...childrenOf(running.child.pid))
    running.child.kill('SIGTERM')
    const cancel = systemClock.after(STOP_MS_MAX, () => this.#giveUp('did not stop on SIGTERM'))
    const code = await running.exited.promise
    cancel()
    return code
  }

  /** It does nothing any more, but its connections stay. */
  freeze(): void {
    if (this.#state !== 'up') return
    this.#running?.child.kill('SIGSTOP')
    this.#state = 'frozen'
  }

  thaw(): void {
    if (this.#state !== 'frozen') return
    this.#running?.child.kill('SIGCONT')
    this.#state = 'up'
  }

  /** The last lines of its log, for a person. */
  logTail(letters = 4_000): string {
    return readFileSync(this.#logFile(), 'utf8').slice(-letters)
  }

  #logFile(): string {
    return join(this.#init.home, `${this.name}.log`)
  }

  #spawn(): Running {
    const { env, flags, name, role } = this.#init
    const log = openSync(this.#logFile(), 'a')
    const words = ['--import', REROUTE, BINARY, role, '--json', '--name', name, ...flags]
    const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', log] })
    closeSync(log)
    const running = { child, exited: deferred<number>(), isEnding: false }
    child.once('exit', (code, signal) => this.#onExit(running, code, signal))
    return running
  }

  #onExit(running: Running, code: number | null, signal: NodeJS.Signals | null): void {
    if (!running.isEnding) this.complaints.push(`${this.name} ended by itself: ${code ?? signal}`)
    else if (code !== null && code !== 0) {
      this.complaints.push(`${this.name} was told to stop and exited with ${code}`)
    }
    this.#running = undefined
    this.#state = 'down'
    running.exited.resolve(code ?? -1)
  }

  #giveUp(what: string): void {
    this.complaints.push(`${this.name} ${what}`)
    if (this.#running !== undefined) this.#running.isEnding = true
    this.#running?.child.kill('SIGKILL')
  }
}

/** The line that a role prints once it is ready; of one that never is, nothing ever. */
function readyReport(child: ChildProcess): Promise<ReadyReport> {
  const { promise, resolve } = deferred<ReadyReport>()
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += String(chunk)
    if (text.includes('\n')) resolve(JSON.parse(text.split('\n')[0] ?? '') as ReadyReport)
  })
  return promise
}
