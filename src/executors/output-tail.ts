/**
 * What a task that failed had written to its standard output: there is no result that would hold it, so the
 * end of it goes into the log. For every engine that runs programs.
 */

/** A quarter of a log: what a program says last is seldom longer. */
const TAIL_BYTES_MAX = 16_384
const LINE_END = 0x0a

/** The last lines, none cut unless one alone is too long; empty for what is no text. */
export function outputTail(output: Uint8Array): string {
  const tail = output.subarray(startOfTail(output))
  // As `grep` tells files from each other: it would fill a terminal with nonsense.
  return tail.includes(0) ? '' : Buffer.from(tail).toString()
}

function startOfTail(output: Uint8Array): number {
  const earliest = Math.max(0, output.byteLength - TAIL_BYTES_MAX)
  if (earliest === 0) return 0
  // From one before, where a line may end.
  const lineEnd = output.indexOf(LINE_END, earliest - 1)
  if (lineEnd !== -1 && lineEnd + 1 < output.byteLength) return lineEnd + 1
  let start = earliest
  while (isContinuation(output[start])) start += 1
  return start
}

/** Of a character in UTF-8 that has begun before. */
function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80
}
