/**
 * `npm run bench -- [name…] [--quick] [--json]`: runs the benches one after the other and prints what
 * they measured. It judges nothing: figures on a shared machine fail no build. For work on one figure:
 * `--only TEXT` (cells such as `session, 64`), `--rounds COUNT`, `--profile FOLDER` (CPU profiles).
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadavg, tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { CAVEAT, describeMachine, renderMachine } from './support/machine.ts'
import { renderBench } from './support/report.ts'
import { runRounds } from './support/rounds.ts'
import { dashboardBench } from './dashboard.bench.ts'
import { enginesBench } from './engines.bench.ts'
import { filesBench } from './files.bench.ts'
import { intakeBench } from './intake.bench.ts'
import { jobsBench } from './jobs.bench.ts'
import { queueBench } from './queue.bench.ts'
import { restartBench } from './restart.bench.ts'
import { liveBench } from './live.bench.ts'
import { selectionBench } from './selection.bench.ts'
import { slotsBench } from './slots.bench.ts'
import { startupBench } from './startup.bench.ts'
import { storeBench } from './store.bench.ts'
import { swarmBench } from './swarm.bench.ts'
import { wireBench } from './wire.bench.ts'
import type { Bench, BenchOptions } from './support/bench.ts'
import type { BenchResult } from './support/rounds.ts'

const BENCHES: readonly Bench[] = [
  wireBench,
  filesBench,
  swarmBench,
  jobsBench,
  intakeBench,
  queueBench,
  restartBench,
  startupBench,
  selectionBench,
  liveBench,
  storeBench,
  enginesBench,
  slotsBench,
  dashboardBench
]

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    profile: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] }
  }
})

const benches = choose(positionals)
const machine = describeMachine()
const say = (text: string): void => void process.stderr.write(text)
if (!values.json) console.log(`${renderMachine(machine)}\n${CAVEAT}\n`)

const done: ({ name: string; loadAfter: number } & BenchResult)[] = []
for (const bench of benches) {
  const result = await runBench(bench).catch((cause: unknown) => {
    say(`${bench.name}: failed: ${cause instanceof Error ? cause.stack : String(cause)}\n`)
    process.exitCode = 1
  })
  if (result === undefined) continue
  const loadAfter = loadavg()[0] ?? Number.NaN
  done.push({ name: bench.name, loadAfter, ...result })
  if (values.json) continue
  console.log(renderBench(bench, result))
  console.log(`  load ${loadAfter.toFixed(1)} at the end. ${CAVEAT}\n`)
}
if (values.json) console.log(JSON.stringify({ machine, caveat: CAVEAT, benches: done }, null, 2))

function choose(names: readonly string[]): readonly Bench[] {
  const unknown = names.find((name) => !BENCHES.some((bench) => bench.name === name))
  if (unknown !== undefined) {
    say(`no bench "${unknown}"; there are ${BENCHES.map((bench) => bench.name).join(', ')}\n`)
    process.exit(2)
  }
  return names.length === 0 ? BENCHES : BENCHES.filter((bench) => names.includes(bench.name))
}

async function runBench(bench: Bench): Promise<BenchResult> {
  const home = mkdtempSync(join(tmpdir(), 'taskmesh-bench-'))
  const profileFolder = values.profile === undefined ? undefined : resolve(values.profile)
  if (profileFolder !== undefined) mkdirSync(profileFolder, { recursive: true })
  const options: BenchOptions = { isQuick: values.quick, profileFolder, home }
  const rounds = Number(values.rounds ?? (values.quick ? bench.rounds.quick : bench.rounds.full))
  say(`${bench.name}: starting\n`)
  try {
    const prepared = await bench.prepare(options)
    try {
      const cells = prepared.cells.filter((cell) => isWanted(`${cell.design}, ${cell.variant}`))
      return await runRounds(bench, { ...prepared, cells }, rounds, (round) =>
        say(
          round < 0
            ? `${bench.name}: warming up\n`
            : `${bench.name}: round ${round + 1} of ${rounds}\n`
        )
      )
    } finally {
      await prepared.stop()
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function isWanted(cell: string): boolean {
  return values.only.length === 0 || values.only.some((text) => cell.includes(text))
}
