/** The manual as a whole: its table of contents is complete, its links lead somewhere, its figures are what the code computes. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { COMMANDS } from '../src/cli/commands.ts'
import { ERROR_CATALOGUE } from '../src/core/errors.ts'
import { parseCommandLine } from '../src/cli/parser.ts'
import { plainWords } from '../src/cli/run-cli.ts'
import { checkGraph } from '../src/model/graph.ts'
import { checkJob } from '../src/model/job.ts'
import { callsOf, readSnippets } from './docs/snippets.ts'
import { drawFigures } from './sim/figures.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DOCS = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)
const READMES = readdirSync(join(ROOT, 'examples'))
  .map((name) => `examples/${name}/README.md`)
  .filter((name) => existsSync(join(ROOT, name)))

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

/** Without fenced blocks, which show rather than say. */
const proseOf = (name: string): string => read(name).replaceAll(/^ *```[^]*?^ *```$/gm, '')

test.each([...drawFigures()])('%s is what npm run generate makes of the code', (path, svg) => {
  expect(read(path) === svg).toBe(true)
})

test('every figure is shown, with words for who cannot see it', () => {
  const shown = DOCS.flatMap((name) => [
    ...read(name).matchAll(/!\[([^\]]*)\]\(figures\/([^)]+)\)/g)
  ])
  expect(new Set(shown.map(([, , file]) => `docs/figures/${file}`))).toEqual(
    new Set(drawFigures().keys())
  )
  expect(shown.filter(([, words = '']) => words.length < 60)).toEqual([])
  for (const [, words, file] of shown) {
    const told = [...read(`docs/figures/${file}`).matchAll(/>(\d+) ms/g)].map(([, ms]) => ms)
    for (const ms of told) expect(words).toContain(ms)
  }
})

test('docs/index.md names every page once', () => {
  const named = [...read('docs/index.md').matchAll(/\]\(([^)#]+\.md)\)/g)].map(
    ([, path]) => `docs/${path}`
  )
  const own = named.filter((path) => path.startsWith('docs/') && !path.includes('..'))
  expect(own.toSorted()).toEqual(DOCS.filter((name) => name !== 'docs/index.md').toSorted())
})

test('links lead to pages and headings that are there', () => {
  const dead = ['README.md', ...DOCS, ...READMES].flatMap((name) =>
    [...proseOf(name).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)]*))?\)/g)]
      .filter(([, path = '', heading]) => !leads(name, path, heading))
      .map(([link]) => `${name} ${link}`)
  )
  expect(dead).toEqual([])
})

function leads(from: string, path: string, heading: string | undefined): boolean {
  const to = path === '' ? from : normalize(join(dirname(from), path))
  if (!existsSync(join(ROOT, to))) return false
  return heading === undefined || anchorsOf(to).has(heading)
}

/** As they are made on pages of repositories. */
function anchorsOf(name: string): ReadonlySet<string> {
  const headings = [...proseOf(name).matchAll(/^#+ (.+)$/gm)].map(([, words = '']) => words)
  return new Set(
    headings.map((words) =>
      words
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-')
    )
  )
}

/** What a reader puts in the place of `@file` and of `sha256:…`. */
const SOME_HASH = `sha256:${'0'.repeat(64)}`

test('every job that the manual shows is one', () => {
  const wrong: string[] = []
  const blocks = ['README.md', ...DOCS].flatMap((name) =>
    readSnippets(read(name)).map((snippet) => ({ name, ...snippet }))
  )
  for (const { language, line, name, text } of blocks) {
    if (language !== 'json') continue
    try {
      const shown = JSON.parse(text) as object
      if (!('task' in shown || 'jobs' in shown)) continue
      const filled = text
        .replaceAll(/"@[^"]+"/g, `"mesh:${SOME_HASH}"`)
        .replaceAll('sha256:…', SOME_HASH)
      const job: unknown = JSON.parse(filled)
      if ('jobs' in shown) checkGraph(job)
      else checkJob(job)
    } catch (error) {
      wrong.push(`${name}:${line} ${(error as Error).message}`)
    }
  }
  expect(wrong).toEqual([])
})

test('docs/troubleshooting.md knows every error, and what it says to type exists', async () => {
  const page = read('docs/troubleshooting.md')
  const told = new Set([...page.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code = '']) => code))
  expect([...told].toSorted()).toEqual(Object.keys(ERROR_CATALOGUE).toSorted())
  const wrong: string[] = []
  for (const [, text = ''] of page.matchAll(/`(taskmesh [^`]+)`/g)) {
    for (const { words } of callsOf({ line: 0, language: 'sh', words: [], text })) {
      // oxlint-disable-next-line no-await-in-loop
      await parseCommandLine(plainWords(words), {}, COMMANDS, '0').catch((error: Error) =>
        wrong.push(`${text}: ${error.message}`)
      )
    }
  }
  expect(wrong).toEqual([])
})
