/** One node of the attacked mesh: a real process that is looked into through `witness.ts`, with its log in a file. */
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn } from 'node:child_process'
import { systemClock } from '../../src/core/clock.ts'
import { BINARY, RunningTaskmesh } from '../support/running-taskmesh.ts'
import { endsWithUs } from './children.ts'
import type { Glimpse, Question } from './witness.ts'
import type { ReadyReport } from '../../src/roles/role.ts'

export interface VictimInit {
  name: string
  words: readonly string[]
  home: string
  env: Readonly<Record<string, string>>
}

const WITNESS = fileURLToPath(new URL('witness.ts', import.meta.url))
const STOP_MS_MAX = 30_000
const LOOK_MS_MAX = 60_000

export class Victim {
  readonly name: string
  readonly report: ReadyReport
  readonly #running: RunningTaskmesh
  readonly #logFile: string
  /** Undefined as long as it runs. */
  #death: string | undefined
  #isStopping = false

  private constructor(init: VictimInit, running: RunningTaskmesh, report: ReadyReport) {
    this.name = init.name
    this.report = report
    this.#running = running
    this.#logFile = logFileOf(init)
    running.process.once('exit', (code, signal) => {
      if (!this.#isStopping) this.#death = `${this.name} ended by itself: ${code ?? signal}`
    })
  }

  static async start(init: VictimInit): Promise<Victim> {
    const log = openSync(logFileOf(init), 'a', 0o600)
    const [role = '', ...words] = init.words
    const child = spawn(
      process.execPath,
      ['--import', WITNESS, BINARY, role, '--json', '--name', init.name, ...words],
      { env: init.env, stdio: ['ignore', 'pipe', log, 'ipc'] }
    )
    closeSync(log)
    endsWithUs(child)
    const running = new RunningTaskmesh(child)
    return new Victim(init, running, await running.report())
  }

  get death(): string | undefined {
    return this.#death
  }

  /** What it says of itself; undefined of one that has ended. */
  async look(question: Question): Promise<Glimpse | undefined> {
    const { process: child } = this.#running
    if (this.#death !== undefined || !child.connected) return undefined
    const signal = AbortSignal.timeout(LOOK_MS_MAX)
    child.send(question)
    const [glimpse] = (await once(child, 'message', { signal })) as [Glimpse]
    return glimpse
  }

  /** The most memory that it ever had, in bytes; 0 where the system does not tell. */
  peakBytes(): number {
    try {
      const status = readFileSync(`/proc/${this.report.pid}/status`, 'utf8')
      return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024
    } catch {
      return 0
    }
  }

  log(): string {
    return readFileSync(this.#logFile, 'utf8')
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    const cancel = systemClock.after(STOP_MS_MAX, () => {
      this.#death ??= `${this.name} did not stop on SIGTERM`
      this.#running.process.kill('SIGKILL')
    })
    await this.#running.stop()
    cancel()
  }
}

function logFileOf({ home, name }: VictimInit): string {
  return join(home, `${name}.log`)
}
