/**
 * Checks on the code itself: who may import whom, what pure modules may not do, how long a file may be.
 * Each finding reads `file:line what is wrong`, so a failure says where to look.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Folders of src from the bottom up. A folder may import itself and lower rows, never its neighbours. */
const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['model'],
  ['observe'],
  ['config'],
  ['jobs', 'membership', 'receipts', 'reputation', 'selection', 'verification'],
  ['simulation', 'protocol', 'executors', 'host'],
  ['network'],
  ['discovery', 'dispatch', 'enrolment', 'execution', 'files', 'messages', 'monitoring', 'recipes'],
  ['http', 'client'],
  ['roles'],
  ['cli', 'dashboard']
]

/** Modules whose answer depends on their arguments only. */
const PURE: readonly RegExp[] = [
  /^src\/(selection|reputation|verification|simulation)\//,
  /^src\/jobs\/(state|item-state|attempt-state|ready-queue|retry|records|reasons|job-order)\.ts$/,
  /^src\/model\/(job|job-plan|verify-plan|task-type|graph|job-references|differences|json-path|schedule|cron|task-names)\.ts$/,
  /^src\/dispatch\/(verdict|consequence|active-job|active-item|assignment|refusers|wish)\.ts$/,
  /^src\/dispatch\/intake\/(new-job|pending-steps|reruns)\.ts$/,
  /^src\/execution\/(owner\/admission|leases\/journal-entries)\.ts$/,
  /^src\/files\/(content\/|transfer\/(pace|piece-picker|rarity-index|rate-meter|shares)\.ts$)/,
  /^src\/files\/exchange\/(messages|greeting|upload-slots)\.ts$/,
  /^src\/discovery\/worker-load\.ts$/,
  /^src\/(core\/pace|network\/(conduct|reach\/dial-order))\.ts$/,
  // Its signatures are checked by asynchronous cryptography, which is no outside world either.
  /^src\/discovery\/record\.ts$/
]
const IMPURE =
  /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|setTimeout|setInterval|setImmediate|process\.)|'node:(fs|net|http|child_process|worker_threads|timers)|systemClock|systemRandom/

interface Ban {
  pattern: RegExp
  instead: string
  /** Files in which it is banned; without it, everywhere. */
  where?: RegExp
  /** Files in which it is allowed all the same. */
  but?: RegExp
}

// Written so that this file does not find itself.
const BANS: readonly Ban[] = [
  {
    // An example in a comment may print.
    pattern: /^(?!\s*\*).*\bconsole\.(log|info|warn|error|debug)/,
    instead: 'log through observe/logger.ts',
    where: /^src\//,
    but: /^src\/cli\//
  },
  {
    pattern: /\bexport default\b/,
    instead: 'use a named export',
    where: /^src\//
  },
  {
    pattern: /\bMath\.random\b/,
    instead: 'take a Random from core/random.ts',
    but: /^src\/core\/random\.ts$|executors\/(javascript|hostile-tasks)|tidy\.test\.ts$/
  },
  {
    pattern: /\b(Date\.now|performance\.now)\b/,
    instead: 'take a Clock from core/clock.ts',
    where: /^src\//,
    // What a guest sees under that name is the clock of its task.
    but: /^src\/(core\/clock\.ts$|executors\/javascript\/)/
  },
  { pattern: /\bas any\b|[:<] ?any\b(?! )/, instead: 'give it a type, or unknown' },
  { pattern: /\b(TO)?(DO:|FIXME|XXX)\b/, instead: 'finish it, or leave it out', but: /tidy/ },
  { pattern: /@ts-(ignore|nocheck)/, instead: 'make the types true', but: /tidy/ },
  { pattern: /\b(test|describe|it)\.only\b/, instead: 'let all tests run', but: /tidy/ },
  {
    pattern: /['"(](\/work|\/home|\/Users|\/root)\//,
    instead: 'name no folder of one machine',
    but: /tidy/
  }
]

const FILE_LINES_MAX = 400
/** Cases are read one by one. */
const TEST_LINES_MAX = 600

interface Source {
  /** From the root, with `/`. */
  path: string
  text: string
  lines: string[]
}

function readSources(): Source[] {
  return ['src', 'test', 'config/tools']
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name).split(sep).join('/')
      )
    )
    .filter((path) => /\.tsx?$/.test(path) && !path.startsWith('src/model/generated/'))
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8')
      return { path, text, lines: text.split('\n') }
    })
}

