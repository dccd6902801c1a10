/** One process of a scenario, as the bench sees it: started, asked, ended. */
import { fork } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Asker } from '../../support/process-questions.ts'
import type { ChildProcess } from 'node:child_process'
import type { BenchOptions } from './bench.ts'
import type { LoadInit, LoadResult } from './load.ts'

const STOP_MS = 10_000

export class BenchProcess {
  readonly #child: ChildProcess
  readonly #asker: Asker

  private constructor(child: ChildProcess, file: string) {
    this.#child = child
    this.#asker = new Asker(child, file)
  }

  /** Starts `test/bench/<file>` and waits until it answers. */
  static async start(file: string, init: unknown, options: BenchOptions): Promise<BenchProcess> {
    const { profileFolder } = options
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url))
    const child = fork(path, [writeInit(init, options)], {
      execArgv:
        profileFolder === undefined
          ? []
          : ['--cpu-prof', `--cpu-prof-dir=${join(profileFolder, nameOf(file, init))}`],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc']
    })
    const started = new BenchProcess(child, file)
    try {
      await started.ask('ready')
      return started
    } catch (cause) {
      await started.stop()
      throw cause
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  ask<T>(name: string, argument: unknown = null): Promise<T> {
    return this.#asker.ask(name, argument)
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
    await exited
    clearTimeout(timer)
  }
}

/** A load by one process, with the CPU per request that it costs there and in `others` together. */
export async function measureLoad(
  client: BenchProcess,
  others: readonly BenchProcess[],
  init: LoadInit
): Promise<Record<string, number>> {
  const before = await cpuOf(others)
  const load = await client.ask<LoadResult>('load', init)
  const after = await cpuOf(others)
  if (load.count === 0) throw new Error('not one request was answered')
  return {
    perSecond: load.perSecond,
    p50Us: load.p50Us,
    p99Us: load.p99Us,
    clientCpuUs: load.cpuUs / load.count,
    serverCpuUs: (after - before) / load.count
  }
}

async function cpuOf(processes: readonly BenchProcess[]): Promise<number> {
  const each = await Promise.all(processes.map((process) => process.ask<number>('cpu')))
  return each.reduce((sum, cpuUs) => sum + cpuUs, 0)
}

function nameOf(file: string, init: unknown): string {
  return `${file} ${JSON.stringify(init)}`.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 80)
}

/** In a file: a manifest of a large file is longer than an argument may be. */
function writeInit(init: unknown, { home }: BenchOptions): string {
  const file = join(mkdtempSync(join(home, 'init-')), 'init.json')
  writeFileSync(file, JSON.stringify(init))
  return file
}
