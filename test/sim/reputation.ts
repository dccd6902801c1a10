/**
 * The attack table on the mesh's own ledger, checks and verification: each figure beside that of the design.
 * A figure is worse where it is above its target by more than what two means of so many seeds differ by chance.
 */
import { HOUR_MS } from '../../src/simulation/reputation/scenario.ts'
import { MEASURES, REPUTATION_ROWS } from './reputation-rows.ts'
import { simulateReputation } from '../../src/simulation/reputation/simulate.ts'
import type { Figures, Measure, Row } from './reputation-rows.ts'
import type { ReputationResult } from '../../src/simulation/reputation/simulate.ts'
import type { Scenario } from '../../src/simulation/reputation/scenario.ts'
import type { Simulation, SimulationOptions } from './simulation.ts'

const FIRST_SEED = 1
/** As the design's figures are means of. */
const SEEDS = 3
/** A figure is given to so many digits. */
const HALF_DIGIT = 0.005
const DEVIATIONS = 2

export const reputationSimulation: Simulation = {
  name: 'reputation',
  run: async (options) => {
    const rows = REPUTATION_ROWS.map((row) => runRow(row, options))
    const text = [HEAD, ...rows.flatMap(renderRow)].join('\n')
    const missed = rows.flatMap(({ attack, figures }) =>
      figures
        .filter(({ isMet }) => !isMet)
        .map(({ means, name, target }) => `${attack}: ${name} ${shown(means)} > ${shown(target)}`)
    )
    return { data: rows, text, missed }
  }
}

const HEAD =
  'Means per window: the first 10 minutes / to 1 hour / to 4 hours; of attacks that come and go, to 1 / 4 / 8 hours.\n'

/** One figure, beside what it is to be. */
interface Figure {
  name: Measure['name']
  means: number[]
  target: Figures
  isMet: boolean
  /** Of routers that go by the rate of success: here, and by the design. */
  naive: number[]
  naiveOfDesign: string | undefined
}

interface RowResult {
  attack: string
  figures: Figure[]
  /** In percent of the jobs. */
  extra: number[]
  undecided: number[]
  goodQuarantined: number
  identities: number
  /** Of each run. */
  traces: string[]
}

function runRow({ attack, measures, naive, scenario }: Row, options: SimulationOptions): RowResult {
  const { say, seed = FIRST_SEED, size } = options
  const isQuick = size === 'quick'
  say(`reputation: ${attack}\n`)
  const seeds = Array.from({ length: isQuick ? 1 : SEEDS }, (_, index) => seed + index)
  const run = (changes: Partial<Scenario>): ReputationResult[] =>
    seeds.map((one) => simulateReputation({ ...shortened(scenario, isQuick), ...changes }, one))
  const ours = run({})
  const theirs = naive === undefined ? [] : run({ isSharing: false, judgement: naive })
  return {
    attack,
    figures: measures.map((measure) => figureOf(measure, ours, theirs)),
    extra: meansOf(ours, ({ extra }) => 100 * extra),
    undecided: meansOf(ours, ({ undecided }) => 100 * undecided),
    goodQuarantined: meanOf(ours.map(({ goodQuarantined }) => goodQuarantined)),
    identities: meanOf(ours.map(({ identities }) => identities)),
    traces: ours.map(({ trace }) => trace)
  }
}

function figureOf(
  { naive, name, noise, target }: Measure,
  ours: readonly ReputationResult[],
  theirs: readonly ReputationResult[]
): Figure {
  const means = meansOf(ours, MEASURES[name])
  const slack = HALF_DIGIT + DEVIATIONS * noise * Math.sqrt(1 / ours.length + 1 / SEEDS)
  return {
    name,
    means,
    target: target.slice(0, means.length),
    isMet: means.every((mean, index) => mean <= (target[index] ?? Infinity) + slack),
    naive: meansOf(theirs, MEASURES[name]),
    naiveOfDesign: naive
  }
}

function renderRow({
  attack,
  extra,
  figures,
  goodQuarantined,
  identities,
  undecided
}: RowResult): string[] {
  const lines = figures.map(({ isMet, means, naive, naiveOfDesign, name, target }) => {
    const ours = `${name.padEnd(12)} ${shown(means)}  design ${shown(target)}`
    const verdict = isMet ? 'ok   ' : 'WORSE'
    const theirs = naive.length === 0 ? '' : `; naive ${shown(naive)}`
    const ofDesign = naiveOfDesign === undefined ? '' : `, design ${naiveOfDesign}`
    return `  ${verdict} ${ours}${theirs}${ofDesign}`
  })
  const names = identities === 0 ? '' : `; ${Math.round(identities)} new names`
  const cost = `        extra executions ${shown(extra, 1)} %, undecided ${shown(undecided)} %, good workers quarantined ${goodQuarantined.toFixed(1)}${names}`
  return [attack, ...lines, cost]
}

function meansOf(
  results: readonly ReputationResult[],
  read: (typeof MEASURES)[keyof typeof MEASURES]
): number[] {
  const [first] = results
  return (first?.windows ?? []).map((_, index) =>
    meanOf(results.flatMap(({ windows }) => windows.slice(index, index + 1).map(read)))
  )
}

function meanOf(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length
}

function shortened(scenario: Scenario, isQuick: boolean): Scenario {
  if (!isQuick) return scenario
  return { ...scenario, windowsMs: scenario.windowsMs.filter((endMs) => endMs <= HOUR_MS) }
}

function shown(figures: Figures, digits = 2): string {
  return figures.map((figure) => figure?.toFixed(digits) ?? '-').join(' / ')
}
