/** `taskmesh route simulate`: what a mesh would make of its jobs, here in virtual time, beside other policies. */
import { setImmediate } from 'node:timers/promises'
import { EXIT } from '../exit-codes.ts'
import { API_FLAGS, flag } from '../command.ts'
import { formatDuration } from '../../core/units.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { POLICIES, scenarioOf } from '../../simulation/routing/scenario.ts'
import { MIXES } from '../../simulation/routing/job-mix.ts'
import { formatCount, plural, renderBar, renderGrid } from '../render.ts'
import { connectToRouter } from '../router-connection.ts'
import { readScenario } from '../../simulation/routing/scenario-document.ts'
import { readTextFile } from '../local-files.ts'
import { simulateRouting } from '../../simulation/routing/simulate.ts'
import type { Args } from '../args.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { MixName } from '../../simulation/routing/job-mix.ts'
import type { PolicyName, RoutingScenario } from '../../simulation/routing/scenario.ts'
import type { RoutingResult } from '../../simulation/routing/simulate.ts'
import type { Style } from '../render.ts'

const WORKERS_DEFAULT = 20
const ROUTERS_DEFAULT = 5
const LOAD_DEFAULT = 0.75
const JOBS_DEFAULT = 20_000
const LIMITS_OF = { workers: 1_000, routers: 50, jobs: 1_000_000 } as const
const LOAD_MAX = 2
const BAR_LETTERS = 24
const HUNDRED = 100

export const routeSimulateCommand: CliCommand = {
  words: 'route simulate',
  summary: 'see what routing makes of a mesh and its load, in virtual time, beside other policies',
  positionals: [
    { name: 'file', describe: 'mesh and load (JSON), or - for stdin', isOptional: true }
  ],
  flags: {
    'from-mesh': flag('switch', 'take the workers that the router knows now'),
    workers: flag('text', `make up so many workers [${WORKERS_DEFAULT}]`),
    routers: flag('text', `so many routers [${ROUTERS_DEFAULT}]`),
    mix: { ...flag('text', 'what jobs come [mixed]'), choices: Object.keys(MIXES) },
    load: flag('text', `share of what the workers can do, or batch [${LOAD_DEFAULT}]`),
    churn: flag('switch', 'workers crash and slow down'),
    cold: flag('switch', 'routers know of no worker how well it does'),
    jobs: flag('text', `so many jobs [${formatCount(JOBS_DEFAULT)}]`),
    seed: flag('text', 'the same seed gives the same run [1]'),
    policy: { ...flag('list', 'only these (repeatable) [all]'), choices: [...POLICIES] },
    ...API_FLAGS
  },
  examples: [
    ['taskmesh route simulate', 'a made-up mesh of 20 workers and 5 routers'],
    ['taskmesh route simulate --from-mesh --load 0.9', 'your own workers under heavy load'],
    ['taskmesh route simulate mesh.json --churn --policy mesh --policy omniscient', 'one of yours']
  ],
  notes:
    'mesh is what routers of the mesh do, by their own code. omniscient knows how long each job takes and all that workers do: nobody can, so it is what the others are measured by. It keeps the order in which jobs come; where large ones hold up small ones, less than 1× is possible. docs/simulation.md says what the other policies and the mixes of jobs are.',
  run: async (context) => {
    const { args, output } = context
    const scenario = await scenarioFor(context)
    const policies = policiesFor(args)
    const results = await runAll(scenario, policies, context)
    output.value(toData(scenario, results), (style) => render(scenario, results, style))
    return EXIT.completed
  }
}

interface PolicyResult {
  policy: PolicyName
  result: RoutingResult
}

