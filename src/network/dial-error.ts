/** What it means when a peer could not be dialled: whether only the way there failed, or its program is not running. */
import { MeshError, messageOf } from '../core/errors.ts'

/** @param target address or peer id */
export function unreachableError(target: string, cause: unknown): MeshError {
  return new MeshError('PEER_UNREACHABLE', `${target} cannot be reached: ${messageOf(cause)}`, {
    cause
  })
}

/**
 * As `unreachableError`, but PEER_GONE where the machine has answered at every address that nobody
 * listens there. Any other failure (no route, no answer in time, no address) may be the network's.
 */
export function streamError(peer: string, cause: unknown): MeshError {
  if (!isRefusal(cause)) return unreachableError(peer, cause)
  const message = `nobody listens at any address of ${peer}: ${messageOf(cause)}`
  return new MeshError('PEER_GONE', message, { cause })
}

/** libp2p gives the error of a peer's only address as it is, those of several together. */
function isRefusal(cause: unknown): boolean {
  if (cause instanceof AggregateError) {
    return cause.errors.length > 0 && cause.errors.every(isRefusal)
  }
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
}
