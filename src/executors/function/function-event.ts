/** What the program around a worker hears of the calls of its functions. */
import type { MeshError } from '../../core/errors.ts'

/** One that was refused before it was called, for its input or for want of a turn, is not told of. */
export type FunctionEvent =
  | (FunctionEventBase & { type: 'started' })
  | (FunctionEventBase & { type: 'completed'; wallMs: number })
  /** The error's `stack` is that of what the function threw; `code` tells a time-out or a stop from a failure. */
  | (FunctionEventBase & { type: 'failed'; wallMs: number; error: MeshError })

interface FunctionEventBase {
  /** Of the function. */
  name: string
  /** As in the function's own context: equal for all attempts at the same item. */
  seed: string
}

export type FunctionEventListener = (event: FunctionEvent) => void