/** What is said on the command line goes before what the file says. */
async function scenarioFor({ args, terminal }: CommandContext): Promise<RoutingScenario> {
  const file = args.optionalPositional('file')
  const isFromMesh = args.has('from-mesh')
  if (isFromMesh && file !== undefined) {
    throw new MeshError('FIELD_INVALID', 'a file and --from-mesh both say what the workers are', {
      path: '--from-mesh'
    })
  }
  if (isFromMesh) {
    refuseWith(args, ['workers'], '--from-mesh says what the workers are')
    const nodes = await connectToRouter(args).nodes({}, { signal: terminal.signal })
    if (nodes.length === 0) throw new MeshError('NODE_NOT_FOUND', 'the router knows no worker')
    const workers = nodes.slice(0, LIMITS_OF.workers).map((node) => ({
      name: node.peer_id,
      slots: node.slots,
      speed_ghz: node.capabilities?.cpu_speed_ghz ?? 1,
      memory_mb: node.capabilities?.memory_total_mb ?? 1,
      latency_ms: node.latency_ms ?? 0
    }))
    return readScenario({ ...flagsOf(args), workers })
  }
  if (file === undefined) return madeUp(args)
  refuseWith(args, ['workers'], 'the file says what the workers are')
  const text = file === '-' ? (await terminal.readStdin()).toString() : readTextFile(file, 'file')
  const document = readDocument(text)
  const isObject = typeof document === 'object' && document !== null && !Array.isArray(document)
  if (!isObject)
    throw new MeshError('FIELD_INVALID', 'the file must hold a JSON object', { path: 'file' })
  return readScenario({ ...document, ...flagsOf(args) })
}

/** @throws MeshError FIELD_INVALID */
function readDocument(text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', messageOf(cause), {
      path: 'file',
      hint: 'it holds what schemas/route-scenario.schema.json says',
      cause
    })
  }
}

function madeUp(args: Args): RoutingScenario {
  const load = loadOf(args) ?? LOAD_DEFAULT
  return scenarioOf({
    workers: countOf(args, 'workers') ?? WORKERS_DEFAULT,
    routers: countOf(args, 'routers') ?? ROUTERS_DEFAULT,
    mix: (args.text('mix') ?? 'mixed') as MixName,
    load,
    hasChurn: args.has('churn'),
    isCold: args.has('cold'),
    jobs: countOf(args, 'jobs') ?? JOBS_DEFAULT,
    seed: args.integer('seed') ?? 1
  })
}

