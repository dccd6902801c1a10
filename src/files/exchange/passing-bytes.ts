/**
 * Bytes that pass through a piece stream leave buffers behind that are dead at once: the socket's and the
 * cipher's. To V8 each is a small object with 64 KiB outside its heap: its new space looks empty while they
 * pile up, and then it marks the whole heap, dozens of times a second, which was half of all processor time
 * of a transfer. Here the new space is swept after every few MiB instead, in about a millisecond. What is
 * read from the disk needs none of this, as it goes into memory that is used again; see
 * network/send-buffers.ts. A smaller new space (`--max-semi-space-size`) would do the same, but for the
 * whole process and at the cost of small messages. Measured in test/bench (files).
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Each byte is in up to four buffers on its way, and V8 begins to mark at some tens of MiB. */
const SWEEP_BYTES = 2 * 2 ** 20

type Sweep = (options: { type: 'minor' }) => void

let sweep: Sweep | undefined
let passedBytes = 0

/** To be called by all streams of the process, as they share one heap. */
export function notePassing(bytes: number): void {
  passedBytes += bytes
  if (passedBytes < SWEEP_BYTES) return
  passedBytes = 0
  sweep ??= findSweep()
  sweep({ type: 'minor' })
}

/** V8 gives it to new contexts while the flag is set. */
function findSweep(): Sweep {
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc') as Sweep
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
