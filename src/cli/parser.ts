/**
 * The command line, by yargs: built from the commands' own descriptions, everything still text. Its
 * complaints become errors of ours that name the nearest word that would have been right.
 */
import yargs from 'yargs'
import { readTrace } from '../model/trace-context.ts'
import { variableOf } from '../config/options.ts'
import { Args } from './args.ts'
import { COMMON_FLAGS, shapeOf } from './command.ts'
import { MISSING_COMMAND, complain } from './complaints.ts'
import { exitCodeLines } from './exit-codes.ts'
import type { Argv, Options } from 'yargs'
import type { MeshError } from '../core/errors.ts'
import type { CliCommand, Flag, Flags } from './command.ts'
import type { RawArgs } from './args.ts'

export interface ParsedCommand {
  command: CliCommand
  args: Args
}

/** What was asked for instead of a command. */
export interface ParsedText {
  text: string
}

type Values = Readonly<Record<string, unknown>>

const HELP_COLUMNS = 100
/** yargs reads a lone dash as an empty text; it stands for stdin. */
const DASH = '\u0000dash'

/** @throws MeshError COMMAND_UNKNOWN, FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID */
export async function parseCommandLine(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  commands: readonly CliCommand[],
  version: string
): Promise<ParsedCommand | ParsedText> {
  let found: { command: CliCommand; values: Values } | undefined
  let failure: MeshError | undefined
  let text = ''
  const parser = base(version)
  addCommands(parser, commands, (command, values) => (found = { command, values }))
  parser.fail((message: string, cause: Error | undefined) => {
    // A failure of one level is told once more by the level above; the first says most.
    failure ??= complain(message ?? cause?.message ?? 'not understood', words, commands)
  })
  const given = words.map((word) => (word === '-' ? DASH : word))
  await parser.parseAsync(given, {}, (_error: unknown, _argv: unknown, printed: string) => {
    text = printed
  })
  if (failure !== undefined) throw failure
  if (found === undefined) return { text }
  return { command: found.command, args: new Args(readArgs(found.command, found.values, env)) }
}

function base(version: string): Argv {
  return (
    yargs()
      .scriptName('taskmesh')
      .locale('en')
      .exitProcess(false)
      .parserConfiguration({
        'camel-case-expansion': false,
        'greedy-arrays': false,
        'dot-notation': false,
        'parse-numbers': false,
        'parse-positional-numbers': false,
        'boolean-negation': false,
        // What follows `--` belongs to the list at a command's end, whatever it looks like.
        'populate--': true
      })
      // Known here, they may stand before the command, too.
      .options(optionsOf(COMMON_FLAGS))
      .wrap(HELP_COLUMNS)
      .usage('taskmesh: the machines you own or rent as one computer.\n\ntaskmesh <command>')
      .version(version)
      .strict()
      .demandCommand(1, MISSING_COMMAND)
      .epilogue(
        [
          exitCodeLines('Exit codes:'),
          '',
          'Settings have variables too: --api is TASKMESH_API, --home is TASKMESH_HOME, and so on.',
          'First steps: taskmesh demo, or taskmesh up in one terminal and taskmesh --help of a command in another.'
        ].join('\n')
      )
  )
}

/** Groups (`job`, `router token`) hold their commands (`job run`); the others stand at the top. */
function addCommands(
  parser: Argv,
  commands: readonly CliCommand[],
  onFound: (command: CliCommand, values: Values) => void,
  above: readonly string[] = []
): void {
  const groups = new Map<string, CliCommand[]>()
  for (const command of commands) {
    const [first = '', ...deeper] = command.words.split(' ').slice(above.length)
    if (deeper.length === 0) addCommand(parser, first, command, onFound)
    else groups.set(first, [...(groups.get(first) ?? []), command])
  }
  for (const [name, members] of groups) {
    const path = [...above, name]
    const verbs = members.map(({ words }) => words.split(' ')[path.length] ?? '')
    const summary = `${[...new Set(verbs)].join(', ')}: see taskmesh ${path.join(' ')} --help`
    parser.command(name, summary, (group) => {
      addCommands(group, members, onFound, path)
      return group
        .usage(`taskmesh ${path.join(' ')} <command>`)
        .epilogue('')
        .demandCommand(1, MISSING_COMMAND)
    })
  }
}

function addCommand(
  parser: Argv,
  name: string,
  command: CliCommand,
  onFound: (command: CliCommand, values: Values) => void
): void {
  const positionals = command.positionals ?? []
  const shape = [name, ...positionals.map(shapeOf)].join(' ')
  parser.command(
    shape,
    command.summary,
    (builder) => {
      for (const { name: positional, describe } of positionals) {
        builder.positional(positional, { type: 'string', describe })
      }
      builder.options(optionsOf(command.flags))
      for (const [line, what] of command.examples) builder.example(line, what)
      const usage = `taskmesh ${[command.words, ...positionals.map(shapeOf)].join(' ')} [flags]`
      return builder.usage(`${usage}\n\n${command.summary}`).epilogue(command.notes ?? '')
    },
    (values) => onFound(command, values as Values)
  )
}

function optionsOf(flags: Flags): Record<string, Options> {
  return Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, optionOf(flag)]))
}

function optionOf(flag: Flag): Options {
  return {
    describe: flag.describe,
    ...(flag.kind === 'switch'
      ? { type: 'boolean' }
      : { type: 'string', array: flag.kind === 'list', requiresArg: true }),
    ...(flag.alias === undefined ? {} : { alias: flag.alias }),
    ...(flag.choices === undefined ? {} : { choices: flag.choices })
  }
}

function readArgs(
  command: CliCommand,
  values: Values,
  env: Readonly<Record<string, string | undefined>>
): RawArgs {
  const flags: Flags = { ...COMMON_FLAGS, ...command.flags }
  const texts: Record<string, readonly string[]> = {}
  const variables: Record<string, string> = {}
  const switches = new Map<string, boolean>()
  for (const [name, flag] of Object.entries(flags)) {
    const given = values[name]
    if (flag.kind === 'switch') {
      if (typeof given === 'boolean') switches.set(name, given)
      else if (isSet(flag, env[variableOf(name)])) switches.set(name, true)
      continue
    }
    const list = textsOf(given)
    const variable = env[variableOf(name)]
    if (list.length > 0) texts[name] = list
    else if (flag.hasVariable && variable !== undefined && variable !== '') {
      texts[name] =
        flag.kind === 'list' ? variable.split(',').map((part) => part.trim()) : [variable]
      variables[name] = variableOf(name)
    }
  }
  const positionals = (command.positionals ?? []).map(({ isList, name }) => [
    name,
    [...textsOf(values[name]), ...(isList === true ? textsOf(values['--']) : [])]
  ])
  return {
    texts,
    switches,
    variables,
    // As all programs that know traces have it of who started them.
    trace: readTrace({ traceparent: env['TRACEPARENT'], tracestate: env['TRACESTATE'] }),
    positionals: Object.fromEntries(positionals) as RawArgs['positionals']
  }
}

function isSet(flag: Flag, variable: string | undefined): boolean {
  return flag.hasVariable && variable !== undefined && !['', '0', 'false', 'no'].includes(variable)
}

function textsOf(given: unknown): string[] {
  if (given === undefined || given === null) return []
  const texts = (Array.isArray(given) ? given : [given]) as string[]
  return texts.map((text) => (text === DASH ? '-' : text))
}
