/** Which flags a command has for itself, and which it shares with others: these are told of once. */
import { API_FLAGS, COMMON_FLAGS, VISITOR_FLAGS } from '../command.ts'
import type { CliCommand, Flag, Flags } from '../command.ts'

export interface FlagGroup {
  readonly name: string
  readonly title: string
  readonly flags: Flags
}

export interface FlagsOf {
  readonly own: readonly (readonly [string, Flag])[]
  /** Beside those of all commands. */
  readonly shared: readonly FlagGroup[]
}

export const ALL_COMMANDS: FlagGroup = {
  name: 'common',
  title: 'Flags of all commands',
  flags: COMMON_FLAGS
}

const SHARED: readonly FlagGroup[] = [
  { name: 'router', title: 'Flags of commands that ask a router', flags: API_FLAGS },
  { name: 'mesh', title: 'Flags of commands that visit the mesh', flags: VISITOR_FLAGS }
]

export const FLAG_GROUPS: readonly FlagGroup[] = [ALL_COMMANDS, ...SHARED]

export function flagsOf({ flags }: CliCommand): FlagsOf {
  const shared = SHARED.filter((group) =>
    Object.entries(group.flags).every(([name, flag]) => flags[name] === flag)
  )
  const isShared = ([name, flag]: readonly [string, Flag]): boolean =>
    shared.some((group) => group.flags[name] === flag)
  return { own: Object.entries(flags).filter((entry) => !isShared(entry)), shared }
}

/** `-o, --output <text>` */
export function flagShape(name: string, { alias, choices, kind }: Flag): string {
  const dashed = [...(alias === undefined ? [] : [`-${alias}`]), `--${name}`].join(', ')
  if (kind === 'switch') return dashed
  return `${dashed} ${choices === undefined ? '<text>' : choices.join('|')}`
}
