/** A process of the real program: what it prints, and how it ends. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { sleep } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { ChildProcess } from 'node:child_process'
import type { ReadyReport } from '../../src/roles/role.ts'

export const BINARY: string = fileURLToPath(new URL('../../bin/taskmesh.cjs', import.meta.url))
export const PROJECT: string = fileURLToPath(new URL('../..', import.meta.url))

const WAIT_TIMEOUT_MS = 60_000
const POLL_MS = 25

export class RunningTaskmesh {
  readonly process: ChildProcess
  stdout = ''
  stderr = ''
  #code: number | undefined

  constructor(child: ChildProcess) {
    this.process = child
    child.stdout?.on('data', (chunk) => (this.stdout += String(chunk)))
    child.stderr?.on('data', (chunk) => (this.stderr += String(chunk)))
    child.once('close', (code) => (this.#code = code ?? -1))
  }

  get hasEnded(): boolean {
    return this.#code !== undefined
  }

  /** The exit code, -1 for a signal. */
  async ended(): Promise<number> {
    if (this.#code === undefined) await once(this.process, 'close')
    return this.#code ?? -1
  }

  async until(isThere: () => boolean, what: string): Promise<void> {
    const untilMs = systemClock.monotonicMs() + WAIT_TIMEOUT_MS
    while (!isThere()) {
      if (this.hasEnded || systemClock.monotonicMs() > untilMs) {
        throw new Error(`no ${what}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`)
      }
      // oxlint-disable-next-line no-await-in-loop
      await sleep(systemClock, POLL_MS)
    }
  }

  /** Of a role started with `--json`. */
  async report(): Promise<ReadyReport> {
    await this.until(() => this.stdout.includes('\n'), 'ready line')
    return JSON.parse(this.stdout.split('\n')[0] ?? '') as ReadyReport
  }

  async stop(): Promise<number> {
    if (!this.hasEnded) this.process.kill('SIGTERM')
    return this.ended()
  }
}
