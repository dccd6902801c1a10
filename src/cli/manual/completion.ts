/**
 * Completion for shells: a script with everything that there is to type in it, so that a key pressed does not wait for Node to start.
 * Only what a mesh alone knows (ids of jobs, files, nodes) is asked for, by `taskmesh completion jobs`.
 */
import { FLAG_GROUPS } from './flag-groups.ts'
import { BASH_DRIVER, FISH_DRIVER, ZSH_DRIVER } from './completion-drivers.ts'
import { commandTree } from './command-tree.ts'
import type { CliCommand, Flag } from '../command.ts'
import type { CommandNode } from './command-tree.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** A word and what it means. */
type Candidate = readonly [string, string]

/** What is looked up, and the lines that print what is found. */
type Case = readonly [string, readonly string[]]

/** How a shell writes a function that prints candidates, by its first argument. */
interface Syntax {
  readonly lookup: (name: string, cases: readonly Case[]) => string
  readonly print: (candidates: readonly Candidate[]) => string
  readonly driver: string
}

const POSIX: Omit<Syntax, 'driver'> = {
  lookup: (name, cases) =>
    [
      `${name}() {`,
      '  case "$1" in',
      ...cases.map(([key, lines]) => `  ${posix(key)})\n    ${lines.join('\n    ')} ;;`),
      '  esac',
      '}'
    ].join('\n'),
  print: (candidates) => `printf '%s\\t%s\\n' ${candidates.flat().map(posix).join(' ')}`
}

const FISH: Syntax = {
  lookup: (name, cases) =>
    [
      `function ${name}`,
      '  switch "$argv[1]"',
      ...cases.map(([key, lines]) => `  case ${fish(key)}\n    ${lines.join('\n    ')}`),
      '  end',
      'end'
    ].join('\n'),
  print: (candidates) => `printf '%s\\t%s\\n' ${candidates.flat().map(fish).join(' ')}`,
  driver: FISH_DRIVER
}

const SYNTAXES: Record<Shell, Syntax> = {
  bash: { ...POSIX, driver: BASH_DRIVER },
  zsh: { ...POSIX, driver: ZSH_DRIVER },
  fish: FISH
}

export function completionScript(shell: Shell, commands: readonly CliCommand[]): string {
  const { driver, lookup, print } = SYNTAXES[shell]
  const nodes = commandTree(commands)
  const verbs = nodes.flatMap(({ path, verbs: words }) => caseOf(path, words, print))
  const flags = nodes.map(
    ({ flags: own, groups, path }) =>
      [
        path,
        [...linesOf(wordsOf(own), print), ...groups.map((name) => `__taskmesh_group ${name}`)]
      ] as const
  )
  const groups = FLAG_GROUPS.flatMap(({ flags: shared, name }) =>
    caseOf(name, wordsOf(Object.entries(shared)), print)
  )
  const values = [
    ...nodes.flatMap(({ path, values: kind }) =>
      kind === undefined ? [] : [[path, [`echo @${kind}`]] as const]
    ),
    ...nodes.flatMap((node) => valuesOf(node, print))
  ]
  return `${[
    driver.slice(0, driver.indexOf('\n')),
    lookup('__taskmesh_verbs', verbs),
    lookup('__taskmesh_flags', flags),
    lookup('__taskmesh_group', groups),
    lookup('__taskmesh_values', values),
    driver.slice(driver.indexOf('\n') + 1)
  ].join('\n')}\n`
}

function caseOf(key: string, candidates: readonly Candidate[], print: Syntax['print']): Case[] {
  return candidates.length === 0 ? [] : [[key, [print(candidates)]]]
}

function linesOf(candidates: readonly Candidate[], print: Syntax['print']): string[] {
  return candidates.length === 0 ? [] : [print(candidates)]
}

/** A flag that takes a value ends in `=` here, by which a script knows it; what is put in has none. */
function wordsOf(flags: readonly (readonly [string, Flag])[]): Candidate[] {
  return flags.map(([name, { describe, kind }]) => [
    `--${name}${kind === 'switch' ? '' : '='}`,
    describe
  ])
}

/** What may stand behind a flag, by `job list --state`. */
function valuesOf({ flags, path }: CommandNode, print: Syntax['print']): Case[] {
  return flags.flatMap(([name, { choices }]) =>
    choices === undefined
      ? []
      : caseOf(
          `${path} --${name}`,
          choices.map((one) => [one, ''] as const),
          print
        )
  )
}

function posix(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function fish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
