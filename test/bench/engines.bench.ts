/** What an engine adds to a job: each beside the least that the machine itself takes for the same. */
import { messageOf } from '../../src/core/errors.ts'
import { BenchProcess } from './support/bench-process.ts'
import type { Bench, BenchOptions, Cell, Comparison, Prepared, Skipped } from './support/bench.ts'
import type { EngineQuestion, ExecutorsProcessInit } from './executors-process.ts'
import type { LoadResult } from './support/load.ts'

const SLOTS = 2
const LOAD_MS = { quick: 250, full: 1_000 }

const TINY = [
  'bare ipc',
  'bare spawn',
  'builtin',
  'function inline',
  'function thread',
  'javascript',
  'wasm',
  'process unsafe',
  'process'
]

interface Variant {
  variant: string
  designs: readonly string[]
  inFlight: number
}

const VARIANTS: readonly Variant[] = [
  { variant: 'one at a time', designs: TINY, inFlight: 1 },
  { variant: 'two at a time', designs: TINY, inFlight: SLOTS },
  {
    variant: 'cold',
    designs: ['bare spawn', 'bare node', 'function thread cold', 'javascript cold', 'wasm cold'],
    inFlight: 1
  },
  { variant: 'container', designs: ['bare podman run', 'container'], inFlight: 1 },
  {
    variant: 'work',
    designs: ['V8 primes', 'javascript primes', 'zlib', 'bare gzip', 'wasm minigzip'],
    inFlight: 1
  }
]

export const enginesBench: Bench = {
  name: 'engines',
  title: 'jobs through the real engines, two slots each, no network around them',
  notes: [
    'One process owns all engines and starts the bare designs too, so that all pay for the same parent.',
    'A task is as small as its engine lets it be; the process engines run `true`. node CPU: of that process alone.',
    'bare ipc: a message to a waiting child and back, the limit of a warm sandbox. bare spawn: /bin/true, of a',
    'process. bare node: `node -e 0`, of a cold sandbox. cold: the engine started, one task, the engine stopped.',
    'bare podman run: of a container. process and container start anew for each task and know no cold and warm.',
    'work: primes below 30,000 by trial division, by QuickJS and by V8; gzip of 1 MiB, by minigzip as a wasm',
    "module, by Node's zlib and by gzip as a process."
  ],
  columns: [
    { metric: 'perSecond', title: 'jobs/s', digits: 1 },
    { metric: 'p50Us', title: 'p50 us', digits: 0 },
    { metric: 'p99Us', title: 'p99 us', digits: 0 },
    { metric: 'nodeCpuUs', title: 'node CPU us', digits: 0 }
  ],
  primary: 'p50Us',
  reference: 'bare spawn',
  comparisons: [
    ratio('one at a time', 'javascript', 'bare ipc'),
    ratio('one at a time', 'wasm', 'bare ipc'),
    ratio('one at a time', 'process unsafe', 'bare spawn'),
    ratio('one at a time', 'process', 'bare spawn'),
    ratio('cold', 'javascript cold', 'bare node'),
    ratio('cold', 'wasm cold', 'bare node'),
    ratio('container', 'container', 'bare podman run'),
    ratio('work', 'javascript primes', 'V8 primes'),
    ratio('work', 'wasm minigzip', 'zlib'),
    ratio('work', 'wasm minigzip', 'bare gzip')
  ],
  rounds: { quick: 3, full: 7 },
  warmUpRounds: 1,
  prepare
}

function ratio(variant: string, of: string, to: string): Comparison {
  return { label: `${of} / ${to}`, metric: 'p50Us', variant, of, to }
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const init: ExecutorsProcessInit = { home: options.home, slots: SLOTS }
  const process = await BenchProcess.start('executors-process.ts', init, options)
  const skipped: Skipped[] = []
  for (const design of new Set(VARIANTS.flatMap(({ designs }) => designs))) {
    try {
      await process.ask('prepare', design)
    } catch (cause) {
      const [why = ''] = messageOf(cause).split('\n')
      skipped.push({ what: design, why })
    }
  }
  const isThere = (design: string): boolean => !skipped.some(({ what }) => what === design)
  const durationMs = options.isQuick ? LOAD_MS.quick : LOAD_MS.full
  const cells = VARIANTS.flatMap(({ designs, inFlight, variant }) =>
    designs.filter(isThere).map((design): Cell => {
      const question: EngineQuestion = { design, inFlight, durationMs }
      return { design, variant, measure: () => measure(process, question) }
    })
  )
  return { cells, skipped, stop: () => process.stop() }
}

async function measure(
  process: BenchProcess,
  question: EngineQuestion
): Promise<Record<string, number>> {
  const load = await process.ask<LoadResult>('load', question)
  const { cpuUs, p50Us, p99Us, perSecond } = load
  return { perSecond, p50Us, p99Us, nodeCpuUs: cpuUs / load.count }
}
