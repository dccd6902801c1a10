/** What the dashboard tells people to type is there to be typed. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PAGES = join(ROOT, 'src/dashboard')

/** `docs/cli.md` is made of the program itself: each command is a heading, with its flags below it. */
const SECTIONS = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8')
  .split(/^## /m)
  .map((text): [string, string] => [text.slice(0, text.indexOf('\n')), text])
  // `taskmesh router` is short for `taskmesh router start`.
  .flatMap(([name, text]): [string, string][] => [
    [name, text],
    ...(name.endsWith(' start')
      ? ([[name.replace(/ start$/, ''), text]] as [string, string][])
      : [])
  ])

/** What of it does not exist. */
function strangeIn(words: string): readonly string[] {
  const [, section] =
    SECTIONS.toSorted(([one], [other]) => other.length - one.length).find(
      ([name]) => words === name || words.startsWith(`${name} `)
    ) ?? []
  if (section === undefined) return [words]
  return [...words.matchAll(/--[a-z-]+/g)]
    .map(([flag]) => flag)
    .filter((flag) => !section.includes(flag))
}

describe('commands that the dashboard names', () => {
  const named = readdirSync(PAGES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .flatMap((name) => {
      const matches = readFileSync(join(PAGES, name), 'utf8').matchAll(
        /(?:>|`|text: ['`]|"mono">)taskmesh ([a-z][^`'<$]*)/g
      )
      return [...matches].map(([, words = '']) => ({ name, words: words.trim() }))
    })

  test('are found, some of them at least', () => {
    expect(named.map(({ words }) => words)).toContain('job describe')
  })

  test.each(named)('$name: taskmesh $words', ({ words }) => {
    expect(strangeIn(words)).toEqual([])
  })
})
