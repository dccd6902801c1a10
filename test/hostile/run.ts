/**
 * `npm run hostile [-- --seconds 120 --seed N --attack NAME… --list]`: attacks a live mesh while it works, prints what
 * every attack sent and got, and ends with code 1 where the mesh did not hold.
 */
import { parseArgs } from 'node:util'
import { drawInteger } from '../crash/draw.ts'
import { systemRandom } from '../../src/core/random.ts'
import { ATTACKS } from './attacks.ts'
import { renderReport } from './report.ts'
import { runCampaign } from './campaign.ts'

const SEED_MAX = 999_999

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string' },
    attack: { type: 'string', multiple: true },
    list: { type: 'boolean', default: false }
  }
})

// By default a signal ends a process without its 'exit', at which the mesh ends its nodes.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1))
}

if (values.list) for (const { name, what, who } of ATTACKS) console.log(`${name} (${who}): ${what}`)
else await run()

async function run(): Promise<void> {
  const seed = Number(values.seed ?? drawInteger(systemRandom, 1, SEED_MAX))
  console.log(`seed ${seed}`)
  const { evidence, home, verdicts } = await runCampaign({
    seed,
    seconds: Number(values.seconds),
    ...(values.attack === undefined ? {} : { attacks: values.attack }),
    onProgress: (text) => console.log(text)
  })
  console.log(renderReport(evidence, verdicts))
  if (home !== undefined) console.log(`stores and logs are in ${home}`)
  process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1
}
