/**
 * How much may wait in a stream that is not read. Yamux lets the other end send a window's worth before it looks again,
 * doubles the window up to 16 MiB while the reader keeps up, and libp2p resets a stream of which 4 MiB wait: a reader
 * that pauses after a fast start would lose it. So the window of streams that are read slowly stays small.
 */
import type { Stream } from '@libp2p/interface'

/** A fifth of a second at 5 MiB/s, and well below what libp2p keeps of a paused stream. */
const WINDOW_BYTES_MAX = 1_048_576

/** Of a muxer's own kind of stream; the interface says nothing of windows. */
interface Windowed {
  maxStreamWindowSize?: number
}

/** To be called before anything has come. */
export function boundWindow(stream: Stream): void {
  const windowed = stream as Windowed
  if (windowed.maxStreamWindowSize !== undefined) windowed.maxStreamWindowSize = WINDOW_BYTES_MAX
}
