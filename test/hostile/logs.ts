/** Reads the victims' logs as a program and as a terminal would. Pure. */

export interface LogFinding {
  victim: string
  what: string
  line: string
}

/** C0 and C1, and what turns the direction of text or ends a line elsewhere. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

/** Pino's number for what went wrong. */
const ERROR_LEVEL = 50
const WARN_LEVEL = 40
/** What `taskmesh share` tells people of its progress, beside the log. */
const PROGRESS = /^hashing \S+ +\d+\/\d+ files /
const LINE_MAX = 400
/** No line of an honest node is anywhere near. */
const LINE_BYTES_MAX = 64 * 1_024

export function findingsIn(victim: string, log: string): LogFinding[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const what = faultOf(line)
      return what === undefined
        ? []
        : [{ victim, what, line: JSON.stringify(line.slice(0, LINE_MAX)) }]
    })
}

function faultOf(line: string): string | undefined {
  if (CONTROL.test(line)) return 'a control character'
  if (line.length > LINE_BYTES_MAX) return `a line of ${line.length} letters`
  if (PROGRESS.test(line)) return undefined
  const fields = parsed(line)
  if (fields === undefined) return 'no JSON'
  const level = Number(fields['level'])
  if (level >= ERROR_LEVEL) return 'an error that nobody foresaw'
  // What a worker has answered is told as information; it is not this node's own.
  if (level >= WARN_LEVEL && line.includes('"INTERNAL"')) return 'INTERNAL'
  return undefined
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
