/** One run of the command line, from its words to its exit code. All that can go wrong ends here as one line. */
import { MeshError } from '../core/errors.ts'
import { hideSecrets } from '../core/secret-text.ts'
import { printableLines } from '../core/plain-text.ts'
import { VERSION } from '../core/version.ts'
import { isJournal, severityPrefix } from '../observe/journal.ts'
import { COMMANDS } from './commands.ts'
import { errorJson, errorLine, stackOf } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import { OUTPUT_FORMATS, Output } from './output.ts'
import type { OutputFormat } from './output.ts'
import { parseCommandLine } from './parser.ts'
import { secretTexts } from './secret-words.ts'
import type { CliCommand } from './command.ts'
import type { ParsedCommand } from './parser.ts'
import type { Terminal } from './terminal.ts'

/** Pino's, by which the journal's severity is found. */
const ERROR_LEVEL = 50
const ROLE_START = /^(bootstrap|worker|monitor)$/

/** Never throws. @returns the exit code */
export async function runCli(words: readonly string[], terminal: Terminal): Promise<number> {
  let command: CliCommand | undefined
  try {
    const parsed = await parseCommandLine(plainWords(words), terminal.env, COMMANDS, VERSION)
    if ('text' in parsed) {
      terminal.stdout.write(`${parsed.text}\n`)
      return EXIT.completed
    }
    command = parsed.command
    const output = new Output(terminal, outputInit(parsed, terminal.env))
    return await command.run({ args: parsed.args, output, terminal, commands: COMMANDS })
  } catch (cause) {
    if (terminal.signal.aborted && cause === terminal.signal.reason) return EXIT.detached
    reportError(cause, words, terminal)
    return command?.errorExitCode ?? EXIT.error
  }
}

/** Writes what went wrong to stderr, in the form that was asked for. */
export function reportError(cause: unknown, words: readonly string[], terminal: Terminal): void {
  const error = MeshError.from(cause)
  const secrets = secretTexts(words, terminal.env)
  const severity = isJournal(terminal.env) ? severityPrefix(ERROR_LEVEL) : ''
  const say = (text: string): void =>
    terminal.stderr.write(`${severity}${hideSecrets(text, secrets)}\n`)
  say(wantsJson(words, terminal.env) ? errorJson(error) : errorLine(error))
  if (isSet(terminal.env['DEBUG'])) say(printableLines(stackOf(cause)))
}

/**
 * `taskmesh` alone asks for help. `taskmesh help job` is `taskmesh job --help`, `taskmesh worker start` is `taskmesh worker`. A router has
 * other commands beside it, so that `taskmesh router` is `taskmesh router start`.
 */
export function plainWords(words: readonly string[]): readonly string[] {
  const [first = '', second, ...rest] = words
  if (words.length === 0) return ['--help']
  if (first === 'help') return plainWords([...words.slice(1), '--help'])
  if (ROLE_START.test(first) && second === 'start') return [first, ...rest]
  const isBare = first === 'router' && (second === undefined || second.startsWith('-'))
  return isBare ? [first, 'start', ...words.slice(1)] : words
}

/** Known even if the command line as a whole is not understood. */
function wantsJson(words: readonly string[], env: Terminal['env']): boolean {
  const at = words.findIndex((word) => word === '--output' || word === '-o')
  const format = words[at + 1] ?? ''
  return (
    words.includes('--json') ||
    words.some((word) => /^(--output|-o)=jsonl?$/.test(word)) ||
    (at !== -1 && /^jsonl?$/.test(format)) ||
    isSet(env['TASKMESH_JSON'])
  )
}

function outputInit(
  { args, command }: ParsedCommand,
  env: Terminal['env']
): ConstructorParameters<typeof Output>[1] {
  const format = command.flags['output'] === undefined ? args.text('output') : undefined
  const isPlain = args.has('no-color') || isSet(env['NO_COLOR'])
  return {
    format: args.has('json') ? 'json' : formatOf(format),
    isQuiet: args.has('quiet'),
    ...(isPlain ? { isColored: false } : {})
  }
}

function formatOf(text = 'table'): OutputFormat {
  const format = OUTPUT_FORMATS.find((known) => known === text)
  if (format !== undefined) return format
  throw new MeshError('FIELD_INVALID', `"${text}" is none of ${OUTPUT_FORMATS.join(', ')}`, {
    path: '--output'
  })
}

function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '' && variable !== '0'
}
