/**
 * The manual is true: every command in it exists, with the flags it is given, and every block that somebody may type is
 * followed, page by page, on machines and a network of the page's own; or it says why not.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PROJECT } from '../support/running-taskmesh.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { parseCommandLine } from '../../src/cli/parser.ts'
import { plainWords } from '../../src/cli/run-cli.ts'
import { canHaveGateways, isPublic } from './machines.ts'
import { addressesIn, callsOf, isRun, isShell, readSnippets, reasonOf } from './snippets.ts'
import type { Snippet } from './snippets.ts'

interface Page {
  readonly name: string
  readonly snippets: readonly Snippet[]
}

const PAGES: readonly Page[] = [
  'README.md',
  'SECURITY.md',
  ...['docs', 'examples'].flatMap((room) =>
    readdirSync(join(PROJECT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .toSorted()
      .map((name) => `${room}/${name}`)
  )
].map((name) => ({ name, snippets: readSnippets(readFileSync(join(PROJECT, name), 'utf8')) }))

/** Made from what the commands say of themselves: synopses alone. */
const GENERATED: ReadonlySet<string> = new Set(['docs/cli.md', 'docs/configuration.md'])

/** Each block has a limit of its own, and a page many blocks. */
const PAGE_MS = 1_200_000

/** Its processes are its own, too, so that none outlives the page. Root needs no other name for itself, and programs of tasks would suffer from it. */
const APART = [
  '--net',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])
]

const canBeApart = startsApart('ip link set lo up && mount --bind /tmp /srv') === 0

function startsApart(line: string): number | null {
  return spawnSync('unshare', [...APART, 'sh', '-c', line]).status
}

const WITH_CALLS = PAGES.map(({ name, snippets }) => ({
  name,
  calls: snippets.filter((snippet) => isShell(snippet)).flatMap((snippet) => callsOf(snippet))
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

test('each block is run, or is a synopsis, or says why it cannot be run here', () => {
  const neither = PAGES.filter(({ name }) => !GENERATED.has(name)).flatMap(({ name, snippets }) =>
    snippets
      .filter((snippet) => isShell(snippet))
      .filter((snippet) => !isRun(snippet) && !snippet.words.includes('usage'))
      .filter((snippet) => reasonOf(snippet) === '')
      .map(({ line }) => `${name}:${line}`)
  )
  expect(neither).toEqual([])
})

const TO_FOLLOW = PAGES.filter(({ snippets }) => snippets.some((snippet) => isRun(snippet)))

for (const { name, snippets } of TO_FOLLOW) {
  const lacks = lackingFor(snippets)
  test.skipIf(lacks !== undefined).concurrent(
    `what the manual says happens: ${name}${lacks === undefined ? '' : ` (needs ${lacks})`}`,
    async () => {
      expect(await follow(name)).toEqual({ code: 0 })
    },
    PAGE_MS
  )
}

/** What this system has not, and the page needs. */
function lackingFor(snippets: readonly Snippet[]): string | undefined {
  if (!canBeApart) return 'namespaces'
  const addresses = [...addressesIn(snippets).values()]
  return canHaveGateways() || addresses.every(isPublic) ? undefined : 'nftables'
}

/** @returns where it failed and what was printed there, if it did */
async function follow(name: string): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-docs-'))
  const page = join(import.meta.dirname, 'page.ts')
  const follower = [process.execPath, page, join(PROJECT, name), folder]
  // The first process of a namespace must wait for those that have lost their parents, as a shell does.
  const words = [...APART, 'sh', '-c', '"$@"; exit $?', 'sh', ...follower]
  const child = spawn('unshare', words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    let printed = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes) => (printed += String(bytes)))
    const [code] = (await once(child, 'close')) as [number | null]
    if (code === 0) return { code }
    const last = printed.split('\n').findLastIndex((line) => /^line \d+: \d+ ms$/.test(line))
    return { code, after: printed.split('\n').slice(last).join('\n') }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