/** As a document has them; only those that were given. */
function flagsOf(args: Args): Record<string, unknown> {
  const given: Record<string, unknown> = {
    routers: countOf(args, 'routers'),
    mix: args.text('mix'),
    load: loadOf(args),
    churn: args.has('churn') || undefined,
    cold: args.has('cold') || undefined,
    jobs: countOf(args, 'jobs'),
    seed: args.integer('seed')
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function countOf(args: Args, name: keyof typeof LIMITS_OF): number | undefined {
  const count = args.integer(name, 1)
  if (count === undefined || count <= LIMITS_OF[name]) return count
  throw new MeshError('FIELD_INVALID', `${count} is more than ${formatCount(LIMITS_OF[name])}`, {
    path: `--${name}`
  })
}

function loadOf(args: Args): number | 'batch' | undefined {
  if (args.text('load') === 'batch') return 'batch'
  const load = args.number('load')
  if (load === undefined || (load > 0 && load <= LOAD_MAX)) return load
  throw new MeshError('FIELD_INVALID', `"${load}" is no load`, {
    path: '--load',
    hint: `a number above 0 and up to ${LOAD_MAX}, such as 0.9, or batch`
  })
}

function refuseWith(args: Args, flags: readonly string[], why: string): void {
  const wrong = flags.find((name) => args.text(name) !== undefined)
  if (wrong !== undefined) throw new MeshError('FIELD_INVALID', why, { path: `--${wrong}` })
}

/** Without the omniscient one there would be nothing to measure by. */
function policiesFor(args: Args): PolicyName[] {
  const chosen = args.list('policy')
  return POLICIES.filter(
    (policy) => chosen.length === 0 || chosen.includes(policy) || policy === 'omniscient'
  )
}

async function runAll(
  scenario: RoutingScenario,
  policies: readonly PolicyName[],
  { output, terminal }: CommandContext
): Promise<PolicyResult[]> {
  const results: PolicyResult[] = []
  const isLive = terminal.stderr.isTTY && !output.isQuiet
  for (const policy of policies) {
    // A simulation takes the whole thread: between two of them Ctrl-C is heard.
    await setImmediate()
    terminal.signal.throwIfAborted()
    const say = (share: number): void => {
      const percent = Math.floor(share * HUNDRED)
      if (isLive) terminal.stderr.write(`\r${policy.padEnd(BAR_LETTERS)}${percent} % `)
    }
    const result = simulateRouting(scenario, policy, { onProgress: say })
    if (isLive) terminal.stderr.write('\r\u001B[K')
    results.push({ policy, result })
  }
  return results
}

function toData(scenario: RoutingScenario, results: readonly PolicyResult[]): unknown {
  const { fleet, hasChurn, isCold, jobCount, load, seed } = scenario
  return {
    workers: fleet.workers.length,
    routers: fleet.routerCount,
    jobs: jobCount,
    load,
    churn: hasChurn,
    cold: isCold,
    seed,
    policies: results.map(({ policy, result }) => ({
      policy,
      p50_ms: result.p50Ms,
      p99_ms: result.p99Ms,
      mean_ms: result.meanMs,
      makespan_ms: result.makespanMs,
      unstable: result.isUnstable,
      done: result.doneCount,
      sends: result.tally.sends,
      refusals: result.tally.refusals,
      losses: result.tally.losses,
      probes: result.tally.probes,
      backups: result.tally.backups
    }))
  }
}

function render(
  { fleet, hasChurn, isCold, jobCount, load }: RoutingScenario,
  results: readonly PolicyResult[],
  style: Style
): string {
  const head = [
    plural(fleet.workers.length, 'worker'),
    plural(fleet.routerCount, 'router'),
    plural(jobCount, 'job'),
    load === 'batch' ? 'all at once' : `load ${Math.round(load * HUNDRED)} %`,
    ...(hasChurn ? ['machines fail'] : []),
    ...(isCold ? ['nobody is known'] : [])
  ]
  const parts = [
    chart('half of the jobs are done within', results, ({ p50Ms }) => p50Ms, style),
    chart('99 of 100 within', results, ({ p99Ms }) => p99Ms, style),
    ...(load === 'batch'
      ? [chart('all within', results, ({ makespanMs }) => makespanMs, style)]
      : [])
  ]
  const piling = results.filter(({ result }) => result.isUnstable).map(({ policy }) => policy)
  const notes =
    piling.length === 0
      ? []
      : [`jobs pile up, as more come than are done, with: ${piling.join(', ')}`]
  return [head.join(', '), ...parts, ...notes].join('\n\n')
}

function chart(
  title: string,
  results: readonly PolicyResult[],
  figureOf: (result: RoutingResult) => number,
  style: Style
): string {
  const figures = results.map(({ result }) => figureOf(result))
  // One that is far off would leave nothing to be seen of the others.
  const [least = 1] = figures.toSorted((one, other) => one - other)
  const full = Math.min(Math.max(...figures), 8 * least)
  const measure = results.find(({ policy }) => policy === 'omniscient')?.result
  const rows = results.map(({ policy }, index) => {
    const figure = figures[index] ?? 0
    const bar = renderBar(figure / full, BAR_LETTERS) + (figure > full ? '…' : '')
    return [
      policy === 'mesh' ? style.bold(policy) : policy,
      formatDuration(Math.round(figure)),
      measure === undefined ? '' : `${(figure / figureOf(measure)).toFixed(2)}×`,
      policy === 'mesh' ? style.green(bar) : style.dim(bar)
    ]
  })
  return `${style.bold(title)}\n${renderGrid(rows, { aligns: ['left', 'right', 'right', 'left'] })}`
}
