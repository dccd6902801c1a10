/** What a command is made of. The parser builds yargs from it, so that every command is described in one way. */
import { OUTPUT_FORMATS } from './output.ts'
import type { Args } from './args.ts'
import type { Output } from './output.ts'
import type { Terminal } from './terminal.ts'

export interface Flag {
  /** `switch` takes no value; `list` may be given several times. */
  readonly kind: 'switch' | 'text' | 'list'
  readonly describe: string
  readonly alias?: string
  readonly choices?: readonly string[]
  /** False: not read from `TASKMESH_<FLAG>`, because it belongs to one call. */
  readonly hasVariable: boolean
}

export type Flags = Readonly<Record<string, Flag>>

export interface Positional {
  readonly name: string
  readonly describe: string
  readonly isOptional?: boolean
  readonly isList?: boolean
}

export interface CommandContext {
  readonly args: Args
  readonly output: Output
  readonly terminal: Terminal
  /** All of them, for those that tell of the others. */
  readonly commands: readonly CliCommand[]
}

export interface CliCommand {
  /** As it is typed: `job run`. */
  readonly words: string
  readonly summary: string
  readonly positionals?: readonly Positional[]
  readonly flags: Flags
  /** What to type, and what that does. */
  readonly examples: readonly (readonly [string, string])[]
  /** Said below the flags. */
  readonly notes?: string
  /** Exit code for errors of any kind; 1 by default. */
  readonly errorExitCode?: number
  /** @returns the exit code */
  readonly run: (context: CommandContext) => Promise<number>
}

/** Every command has these; `--output` of a command's own is the place where it writes. */
export const COMMON_FLAGS: Flags = {
  json: setting('switch', 'print JSON, errors too'),
  output: { ...setting('text', `how to print data: ${OUTPUT_FORMATS.join(', ')}`), alias: 'o' },
  'no-color': setting('switch', 'plain text (also NO_COLOR)'),
  quiet: { ...setting('switch', 'no progress, only data and errors'), alias: 'q' }
}

/** Commands that ask a router. */
export const API_FLAGS: Flags = {
  api: setting('text', "the router's address [the one that runs under --home]"),
  'api-ca': setting('text', "PEM file with the router's certificate, or its authority's"),
  token: setting('text', "the API's token, or @FILE [from the router's own file]"),
  home: setting('text', 'folder with the state of nodes [~/.taskmesh]')
}

/** Commands that visit the mesh themselves. */
export const VISITOR_FLAGS: Flags = {
  bootstrap: setting('list', 'visit the mesh through this bootstrap (repeatable)'),
  join: setting('text', 'join token of a client, or @FILE with one; needed once'),
  'network-key': setting('text', 'file with the key of a private network, if no token brings it'),
  home: setting('text', 'folder with the state of nodes [~/.taskmesh]')
}

/** As it stands in help: `<id>`, `[file]`, `<file..>`. */
export function shapeOf({ isList, isOptional, name }: Positional): string {
  const inner = isList === true ? `${name}..` : name
  return isOptional === true ? `[${inner}]` : `<${inner}>`
}

/** A flag that belongs to a place rather than to one call: it has an environment variable too. */
export function setting(kind: Flag['kind'], describe: string): Flag {
  return { kind, describe, hasVariable: true }
}

export function flag(kind: Flag['kind'], describe: string): Flag {
  return { kind, describe, hasVariable: false }
}
