/**
 * Logs: pino on stderr, one child per component. Messages are short fixed phrases; what varies is a field. No line
 * holds a secret, whatever was logged, and none steers a terminal.
 */
import { destination, pino, stdTimeFunctions } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { HIDDEN, hideSecrets } from '../core/secret-text.ts'
import { isJournal, severityPrefix } from './journal.ts'
import { printableJson, printableLines } from '../core/plain-text.ts'
import type { Logger as PinoLogger } from 'pino'

export type Logger = Pick<PinoLogger, 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'child'>
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

export interface LoggerInit {
  level?: LogLevel
  /** For people (`pretty`) or programs (`json`); by default pretty on a terminal. */
  format?: 'pretty' | 'json'
  /** Texts that no line may show, beside what looks like a secret. */
  secrets?: readonly string[]
  /** Whether lines begin with their severity. @default where stderr is systemd's journal */
  isJournal?: boolean
  /** @default stderr */
  write?: (line: string) => void
}

const STDERR = 2
const SECRET_FIELDS = [
  'token',
  'join',
  'secret',
  'password',
  'privateKey',
  'networkKey',
  'authorization',
  'cookie'
]

/** A logger that writes to stderr, so that stdout stays free for data. */
export function createLogger(init: LoggerInit = {}): Logger {
  const format = init.format ?? (process.stderr.isTTY ? 'pretty' : 'json')
  const options = {
    level: init.level ?? 'info',
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: HIDDEN
    }
  }
  const write = init.write ?? writerToStderr()
  const show = format === 'json' ? printableJson : prettyLine()
  const prefix = (init.isJournal ?? isJournal()) ? severityOf : (): string => ''
  return pino(options, {
    write: (line) => write(prefix(line) + show(hideSecrets(line, init.secrets)))
  })
}

/** Its level is the first field of every line. */
function severityOf(line: string): string {
  return severityPrefix(Number(/^\{"level":(\d+)/.exec(line)?.[1]))
}

function writerToStderr(): (line: string) => void {
  const stderr = destination({ dest: STDERR, sync: true })
  return (line) => void stderr.write(line)
}

/** A person's line. Fields hold words of strangers, and so do the errors among them. */
function prettyLine(): (json: string) => string {
  const pretty = prettyFactory({
    colorize: process.stderr.isTTY,
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true
  })
  return (json) => printableLines(pretty(json))
}

/** For tests and for programs that embed a node and want silence. */
export const silentLogger: Logger = pino({ level: 'silent' })
