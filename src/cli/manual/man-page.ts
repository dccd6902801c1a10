/** The manual page taskmesh(1), in the macros of man(7): from the same table as `--help`. */
import { variableOf } from '../../config/options.ts'
import { VERSION } from '../../core/version.ts'
import { EXIT_TABLE } from '../exit-codes.ts'
import { shapeOf } from '../command.ts'
import { sentence } from './markdown.ts'
import { FLAG_GROUPS, flagShape, flagsOf } from './flag-groups.ts'
import type { CliCommand, Flag } from '../command.ts'

const INTRODUCTION =
  'taskmesh makes the machines that you own or rent act as one computer: workers on each of them, a router that takes JSON jobs and sees them through, and bootstraps that introduce the nodes to each other. There is no broker, no database server and no coordinator to install. Each node is one process of this program; its keys and what it must not forget lie in a folder of their own below the home.'

const FILES: readonly (readonly [string, string])[] = [
  ['~/.taskmesh', 'the home: a folder for each node, and for the authority of a mesh'],
  ['~/.taskmesh/router/api.json', "a running router's address and its token, for its own user"]
]

/** Roff; a manual page has no date here, so that the same program gives the same page. */
export function manPage(commands: readonly CliCommand[]): string {
  return [
    `.TH TASKMESH 1 "" "taskmesh ${plain(VERSION)}" "User Commands"`,
    '.SH NAME',
    'taskmesh \\- the machines you own or rent as one computer',
    '.SH SYNOPSIS',
    '.B taskmesh',
    '.I command',
    '[\\fIflags\\fR]',
    '.SH DESCRIPTION',
    plain(INTRODUCTION),
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    '.SH FLAGS THAT COMMANDS SHARE',
    ...FLAG_GROUPS.flatMap(({ flags, title }) => [
      `.SS ${plain(title)}`,
      ...Object.entries(flags).flatMap(flagLines)
    ]),
    '.SH EXIT STATUS',
    ...EXIT_TABLE.flatMap(([code, meaning]) => item(String(code), meaning)),
    '.SH ENVIRONMENT',
    plain(
      'Flags that belong to a place rather than to one call have a variable each: TASKMESH_ and the name in capitals. A flag wins over it.'
    ),
    ...variableLines(),
    '.SH FILES',
    ...FILES.flatMap(([file, what]) => item(file, what))
  ].join('\n')
}

function commandLines(command: CliCommand): string[] {
  const { examples, notes, positionals = [], summary, words } = command
  const { own, shared } = flagsOf(command)
  const shape = [words, ...positionals.map(shapeOf)].join(' ')
  return [
    `.SS taskmesh ${plain(shape)}`,
    plain(sentence(summary)),
    ...positionals.flatMap((positional) => item(shapeOf(positional), positional.describe)),
    ...own.flatMap(flagLines),
    ...shared.flatMap(({ title }) => ['.PP', `Also: ${plain(title.toLowerCase())}, below.`]),
    ...(notes === undefined ? [] : ['.PP', plain(notes)]),
    ...examples.flatMap(([line, what]) => [...told(what), '.PP', '.EX', plain(line), '.EE'])
  ]
}

function flagLines([name, flag]: readonly [string, Flag]): string[] {
  return item(flagShape(name, flag), flag.describe)
}

function variableLines(): string[] {
  const all = FLAG_GROUPS.flatMap(({ flags }) => Object.entries(flags))
  const names = all.filter(([, { hasVariable }]) => hasVariable).map(([name]) => name)
  return [...new Set(names)].flatMap((name) => item(variableOf(name), `as --${name}`))
}

function item(term: string, text: string): string[] {
  return ['.TP', `.B ${plain(term)}`, plain(text)]
}

/** What an example does; some say it themselves. */
function told(what: string): string[] {
  return what === '' ? [] : ['.PP', plain(sentence(what))]
}

/** Text as text: nothing in it is taken for a request or an escape, and a dash can be copied and searched for. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .split('\n')
    .map((line) => line.trim().replace(/^(?=[.'])/, '\\&'))
    .filter((line) => line !== '')
    .join('\n.br\n')
}
