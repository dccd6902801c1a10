/** What a node costs before it does anything: time to its ready line, memory, idle CPU, role by role. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { startProgram } from './support/program.ts'
import type { Bench, BenchOptions, Prepared, Sample } from './support/bench.ts'
import type { Program } from './support/program.ts'
import type { ReadyReport } from '../../src/roles/role.ts'

const IDLE_MS = { quick: 1_500, full: 10_000 }
/** After the ready line a node still meets its peers; that is no idling. */
const SETTLE_MS = 500

/** Bare Node saying a line: nothing that starts Node starts faster. */
const BARE = ['-e', 'console.log("{}"); setInterval(() => {}, 1e6)']

const ROLES = ['bootstrap', 'worker', 'router'] as const

export const startupBench: Bench = {
  name: 'startup',
  title: 'from spawn to the ready line, then idle',
  notes: [
    'The program itself by its command line, with default engines and one slot per core; each round starts a mesh anew.',
    'bare node: node -e with one timer, the floor. Memory and CPU are those of the whole tree, sandboxes included;',
    'RSS counts pages that processes share once for each.'
  ],
  columns: [
    { metric: 'readyMs', title: 'ready ms', digits: 0 },
    { metric: 'startCpuMs', title: 'CPU ms to ready', digits: 0 },
    { metric: 'rssMib', title: 'RSS MiB', digits: 0 },
    { metric: 'processes', title: 'processes', digits: 0 },
    { metric: 'idleCpuPercent', title: 'idle CPU %', digits: 2 }
  ],
  primary: 'readyMs',
  reference: 'bare node',
  comparisons: [],
  rounds: { quick: 2, full: 5 },
  warmUpRounds: 0,
  prepare
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  if (process.platform !== 'linux') {
    const skipped = [{ what: 'startup', why: 'memory and CPU are read from /proc, which is Linux' }]
    return { cells: [], skipped, stop: async () => {} }
  }
  const mesh = new MeshRounds(options)
  const designs = ['bare node', ...ROLES] as const
  const cells = designs.map((design) => ({
    design,
    variant: 'role',
    measure: () => mesh.measure(design)
  }))
  return { cells, skipped: [], stop: () => mesh.stop() }
}

type Design = 'bare node' | (typeof ROLES)[number]

/** One mesh per round: started with the round's first cell, one role per cell, idle when all are there. */
class MeshRounds {
  readonly #options: BenchOptions
  readonly #programs = new Map<Design, Program>()
  #home = ''
  #bootstrap: string[] = []

  constructor(options: BenchOptions) {
    this.#options = options
  }

  async measure(design: Design): Promise<Sample> {
    if (design === 'bare node') {
      await this.stop()
      this.#home = mkdtempSync(join(this.#options.home, 'round-'))
    }
    const startMs = performance.now()
    const program = await startProgram(this.#wordsFor(design))
    const readyMs = performance.now() - startMs
    this.#programs.set(design, program)
    if (design === 'bootstrap') {
      this.#bootstrap = (JSON.parse(program.readyLine) as ReadyReport).addresses
    }
    const startCpuMs = program.figures().cpuMs
    const idleMs = this.#options.isQuick ? IDLE_MS.quick : IDLE_MS.full
    await sleepMs(SETTLE_MS)
    const before = program.figures()
    await sleepMs(idleMs)
    const { cpuMs, processCount, rssBytes } = program.figures()
    return {
      readyMs,
      startCpuMs,
      rssMib: rssBytes / 1_024 ** 2,
      processes: processCount,
      idleCpuPercent: ((cpuMs - before.cpuMs) / idleMs) * 100
    }
  }

  async stop(): Promise<void> {
    const programs = [...this.#programs.values()].toReversed()
    this.#programs.clear()
    for (const program of programs) await program.stop()
  }

  #wordsFor(design: Design): string[] {
    if (design === 'bare node') return BARE
    const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
    const bootstrap = this.#bootstrap.slice(0, 1).map((address) => `--bootstrap=${address}`)
    return [
      main,
      design,
      '--json',
      '--quiet',
      `--home=${this.#home}`,
      '--listen=/ip4/127.0.0.1/tcp/0',
      ...(design === 'bootstrap' ? [] : bootstrap),
      ...(design === 'router' ? ['--http=127.0.0.1:0'] : [])
    ]
  }
}

function sleepMs(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
