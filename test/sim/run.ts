/**
 * `npm run sim -- [name…] [--quick|--full] [--seed N] [--cells WORDS] [--threads N] [--json]`: runs the simulations, prints
 * what they came to beside what is to be reached, and ends with code 1 where something is missed.
 */
import { parseArgs } from 'node:util'
import { liveSimulation } from './live.ts'
import { reputationSimulation } from './reputation.ts'
import { routingSimulation } from './routing.ts'
import type { Simulation, SimulationOptions } from './simulation.ts'

const SIMULATIONS: readonly Simulation[] = [routingSimulation, reputationSimulation, liveSimulation]
const THREADS_DEFAULT = 2

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    cells: { type: 'string' },
    threads: { type: 'string', default: String(THREADS_DEFAULT) },
    json: { type: 'boolean', default: false }
  }
})

const chosen = choose(positionals)
const options: SimulationOptions = {
  size: values.quick ? 'quick' : values.full ? 'full' : 'usual',
  seed: values.seed === undefined ? undefined : wholeNumber('--seed', values.seed),
  cellWords: values.cells?.split(/\s+/).filter((word) => word !== ''),
  threads: wholeNumber('--threads', values.threads),
  isForPrograms: values.json,
  say: (text) => void process.stderr.write(text)
}

const data: Record<string, unknown> = {}
const missed: string[] = []
for (const simulation of chosen) {
  const report = await simulation.run(options)
  data[simulation.name] = report.data
  missed.push(...report.missed.map((what) => `${simulation.name}: ${what}`))
  if (!values.json) console.log(`${report.text}\n`)
}
if (values.json) console.log(JSON.stringify(data, null, 2))
else console.log(missed.length === 0 ? 'All targets are met.' : `Missed:\n  ${missed.join('\n  ')}`)
process.exitCode = missed.length === 0 ? 0 : 1

function choose(names: readonly string[]): readonly Simulation[] {
  const unknown = names.filter(
    (name) => !SIMULATIONS.some((simulation) => simulation.name === name)
  )
  if (unknown.length > 0) {
    const known = SIMULATIONS.map(({ name }) => name).join(', ')
    throw new Error(`no simulation is named ${unknown.join(', ')}; there are: ${known}`)
  }
  return names.length === 0 ? SIMULATIONS : SIMULATIONS.filter(({ name }) => names.includes(name))
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new Error(`${flag} is "${text}", not a whole number from 1 up`)
}
