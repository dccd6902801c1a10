/** The package as npm packs it, in a folder of its own: what is in it, and that its quick start works there with every engine. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { processProblem } from '../support/process-engine.ts'
import { installPackage } from '../support/installed-package.ts'
import { shareOverTests, startScript, temporaryHome } from '../support/spawn-taskmesh.ts'
import { until } from '../support/until.ts'
import type { RunningTaskmesh } from '../support/running-taskmesh.ts'
import type { InstalledPackage } from '../support/installed-package.ts'
import type { JobView } from '../../src/model/generated/api-job.ts'

/** Twice what there was when this was written: a growth beyond it wants to be seen. */
const PACKED_BYTES_MAX = 3_000_000
const UNPACKED_BYTES_MAX = 12_000_000

const WANTED =
  /^(package\.json|README\.md|LICENSE|bin\/taskmesh\.cjs|config\/\w+\.default\.json|(schemas|examples|deploy)\/.+|dist\/taskmesh\.1|dist\/dashboard\/.+|dist\/.+\.(js|d\.ts))$/

const FUNCTION_WORKER = `
import { createWorker } from 'taskmesh'
const worker = await createWorker({
  name: 'functions', home: process.argv[2], bootstrap: process.argv[3],
  functions: { double: ({ n }) => 2 * n }
})
process.once('SIGTERM', () => void worker.stop())
console.log(worker.peerId)
`

let installed: InstalledPackage
const hasPrograms = (await processProblem()) === undefined

shareOverTests()
beforeAll(() => {
  installed = installPackage()
})
afterAll(() => installed.remove())

function start(...words: string[]): RunningTaskmesh {
  return startScript(installed.binary, words, { cwd: installed.folder })
}

async function print(...words: string[]): Promise<string> {
  const running = start(...words)
  const code = await running.ended()
  expect({ code, stderr: running.stderr }).toMatchObject({ code: 0 })
  return running.stdout
}

/** Pages of a checkout are bundled from its sources, which the package has not. */
function isOfCheckout([field, file]: readonly string[]): boolean {
  return field === 'browser' && file?.startsWith('./src/') === true
}

test('it has what users need, and nothing else', () => {
  const { files, packedBytes, unpackedBytes } = installed
  expect(files.filter((path) => !WANTED.test(path))).toEqual([])
  expect(files).toContain('dist/cli/main.js')
  expect(files).toContain('dist/index.d.ts')
  expect(packedBytes).toBeLessThan(PACKED_BYTES_MAX)
  expect(unpackedBytes).toBeLessThan(UNPACKED_BYTES_MAX)
})

test('those who publish packages find nothing wrong with it', async () => {
  const { messages, pkg } = await publint({ pkgDir: installed.root, pack: false })
  const wrong = messages.filter(({ path, type }) => type !== 'suggestion' && !isOfCheckout(path))
  expect(wrong.map((message) => formatMessage(message, pkg))).toEqual([])
})

test('what is built of it is a manual page, and npm puts it where man looks', async () => {
  expect(await print('man')).toContain('.TH TASKMESH 1')
  // Of a list alone: a single name, which npm's own documentation allows, it passes over.
  expect((await publint({ pkgDir: installed.root, pack: false })).pkg['man']).toEqual([
    'dist/taskmesh.1'
  ])
  expect(installed.files).toContain('dist/taskmesh.1')
})

test('an old Node is told what to do', () => {
  const old = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); require(process.argv[1])`
  const run = (): string =>
    execFileSync(process.execPath, ['-e', old, installed.binary], {
      encoding: 'utf8',
      stdio: 'pipe'
    })
  expect(run).toThrow(/NODE_TOO_OLD.*22\.12 or newer/)
})

test('the demo runs', async () => {
  const stdout = await print('demo', '--quiet')
  expect(stdout).toContain('most frequent of')
  expect(stdout).toContain('Everything is stopped')
})

test('every engine runs a job', async () => {
  const home = temporaryHome()
  const common = ['--json', '--home', home]
  const local = ['--listen', '/ip4/127.0.0.1/tcp/0', ...common]
  const bootstrap = await start('bootstrap', ...local).report()
  const address = bootstrap.addresses[0] ?? ''
  const engines = ['javascript', 'wasm', ...(hasPrograms ? ['process'] : [])]
  const flags = ['--bootstrap', address, ...local]
  const program = hasPrograms ? ['--program', '/usr/bin/sort'] : []
  const script = join(installed.folder, 'functions.mjs')
  writeFileSync(script, FUNCTION_WORKER)
  const nodes = [
    start('worker', ...flags, ...engines.flatMap((one) => ['--engine', one]), ...program),
    start('router', ...flags, '--http', '127.0.0.1:0'),
    startScript(script, [home, address], { cwd: installed.folder })
  ]
  await Promise.all(nodes.map((node) => node.until(() => node.stdout.includes('\n'), 'ready line')))
  const run = async (...words: string[]): Promise<JobView> =>
    JSON.parse(await print('run', ...common, ...words)) as JobView
  await until(
    'both workers',
    async () => JSON.parse(await print('node', 'list', ...common)) as unknown[],
    (list) => list.length === 2,
    { pollMs: 500 }
  )
  const typed = 'function main ({ n }: { n: number }): number { return n * n }'
  const squared = join(installed.folder, 'square.ts')
  writeFileSync(squared, typed)
  expect(await run('javascript', squared, '--input', '{"n":3}')).toMatchObject({ result: 9 })
  const wasm = join(installed.folder, 'answer.wasm')
  writeFileSync(wasm, NOTHING_WASM)
  expect(await run('wasm', wasm)).toMatchObject({ state: 'completed' })
  expect(await run('function', 'double', '--input', '{"n":3}')).toMatchObject({ result: 6 })
  // Where there is no bubblewrap, nothing is asked of it.
  const sorted = hasPrograms
    ? await run('process', '--stdin', 'b\na\n', '--', 'sort')
    : { result: { stdout: 'a\nb\n' } }
  expect(sorted).toMatchObject({ result: { stdout: 'a\nb\n' } })
})

/** A module whose `_start` does nothing. */
const NOTHING_WASM = Buffer.from(
  '0061736d01000000010401600000030201000503010001071302065f73746172740000066d656d6f727902000a040102000b',
  'hex'
)
