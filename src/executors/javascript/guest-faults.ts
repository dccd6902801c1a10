/** How a task's failure reads: what was thrown, where in the author's own lines, and the last words on stderr. Pure. */
import { FAULT_MESSAGE_LENGTH_MAX } from '../sandbox/messages.ts'

/** What the glue tells of a thrown value. */
export interface Thrown {
  name: string
  message: string
  stack: string
}

/** Frames of the stack, each some fifty characters. */
const FRAMES_MAX = 8
const TAIL_LINES_MAX = 5
const TAIL_LENGTH_MAX = 500
const MESSAGE_LENGTH_MAX = 1_000

/** @param file the name under which the engine knows the task's source */
export function describeThrown({ message, name, stack }: Thrown, file: string): string {
  const short = message.slice(0, MESSAGE_LENGTH_MAX)
  const title = name === '' ? short : `${name}: ${short}`
  const frames = stack.split('\n').filter((frame) => frame.includes(`${file}:`))
  const [, line, column] = /:(\d+):(\d+)\)?$/.exec(frames[0] ?? '') ?? []
  if (line === undefined) return title
  const place = `${title} (line ${line}, column ${column})`
  // One frame says no more than the place.
  return frames.length === 1 ? place : [place, ...frames.slice(0, FRAMES_MAX)].join('\n')
}

/** The engine found the source itself at fault: none of it has run. */
export function isSourceFault({ name, stack }: Thrown): boolean {
  return name === 'SyntaxError' && !stack.includes('(')
}

/** A message and, below it, what the task last wrote to stderr. */
export function withTail(message: string, stderrTail: string): string {
  const lines = stderrTail.trimEnd().split('\n').slice(-TAIL_LINES_MAX)
  const tail = lines.join('\n').slice(-TAIL_LENGTH_MAX)
  if (tail.trim() === '') return message.slice(0, FAULT_MESSAGE_LENGTH_MAX)
  const last = `\nlast on stderr:\n${tail}`
  return message.slice(0, FAULT_MESSAGE_LENGTH_MAX - last.length) + last
}

/** What of the stream is worth keeping for that. */
export function addToTail(stderrTail: string, text: string): string {
  return (stderrTail + text).slice(-TAIL_LENGTH_MAX)
}
