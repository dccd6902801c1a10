/**
 * `npm run fuzz -- [target…] [--inputs N] [--seconds S] [--seed N] [--list]`: fuzzes every decoder, or those that are named, prints
 * what came of it, and ends with code 1 where something was found. `npm run fuzz -- TARGET --input BASE64` reads one again.
 */
import { parseArgs } from 'node:util'
import { messageOf } from '../../src/core/errors.ts'
import { runCampaign } from './campaign.ts'
import { faultsOf, renderReport } from './report.ts'
import { TARGETS } from './targets.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    input: { type: 'string' },
    list: { type: 'boolean', default: false }
  }
})

const names = TARGETS.map(({ name }) => name)
const targets = positionals.length === 0 ? names : positionals
const unknown = targets.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  throw new Error(`no target is named ${unknown.join(', ')}; there are: ${names.join(', ')}`)
}

if (values.list) console.log(names.join('\n'))
else if (values.input === undefined) await runAll()
else await readOne(values.input)

async function runAll(): Promise<void> {
  const faults: string[] = []
  let inputs = 0
  const order = {
    targets,
    inputCount: wholeNumber('--inputs', values.inputs),
    msMax: (wholeNumber('--seconds', values.seconds) * 1_000) / targets.length,
    seed: wholeNumber('--seed', values.seed),
    isGuided: true
  }
  try {
    await runCampaign(order, (report) => {
      console.log(renderReport(report))
      faults.push(...faultsOf(report))
      inputs += report.inputs
    })
  } catch (cause) {
    faults.push(messageOf(cause))
  }
  console.log(`${inputs} inputs in all, seed ${order.seed}`)
  console.log(faults.length === 0 ? 'Nothing was found.' : faults.join('\n'))
  process.exitCode = faults.length === 0 ? 0 : 1
}

async function readOne(base64: string): Promise<void> {
  for (const { name, read, seeds } of TARGETS.filter((target) => targets.includes(target.name))) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other; its seeds make a target ready
    await seeds()
    try {
      // oxlint-disable-next-line no-await-in-loop
      console.log(name, 'read', await read(Buffer.from(base64, 'base64')))
    } catch (cause) {
      console.log(name, cause)
    }
  }
  process.exit()
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new Error(`${flag} is "${text}", not a whole number from 1 up`)
}
