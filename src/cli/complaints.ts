/** What yargs finds wrong with a command line, as errors of ours that name the nearest right word. */
import { MeshError } from '../core/errors.ts'
import { nearestName } from '../model/validate.ts'
import { COMMON_FLAGS } from './command.ts'
import type { CliCommand } from './command.ts'

/** Given to yargs, and known again when it comes back. */
export const MISSING_COMMAND = 'a command is missing'

/** yargs' complaint in our form. Its texts are those of locale `en`. */
export function complain(
  message: string | undefined,
  words: readonly string[],
  commands: readonly CliCommand[]
): MeshError {
  const unknown = /^Unknown (?:arguments?|commands?): (.+)$/.exec(message ?? '')?.[1]
  const command = commandOf(words, commands)
  const help = `see taskmesh ${command?.words ?? groupOf(words, commands)}`.trim() + ' --help'
  if (unknown !== undefined) {
    const name = unknown.split(', ')[0] ?? unknown
    const isFlag = words.some(
      (word) => word.replace(/^--?/, '').split('=')[0] === name && word.startsWith('-')
    )
    return isFlag ? unknownFlag(name, command, help) : unknownWord(name, command, words, commands)
  }
  if (message === MISSING_COMMAND) {
    return new MeshError('FIELD_MISSING', MISSING_COMMAND, { hint: help })
  }
  const lacking = /^(?:Missing required argument|Not enough arguments following): (.+)$/.exec(
    message ?? ''
  )
  if (lacking !== null || message?.startsWith('Not enough non-option arguments') === true) {
    const missing = /following: (.+)$/.exec(message ?? '')?.[1]
    const positional = command?.positionals?.find(({ isOptional }) => isOptional !== true)
    const what =
      missing === undefined
        ? `<${positional?.name ?? 'argument'}> is missing`
        : `--${missing} needs a value`
    return new MeshError('FIELD_MISSING', what, { hint: help })
  }
  const choice = /Argument: ([^,]+), Given: "([^"]*)", Choices: (.+)/.exec(message ?? '')
  if (choice !== null) {
    return new MeshError(
      'FIELD_INVALID',
      `"${choice[2]}" is none of ${choice[3]?.replaceAll('"', '')}`,
      {
        path: `--${choice[1]}`
      }
    )
  }
  return new MeshError('FIELD_INVALID', message ?? 'the command line is not understood', {
    hint: help
  })
}

function unknownFlag(name: string, command: CliCommand | undefined, help: string): MeshError {
  const known = Object.keys({ ...command?.flags, ...COMMON_FLAGS, help: true, version: true })
  const nearest = nearestName(name, known)
  const dashes = name.length === 1 ? '-' : '--'
  return new MeshError(
    'FIELD_UNKNOWN',
    `${dashes}${name} is not a flag of taskmesh${command === undefined ? '' : ` ${command.words}`}`,
    { hint: nearest === undefined ? help : `did you mean --${nearest}?` }
  )
}

function unknownWord(
  name: string,
  command: CliCommand | undefined,
  words: readonly string[],
  commands: readonly CliCommand[]
): MeshError {
  if (command !== undefined) {
    return new MeshError('FIELD_UNKNOWN', `taskmesh ${command.words} takes no "${name}"`, {
      hint: `see taskmesh ${command.words} --help`
    })
  }
  const group = groupOf(words, commands)
  const known = commands
    .map((candidate) => candidate.words.split(' '))
    .filter(([first]) => group === '' || first === group)
    .map(([first = '', second]) => (group === '' ? first : (second ?? '')))
  const nearest = nearestName(name, [...new Set(known)])
  const prefix = group === '' ? '' : `${group} `
  return new MeshError('COMMAND_UNKNOWN', `there is no command "${prefix}${name}"`, {
    hint:
      nearest === undefined
        ? `see taskmesh ${prefix}--help`
        : `did you mean taskmesh ${prefix}${nearest}?`
  })
}

function commandOf(
  words: readonly string[],
  commands: readonly CliCommand[]
): CliCommand | undefined {
  const plain = words.filter((word) => !word.startsWith('-'))
  return commands.find((command) =>
    command.words.split(' ').every((word, index) => plain[index] === word)
  )
}

function groupOf(words: readonly string[], commands: readonly CliCommand[]): string {
  const first = words.find((word) => !word.startsWith('-')) ?? ''
  return commands.some((command) => command.words.startsWith(`${first} `)) ? first : ''
}
