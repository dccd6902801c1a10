/**
 * Lines for systemd's journal: what one begins with says how severe it is, and the journal takes that off again and keeps it as the
 * line's priority, for `journalctl --priority`.
 */
import { fstatSync } from 'node:fs'

const STDERR = 2

/** Severities of syslog, by the levels of pino from 10 (trace) to 60 (fatal). */
const SEVERITIES = [7, 7, 6, 4, 3, 2]
const INFO = 6

/** Whether what is written to this descriptor goes to the journal: a shell below a unit may have led it elsewhere. */
export function isJournal(env: NodeJS.ProcessEnv = process.env, descriptor = STDERR): boolean {
  const stream = env['JOURNAL_STREAM']
  if (stream === undefined) return false
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    return stream === `${dev}:${ino}`
  } catch {
    // Closed.
    return false
  }
}

/** @param level of pino */
export function severityPrefix(level: number): string {
  return `<${SEVERITIES[Math.floor(level / 10) - 1] ?? INFO}>`
}