const sources = readSources()
const program = sources.filter(({ path }) => path.startsWith('src/'))

/** `src/core/clock.ts` → `core`; of a file directly in src, nothing. */
function folderOf(path: string): string | undefined {
  const parts = path.split('/')
  return parts.length > 2 ? parts[1] : undefined
}

function rowOf(folder: string): number {
  return LAYERS.findIndex((row) => row.includes(folder))
}

function importsOf({ lines, path }: Source): { line: number; target: string }[] {
  return lines.flatMap((text, index) => {
    const specifier = /(?:from|import)\s*\(?\s*'(\.[^']+)'/.exec(text)?.[1]
    if (specifier === undefined) return []
    const target = relative(ROOT, join(ROOT, dirname(path), specifier))
    return [{ line: index + 1, target: target.split(sep).join('/') }]
  })
}

function findLines(source: Source, pattern: RegExp): string[] {
  return source.lines.flatMap((text, index) =>
    pattern.test(text) ? [`${source.path}:${index + 1} ${text.trim()}`] : []
  )
}

describe('layers', () => {
  test('every folder of src has its row', () => {
    const folders = new Set(program.flatMap(({ path }) => folderOf(path) ?? []))
    expect([...folders].filter((folder) => rowOf(folder) === -1)).toEqual([])
  })

  test('imports point down', () => {
    const wrong = program.flatMap((source) => {
      const from = folderOf(source.path)
      if (from === undefined) return []
      return importsOf(source).flatMap(({ line, target }) => {
        const to = folderOf(target)
        if (to === from) return []
        const isDown = to !== undefined && rowOf(to) < rowOf(from)
        const isOutside = !target.startsWith('src/')
        return isDown && !isOutside ? [] : [`${source.path}:${line} may not import ${target}`]
      })
    })
    expect(wrong).toEqual([])
  })

  test('model, jobs, selection and what is below know no network library', () => {
    const rows = LAYERS.slice(0, 5).flat()
    const wrong = program
      .filter(({ path }) => rows.includes(folderOf(path) ?? ''))
      .flatMap((source) => findLines(source, /from '(@?libp2p|fastify)/))
    expect(wrong).toEqual([])
  })
})

test('pure modules know no input, output, time or chance', () => {
  const pure = program.filter(({ path }) => PURE.some((pattern) => pattern.test(path)))
  expect(pure.length).toBeGreaterThan(10)
  expect(pure.flatMap((source) => findLines(source, IMPURE))).toEqual([])
})

test.each(BANS)('nothing to $instead', ({ but, instead, pattern, where }) => {
  const wrong = sources
    .filter(({ path }) => (where?.test(path) ?? true) && but?.test(path) !== true)
    .flatMap((source) => findLines(source, pattern))
  expect(wrong.map((line) => `${line} — ${instead}`)).toEqual([])
})

test('no file is longer than it should be', () => {
  const long = sources.filter(
    ({ lines, path }) =>
      lines.length > (path.endsWith('.test.ts') ? TEST_LINES_MAX : FILE_LINES_MAX)
  )
  expect(long.map(({ lines, path }) => `${path}:1 has ${lines.length} lines`)).toEqual([])
})

test('every file but a test, whose cases say it, begins by saying what it is for', () => {
  const silent = sources.filter(
    ({ path, text }) => !path.endsWith('.test.ts') && !/^(#!.*\n)?\/\*\*/.test(text)
  )
  expect(silent.map(({ path }) => `${path}:1`)).toEqual([])
})

test('file names are in kebab-case, two folders deep at most', () => {
  const odd = program.filter(({ path }) => !/^src(\/[a-z0-9-]+){1,3}\.tsx?$/.test(path))
  expect(odd.map(({ path }) => path)).toEqual([])
})
