/**
 * The routing simulation: our policy and its rivals in a grid of meshes, as multiples of what an omniscient
 * scheduler has there. Cells are independent of each other, so they run on several threads.
 */
import { Worker } from 'node:worker_threads'
import {
  GRID_SEED,
  batchCells,
  heldOutCells,
  largeCells,
  quickCells,
  steadyCells
} from '../../src/simulation/routing/grid.ts'
import {
  LARGE_STRETCH,
  REACH,
  STRETCH,
  missedOf,
  ratiosOf,
  summarisePolicy
} from '../../src/simulation/routing/summary.ts'
import { POLICIES } from '../../src/simulation/routing/scenario.ts'
import { nameCell, renderCells, renderParts, renderPolicies } from './routing-table.ts'
import type { Cell, PolicyName } from '../../src/simulation/routing/scenario.ts'
import type { CellResult, PolicySummary } from '../../src/simulation/routing/summary.ts'
import type { RoutingTask } from './routing-thread.ts'
import type { Simulation, SimulationOptions, SimulationReport } from './simulation.ts'

/** Of the jobs of a full run. A fifth of them is past the first seconds, and moves no mean by more than 2 %. */
const JOB_SHARES = { quick: 0.2, usual: 0.3, full: 1 } as const
const THREAD = new URL('routing-thread.ts', import.meta.url)

const EXAMPLE = '"20/5 heavy 0.9 churn"'

/** Cells that are summed up together. */
interface Group {
  name: string
  cells: readonly Cell[]
  policies: readonly PolicyName[]
}

export const routingSimulation: Simulation = {
  name: 'routing',
  run: async (options) => {
    const groups = restrictedTo(options.cellWords, groupsOf(options))
    const tasks = groups.flatMap(({ cells, policies }) =>
      policies.flatMap((policy) => cells.map((cell) => ({ cell, policy })))
    )
    const results = await runAll(tasks, options)
    const { cellWords } = options
    return report(groups, results, cellWords !== undefined)
  }
}

function groupsOf({ seed = GRID_SEED, size }: SimulationOptions): Group[] {
  const jobShare = JOB_SHARES[size]
  if (size === 'quick') {
    const cells = quickCells(seed, jobShare)
    return [{ name: `${cells.length} cells, seed ${seed}`, cells, policies: POLICIES }]
  }
  const cells = [...steadyCells(seed, jobShare), ...batchCells(seed)]
  const grid = { name: `grid, ${cells.length} cells, seed ${seed}`, cells, policies: POLICIES }
  if (size !== 'full') return [grid]
  const some: readonly PolicyName[] = ['omniscient', 'mesh', 'c3']
  return [
    grid,
    { name: 'seeds never tuned on', cells: heldOutCells(jobShare), policies: some },
    { name: '1000 workers, 20 routers', cells: largeCells(seed, jobShare), policies: some }
  ]
}

/** @throws Error where no cell is left */
function restrictedTo(words: readonly string[] | undefined, groups: readonly Group[]): Group[] {
  if (words === undefined) return [...groups]
  const left = groups.map((group) => {
    const cells = group.cells.filter((cell) => isNamed(cell, words))
    return { ...group, name: `${group.name}, of them ${cells.length}`, cells }
  })
  if (left.every(({ cells }) => cells.length === 0))
    throw new Error(`no cell is named "${words.join(' ')}"; one is named, for example, ${EXAMPLE}`)
  return left.filter(({ cells }) => cells.length > 0)
}

function isNamed(cell: Cell, words: readonly string[]): boolean {
  const names = nameCell(cell).split(' ')
  return words.every((word) => names.includes(word))
}

async function runAll(
  tasks: readonly RoutingTask[],
  { say, threads }: SimulationOptions
): Promise<CellResult[]> {
  const results: CellResult[] = []
  // The long ones first, so that no thread is left with one at the end.
  const left = tasks.toSorted((one, other) => one.cell.jobs - other.cell.jobs)
  await Promise.all(
    Array.from({ length: threads }, async () => {
      const thread = new Worker(THREAD)
      try {
        for (let task = left.pop(); task !== undefined; task = left.pop()) {
          results.push(await runOne(thread, task))
          say(`\r${results.length} of ${tasks.length} simulations `)
        }
      } finally {
        await thread.terminate()
      }
    })
  )
  say('\n')
  return results
}

async function runOne(thread: Worker, task: RoutingTask): Promise<CellResult> {
  const { promise, reject, resolve } = Promise.withResolvers<CellResult>()
  thread.once('message', resolve)
  thread.once('error', reject)
  thread.postMessage(task, [])
  try {
    return await promise
  } finally {
    thread.off('message', resolve).off('error', reject)
  }
}

/** @param isByCell whether each cell is told of by itself: a few, of which means say little */
function report(
  groups: readonly Group[],
  results: readonly CellResult[],
  isByCell: boolean
): SimulationReport {
  const texts: string[] = []
  const missed: string[] = []
  const data = groups.map(({ cells, name, policies }, index) => {
    const own = new Set(cells)
    const here = results.filter(({ cell }) => [...own].some((one) => isSame(one, cell)))
    const summaries = policies.map((policy) => summarisePolicy(policy, ratiosOf(here, policy)))
    const mesh = summaries.find(({ policy }) => policy === 'mesh') as PolicySummary
    texts.push(renderPolicies(name, summaries), renderParts(ratiosOf(here, 'mesh')))
    if (isByCell) texts.push(renderCells(ratiosOf(here, 'mesh')))
    if (index === 0) missed.push(...missedOf(mesh, REACH))
    const stretch = index === 2 ? LARGE_STRETCH : STRETCH
    return {
      name,
      jobs: jobsOf(cells),
      summaries,
      reach: REACH,
      stretch,
      mesh: ratiosOf(here, 'mesh')
    }
  })
  return { data, text: texts.join('\n\n'), missed }
}

function jobsOf(cells: readonly Cell[]): { least: number; most: number } {
  const counts = cells.map(({ jobs }) => jobs)
  return { least: Math.min(...counts), most: Math.max(...counts) }
}

function isSame(one: Cell, other: Cell): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
