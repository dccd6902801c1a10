/**
 * Ten thousand lives of a router, each from its seed. `SIMULATION_SEED=7 npm run test:simulation` lives
 * that one alone and shows its history; `SIMULATION_SEEDS=100` lives fewer of them.
 */
import { expect, test } from 'vitest'
import { MeshSimulation } from './mesh-simulation.ts'

/** Each of these broke a promise when what its line names was not yet so. */
const REGRESSIONS: readonly [number, string][] = [
  [14, 'a worker that is gone for good after a restart has not refused its task'],
  [62, 'what may run once is sent only once its beginning is stored'],
  [190, 'the end of an attempt is stored, even if another one follows'],
  [227, 'a worker keeps a result until it is stored here'],
  [239, 'an item that runs is stored together with its attempt'],
  [1_456, 'what failed to be stored is stored before what came after it']
]

const SEEDS_PER_TEST = 500

const only = process.env['SIMULATION_SEED']
const seedCount = Number(process.env['SIMULATION_SEEDS'] ?? 10_000)
const firsts = Array.from(
  { length: Math.ceil(seedCount / SEEDS_PER_TEST) },
  (_, index) => 1 + index * SEEDS_PER_TEST
)

/** What a seed breaks, with its history; nothing if it breaks nothing. */
async function failureOf(seed: number): Promise<string> {
  if ((await new MeshSimulation(seed).run()).length === 0) return ''
  const trace: string[] = []
  await new MeshSimulation(seed, trace).run()
  return [`SIMULATION_SEED=${seed}`, ...trace].join('\n')
}

/** Of the first seed that breaks anything. */
async function failureFrom(first: number): Promise<string> {
  const last = Math.min(first + SEEDS_PER_TEST - 1, seedCount)
  for (let seed = first; seed <= last; seed += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    const failure = await failureOf(seed)
    if (failure !== '') return failure
  }
  return ''
}

async function traceOf(seed: number): Promise<string[]> {
  const trace: string[] = []
  await new MeshSimulation(seed, trace).run()
  return trace
}

test.runIf(only !== undefined)(`seed ${only} keeps every promise`, async () => {
  const trace = await traceOf(Number(only))
  console.log(trace.join('\n'))
  expect(trace.filter((line) => line.includes('BROKEN'))).toEqual([])
})

test.skipIf(only !== undefined).each(REGRESSIONS)('seed %i: %s', async (seed) => {
  expect(await failureOf(seed)).toBe('')
})

test.skipIf(only !== undefined).each(firsts)(
  'seeds from %i on keep every promise',
  async (first) => {
    expect(await failureFrom(first)).toBe('')
  }
)

test.skipIf(only !== undefined)('the same seed gives the same run', async () => {
  const trace = await traceOf(42)
  expect(trace.length).toBeGreaterThan(20)
  expect(await traceOf(42)).toEqual(trace)
})
