/**
 * libp2p answers some messages from event listeners, and what a listener throws nobody can catch: a
 * connection that ends in the middle of such an answer would end the whole process (js-libp2p #3415).
 * By then that connection is gone and the rest of the node is whole, so these few are survived.
 */

/** Names of what a write to an ending stream throws, in libp2p 3. */
const NAMES: ReadonlySet<string> = new Set([
  'MuxerClosedError',
  'StreamClosedError',
  'StreamResetError',
  'StreamStateError'
])

/** Whether an uncaught error is only one connection's end. */
export function isStrayStreamError(error: unknown): error is Error {
  return error instanceof Error && NAMES.has(error.name)
}
