/** What a slot of each engine holds in memory, idle and busy: that of its sandboxes, and by what the node grows. */
import { BenchProcess } from './support/bench-process.ts'
import {
  descendants,
  proportionalBytes,
  treeFigures
} from '../../src/executors/process/process-tree.ts'
import { spawnHeld } from './support/bare-calls.ts'
import type { Bench, BenchOptions, Cell, Prepared, Sample } from './support/bench.ts'
import type { EngineDesignName } from './support/engine-designs.ts'
import type { ExecutorsProcessInit } from './executors-process.ts'

/** Enough that what they share, and what the node takes once, shows. */
const SLOTS = 4
const STATES = ['idle', 'busy'] as const
type State = (typeof STATES)[number]

const DESIGNS: Record<State, readonly EngineDesignName[]> = {
  idle: ['function thread', 'javascript', 'wasm'],
  busy: ['function thread', 'javascript', 'wasm', 'process unsafe', 'process', 'container']
}

const BARE = 'bare node'

export const slotsBench: Bench = {
  name: 'slots',
  title: `memory of a slot: an engine with ${SLOTS} of them, idle and busy`,
  notes: [
    'RSS counts pages that processes share once for each, PSS (of /proc/PID/smaps_rollup) by shares: what another',
    'slot takes away from the machine. Each is of all processes below the node, by slots. node PSS: by what the',
    'node itself grew, by slots; threads are inside it. busy: a guest that spins, a program that sleeps; it adds',
    'what the task itself uses. bare node: `node` with one timer and nothing else. process and container',
    'keep nothing while they are idle. A node below zero shares more pages than before; what podman keeps beside',
    'the node for a container is not counted.'
  ],
  columns: [
    { metric: 'pssMib', title: 'PSS MiB', digits: 1 },
    { metric: 'rssMib', title: 'RSS MiB', digits: 1 },
    { metric: 'nodePssMib', title: 'node PSS MiB', digits: 1 },
    { metric: 'processes', title: 'processes', digits: 1 }
  ],
  primary: 'pssMib',
  reference: BARE,
  comparisons: [],
  rounds: { quick: 1, full: 3 },
  warmUpRounds: 0,
  prepare
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  if (process.platform !== 'linux') {
    const skipped = [{ what: 'slots', why: 'memory is read from /proc, which is Linux' }]
    return { cells: [], skipped, stop: async () => {} }
  }
  const cells = STATES.flatMap((state): Cell[] => [
    { design: BARE, variant: state, measure: measureBare },
    ...DESIGNS[state].map((design) => ({
      design,
      variant: state,
      measure: () => measure(design, state, options)
    }))
  ])
  return { cells, skipped: [], stop: async () => {} }
}

async function measureBare(): Promise<Sample> {
  const children = await Promise.all(
    Array.from({ length: SLOTS }, () =>
      spawnHeld([process.execPath, '-e', 'console.log(); setInterval(() => {}, 1e6)'])
    )
  )
  const pids = children.map(({ pid }) => pid ?? 0)
  const sample = perSlot(pids, 0)
  for (const child of children) child.kill('SIGKILL')
  return sample
}

/** A node of its own, so that nothing of another engine is in the figures. */
async function measure(
  design: EngineDesignName,
  state: State,
  options: BenchOptions
): Promise<Sample> {
  const init: ExecutorsProcessInit = { home: options.home, slots: SLOTS }
  const node = await BenchProcess.start('executors-process.ts', init, options)
  try {
    await node.ask('settle')
    const others = descendants(node.pid)
    const before = proportionalBytes([node.pid])
    await node.ask(state === 'idle' ? 'idle' : 'occupy', design)
    const sandboxes = descendants(node.pid).filter((pid) => !others.includes(pid))
    return perSlot(sandboxes, proportionalBytes([node.pid]) - before)
  } finally {
    await node.stop()
  }
}

function perSlot(pids: readonly number[], nodeBytes: number): Sample {
  const mibPerSlot = (bytes: number): number => bytes / 2 ** 20 / SLOTS
  return {
    pssMib: mibPerSlot(proportionalBytes(pids)),
    rssMib: mibPerSlot(treeFigures(pids).residentBytes),
    nodePssMib: mibPerSlot(nodeBytes),
    processes: pids.length / SLOTS
  }
}
