/**
 * `node test/crash/run.ts [--seed N] [--jobs N] [--minutes N] [--routers N] [--workers N]`: a crash run of
 * any length. It prints its seed; the same seed gives the same jobs and the same faults at the same times.
 */
import { parseArgs } from 'node:util'
import { drawInteger } from './draw.ts'
import { runCrash } from './harness.ts'
import { systemRandom } from '../../src/core/random.ts'

const SEED_MAX = 999_999

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    jobs: { type: 'string', default: '2000' },
    minutes: { type: 'string', default: '0.75' },
    routers: { type: 'string', default: '2' },
    workers: { type: 'string', default: '4' }
  }
})

// By default a signal ends a process without its 'exit', at which the mesh ends its nodes.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1))
}

const seed = Number(values.seed ?? drawInteger(systemRandom, 1, SEED_MAX))
console.log(`seed ${seed}`)
const { home, summary, violations } = await runCrash({
  seed,
  jobs: Number(values.jobs),
  windowMs: Number(values.minutes) * 60_000,
  routers: Number(values.routers),
  workers: Number(values.workers),
  onProgress: (text) => console.log(text)
})
console.log(JSON.stringify(summary, null, 2))
console.log(`seed ${seed}: ${violations.length} violations`)
if (home !== undefined) console.log(`stores, journals and logs are in ${home}`)
process.exitCode = violations.length === 0 ? 0 : 1
