/** Logs: pino on stderr, one child per component. Messages are short fixed phrases; what varies is a field. */
import { pino, stdTimeFunctions } from 'pino'
import { build as prettyStream } from 'pino-pretty'
import type { Logger as PinoLogger } from 'pino'

export type Logger = Pick<PinoLogger, 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'child'>
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

export interface LoggerInit {
  level?: LogLevel
  /** For people (`pretty`) or programs (`json`); by default pretty on a terminal. */
  format?: 'pretty' | 'json'
}

const STDERR = 2

/** A logger that writes to stderr, so that stdout stays free for data. */
export function createLogger(init: LoggerInit = {}): Logger {
  const format = init.format ?? (process.stderr.isTTY ? 'pretty' : 'json')
  const options = {
    level: init.level ?? 'info',
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    // Secrets never reach a log, whoever puts them in a field.
    redact: ['token', '*.token', 'privateKey', '*.privateKey', 'headers.authorization']
  }
  if (format === 'json') return pino(options, pino.destination({ dest: STDERR, sync: true }))
  return pino(
    options,
    prettyStream({
      destination: STDERR,
      sync: true,
      translateTime: 'SYS:HH:MM:ss',
      singleLine: true
    })
  )
}

/** For tests and for programs that embed a node and want silence. */
export const silentLogger: Logger = pino({ level: 'silent' })
