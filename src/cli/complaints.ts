/** What yargs finds wrong with a command line, as errors of ours that name the nearest right word. */
import { MeshError } from '../core/errors.ts'
import { nearestName } from '../model/validate.ts'
import { COMMON_FLAGS } from './command.ts'
import type { CliCommand } from './command.ts'

/** Given to yargs, and known again when it comes back. */
export const MISSING_COMMAND = 'a command is missing'

/** yargs' complaint in our form. Its texts are those of locale `en`. */
export function complain(
  message: string,
  words: readonly string[],
  commands: readonly CliCommand[]
): MeshError {
  const command = commandOf(words, commands)
  const group = groupOf(words, commands)
  const help = ['see taskmesh', command?.words ?? group, '--help'].filter(isSaid).join(' ')
  const unknown = /^Unknown (?:arguments?|commands?): ([^,]+)/.exec(message)?.[1]
  if (unknown !== undefined) {
    if (words.some((word) => isFlagNamed(word, unknown))) return unknownFlag(unknown, command, help)
    return command === undefined
      ? unknownCommand(unknown, group, commands)
      : new MeshError('FIELD_UNKNOWN', `taskmesh ${command.words} takes no "${unknown}"`, {
          hint: help
        })
  }
  // What it would have taken for the command was the value of a flag that stands too early.
  const early = message === MISSING_COMMAND ? words.find(isOwnFlag) : undefined
  if (early !== undefined) {
    const behind = 'the flags of a command stand behind it'
    return unknownFlag(nameOfFlag(early), undefined, behind)
  }
  const choice = /Argument: ([^,]+), Given: "([^"]*)", Choices: (.+)/.exec(message)
  if (choice !== null) {
    const what = `"${choice[2]}" is none of ${choice[3]?.replaceAll('"', '')}`
    return new MeshError('FIELD_INVALID', what, { path: `--${choice[1]}` })
  }
  const missing = missingIn(message, command)
  return missing === undefined
    ? new MeshError('FIELD_INVALID', message, { hint: help })
    : new MeshError('FIELD_MISSING', missing, { hint: help })
}

function missingIn(message: string, command: CliCommand | undefined): string | undefined {
  if (message === MISSING_COMMAND) return message
  const flagName = /^Not enough arguments following: (.+)$/.exec(message)?.[1]
  if (flagName !== undefined) return `--${flagName} needs a value`
  if (!/^(Missing required argument|Not enough non-option arguments)/.test(message))
    return undefined
  const got = Number(/got (\d+)/.exec(message)?.[1] ?? 0)
  const wanted = (command?.positionals ?? []).filter(({ isOptional }) => isOptional !== true)
  return `<${(wanted[got] ?? wanted[0])?.name ?? 'argument'}> is missing`
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

function unknownCommand(name: string, group: string, commands: readonly CliCommand[]): MeshError {
  const above = group === '' ? [] : group.split(' ')
  const known = commands
    .map((candidate) => candidate.words.split(' '))
    .filter((path) => above.every((word, index) => path[index] === word))
    .map((path) => path[above.length] ?? '')
  const nearest = nearestName(name, [...new Set(known)])
  const prefix = group === '' ? '' : `${group} `
  return new MeshError('COMMAND_UNKNOWN', `there is no command "${prefix}${name}"`, {
    hint:
      nearest === undefined
        ? `see taskmesh ${prefix}--help`
        : `did you mean taskmesh ${prefix}${nearest}?`
  })
}

function isFlagNamed(word: string, name: string): boolean {
  return word.startsWith('-') && nameOfFlag(word) === name
}

function nameOfFlag(word: string): string {
  return word.replace(/^--?/, '').split('=')[0] ?? ''
}

/** Of one command, and not of all of them. */
function isOwnFlag(word: string): boolean {
  const isCommon = Object.entries(COMMON_FLAGS).some(([name, { alias }]) =>
    [name, alias].includes(nameOfFlag(word))
  )
  return word.startsWith('-') && word !== '-' && !isCommon
}

function isSaid(text: string): boolean {
  return text !== ''
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

/** As many words as begin a command and are none: `job`, `router token`. */
function groupOf(words: readonly string[], commands: readonly CliCommand[]): string {
  const plain = words.filter((word) => !word.startsWith('-'))
  const isGroup = (path: string): boolean =>
    path !== '' && commands.some((command) => command.words.startsWith(`${path} `))
  const depth = plain.findIndex((_word, index) => !isGroup(plain.slice(0, index + 1).join(' ')))
  return plain.slice(0, depth === -1 ? plain.length : depth).join(' ')
}
