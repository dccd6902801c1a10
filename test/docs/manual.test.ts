/**
 * The manual is true: every command in it exists, with the flags it is given, and what a page says to run is run, in
 * a folder and a network of its own.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { BINARY, PROJECT } from '../support/running-taskmesh.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { parseCommandLine } from '../../src/cli/parser.ts'
import { plainWords } from '../../src/cli/run-cli.ts'
import { systemClock } from '../../src/core/clock.ts'
import { AT_LINE, pageScript } from './page-script.ts'
import { callsOf, isRun, readSnippets } from './snippets.ts'
import type { Snippet } from './snippets.ts'

interface Page {
  readonly name: string
  readonly snippets: readonly Snippet[]
}

const PAGES: readonly Page[] = [
  'README.md',
  ...['docs', 'examples'].flatMap((room) =>
    readdirSync(join(PROJECT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .toSorted()
      .map((name) => `${room}/${name}`)
  )
].map((name) => ({ name, snippets: readSnippets(readFileSync(join(PROJECT, name), 'utf8')) }))

const LANGUAGES_OF_SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'console'])

/** Less than the test has, so that it can say where the page stands still. */
const PAGE_MS = 150_000

/** Its processes are its own, too, so that none outlives the page. Root needs no other name for itself, and programs of tasks would suffer from it. */
const IN_OWN_NETWORK = [
  'unshare',
  '--net',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])
]

const canHaveNetwork =
  spawnSync(IN_OWN_NETWORK[0] as string, [
    ...IN_OWN_NETWORK.slice(1),
    'ip',
    'link',
    'set',
    'lo',
    'up'
  ]).status === 0

const WITH_CALLS = PAGES.map(({ name, snippets }) => ({
  name,
  calls: snippets
    .filter(({ language }) => LANGUAGES_OF_SHELLS.has(language))
    .flatMap((snippet) => callsOf(snippet))
})).filter(({ calls }) => calls.length > 0)

test.each(WITH_CALLS)('commands of the manual exist: $name', async ({ calls, name }) => {
  const wrong: string[] = []
  for (const { line, words } of calls) {
    if (words.some((word) => word === '…' || word === '...')) continue
    // oxlint-disable-next-line no-await-in-loop
    await parseCommandLine(plainWords(words), {}, COMMANDS, '0').catch((error: Error) =>
      wrong.push(`${name}:${line} ${error.message}`)
    )
  }
  expect(wrong).toEqual([])
})

const TO_RUN = PAGES.filter(({ snippets }) => snippets.some((snippet) => isRun(snippet)))

test.skipIf(!canHaveNetwork).each(TO_RUN)(
  'what the manual says to run runs: $name',
  async ({ snippets }) => {
    expect(await run(snippets)).toEqual({ code: 0 })
  }
)

/** @returns where it failed and what was printed there, if it did */
async function run(snippets: readonly Snippet[]): Promise<object> {
  const folder = preparedFolder()
  const script = join(folder, '.page.sh')
  writeFileSync(script, pageScript(snippets))
  const [command, ...words] = [...IN_OWN_NETWORK, 'bash', script]
  const child = spawn(command, words, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      HOME: folder,
      TASKMESH_HOME: join(folder, 'state'),
      CHECKOUT: PROJECT,
      PATH: [join(folder, '.bin'), dirname(process.execPath), process.env['PATH']].join(':')
    }
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => (printed += String(bytes)))
  // What it has started ends with it.
  const limit = systemClock.after(PAGE_MS, () => child.kill('SIGKILL'))
  const [code] = (await once(child, 'close')) as [number | null]
  limit()
  if (code === 0) return { code }
  const last = printed.slice(printed.lastIndexOf(AT_LINE))
  return { code, at: last.slice(AT_LINE.length).split('\n', 1)[0], printed: last }
}

/** As a checkout looks to whoever follows the manual: its examples are there, and `npx taskmesh` works. */
function preparedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-docs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  mkdirSync(join(folder, '.bin'))
  const call = `exec '${process.execPath}' '${BINARY}'`
  writeFileSync(join(folder, '.bin/taskmesh'), `#!/bin/sh\n${call} "$@"\n`, { mode: 0o755 })
  writeFileSync(
    join(folder, '.bin/npx'),
    `#!/bin/sh\n[ "$1" = taskmesh ] || { echo "npx $1: not in the manual's checkout" >&2; exit 1; }\nshift\n${call} "$@"\n`,
    { mode: 0o755 }
  )
  // What pages hand in: of a link nodes take nothing.
  for (const name of ['README.md', 'LICENSE', 'package.json', 'docs', 'examples']) {
    cpSync(join(PROJECT, name), join(folder, name), { recursive: true })
  }
  for (const name of ['test', 'node_modules', 'schemas', 'src']) {
    symlinkSync(join(PROJECT, name), join(folder, name))
  }
  return folder
}
