/** All commands as the tree that they are typed by, for those who complete them word by word. */
import { ALL_COMMANDS, flagsOf } from './flag-groups.ts'
import type { CliCommand, Flag, Positional } from '../command.ts'

export interface CommandNode {
  /** Words below `taskmesh`, such as `job` or `job run`; empty at the top. */
  readonly path: string
  /** What may be typed next; none below a command. */
  readonly verbs: readonly (readonly [word: string, summary: string])[]
  readonly flags: readonly (readonly [name: string, flag: Flag])[]
  /** Names of flag groups that it has, too. */
  readonly groups: readonly string[]
  /** What its words name, if they are no files. */
  readonly values: ValueKind | undefined
}

/** What of a mesh a word may name; a router knows which there are. */
export const VALUE_KINDS = ['jobs', 'peers', 'files'] as const
export type ValueKind = (typeof VALUE_KINDS)[number]

/** A router has other commands beside it, so that it starts with its group's own name, too. */
const BARE: ReadonlyMap<string, string> = new Map([['router', 'router start']])

/** Groups, and then what is in them in the order of the table. */
export function commandTree(commands: readonly CliCommand[]): CommandNode[] {
  const groups = new Set(['', ...commands.flatMap(({ words }) => groupsOf(words))])
  return [...[...groups].map((path) => groupNode(path, commands)), ...commands.map(commandNode)]
}

function groupsOf(words: string): string[] {
  const parts = words.split(' ').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join(' '))
}

function groupNode(path: string, commands: readonly CliCommand[]): CommandNode {
  const bare = commands.find(({ words }) => words === BARE.get(path))
  return { ...flagsOfNode(bare), path, verbs: verbsOf(path, commands), values: undefined }
}

function verbsOf(path: string, commands: readonly CliCommand[]): [string, string][] {
  const prefix = path === '' ? '' : `${path} `
  const verbs = new Map<string, string>()
  const deeperOf = new Map<string, Set<string>>()
  for (const { summary, words } of commands) {
    if (!words.startsWith(prefix)) continue
    const [verb = '', deeper = ''] = words.slice(prefix.length).split(' ')
    const known = deeperOf.get(verb) ?? new Set()
    deeperOf.set(verb, known.add(deeper))
    verbs.set(verb, deeper === '' ? summary : [...known].join(', '))
  }
  return [...verbs]
}

function commandNode(command: CliCommand): CommandNode {
  const { positionals = [], words } = command
  const [values] = positionals.flatMap((positional) => valueKindOf(words, positional) ?? [])
  return { ...flagsOfNode(command), path: words, verbs: [], values }
}

function flagsOfNode(command: CliCommand | undefined): Pick<CommandNode, 'flags' | 'groups'> {
  if (command === undefined) return { flags: [], groups: [ALL_COMMANDS.name] }
  const { own, shared } = flagsOf(command)
  return { flags: own, groups: [...shared.map(({ name }) => name), ALL_COMMANDS.name] }
}

function valueKindOf(words: string, { name }: Positional): ValueKind | undefined {
  if (name === 'peer') return 'peers'
  if (name !== 'id') return undefined
  return words.startsWith('files ') ? 'files' : 'jobs'
}
