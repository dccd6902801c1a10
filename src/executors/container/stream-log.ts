/**
 * What a container wrote, as podman's helper keeps it beside the command that shows it. That command may
 * leave before it has shown all: when the task's program ends without having read what was sent to it.
 * The format is that of Kubernetes: `time stream F|P text`, where P is a line that goes on. Pure.
 */

/** The log begins anew beyond it; what the command has shown then counts. */
const LOG_SIZE = '16mb'
const LINE_END = 0x0a
const SPACE = 0x20
const PARTIAL = 0x50
const STDOUT = Buffer.from('stdout')

/** Words of `run` that have such a log kept at `path`. */
export function streamLogWords(path: string): string[] {
  return ['--log-driver=k8s-file', `--log-opt=path=${path}`, `--log-opt=max-size=${LOG_SIZE}`]
}

/** What the log has of standard output. */
export function stdoutOf(log: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  let start = 0
  for (let end = log.indexOf(LINE_END); end !== -1; end = log.indexOf(LINE_END, start)) {
    const part = partOf(log.subarray(start, end + 1))
    if (part !== undefined) parts.push(part)
    start = end + 1
  }
  return Buffer.concat(parts)
}

/** @param line with its line end, which is the program's own unless the line goes on */
function partOf(line: Uint8Array): Uint8Array | undefined {
  const stream = line.indexOf(SPACE) + 1
  const flag = line.indexOf(SPACE, stream) + 1
  if (stream === 0 || flag === 0) return undefined
  if (STDOUT.compare(line.subarray(stream, flag - 1)) !== 0) return undefined
  return line.subarray(flag + 2, line[flag] === PARTIAL ? -1 : undefined)
}
