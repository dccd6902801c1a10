/**
 * `npm run scale -- --workers 50,200,800`: runs meshes of so many light workers over real sockets, one after the other, and
 * prints what a node costs in each. `--processes N` that the workers live in, `--minutes N` for which a mesh is left alone,
 * `--bootstraps N`, `--seed N` of the workers' keys, `--plot FILE.svg`, `--json`. Ends with code 1 where a new router does
 * not come to know all.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { drawGrowth } from './plot.ts'
import { measureScale } from './measure.ts'
import { renderResults } from './report.ts'
import type { ScaleResult } from './measure.ts'

/** More in one process share their processor with too many others. */
const WORKERS_PER_PROCESS = 250
const MINUTE_MS = 60_000

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '50,200' },
    processes: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    bootstraps: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    plot: { type: 'string' },
    json: { type: 'boolean', default: false }
  }
})

// By default a signal ends a process without its 'exit'; the others end with the channel to this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1))
}

const say = (text: string): void => void process.stderr.write(`${text}\n`)
const results: ScaleResult[] = []
for (const workers of values.workers.split(',').map((text) => wholeNumber('--workers', text))) {
  const processes =
    values.processes === undefined
      ? Math.ceil(workers / WORKERS_PER_PROCESS)
      : wholeNumber('--processes', values.processes)
  const result = await measureScale({
    workers,
    processes: Math.min(processes, workers),
    bootstraps: wholeNumber('--bootstraps', values.bootstraps),
    windowMs: positive('--minutes', values.minutes) * MINUTE_MS,
    seed: wholeNumber('--seed', values.seed),
    say
  })
  results.push(result)
  // The next one takes longer, and may fail.
  say(renderResults([result]))
}

if (values.plot !== undefined) writeFileSync(values.plot, drawGrowth(results))
console.log(values.json ? JSON.stringify(results, null, 2) : renderResults(results))
const incomplete = results.filter(({ newcomer }) => newcomer.missingCount > 0)
for (const { newcomer, workers } of incomplete) {
  console.error(`of ${workers} workers a new router does not know ${newcomer.missingCount}`)
}
process.exitCode = incomplete.length === 0 ? 0 : 1

function wholeNumber(flag: string, text: string): number {
  const value = positive(flag, text)
  if (Number.isSafeInteger(value)) return value
  throw new Error(`${flag} is "${text}", not a whole number`)
}

function positive(flag: string, text: string): number {
  const value = Number(text)
  if (value > 0) return value
  throw new Error(`${flag} is "${text}", not a number above 0`)
}
