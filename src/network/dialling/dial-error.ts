/** What it means when a peer could not be dialled: whether only the way there failed, or its program is not running. */
import { MeshError, messageOf } from '../../core/errors.ts'

/** Named as libp2p names its own, of which it gives no class. */
export class DialDeniedError extends Error {
  override readonly name = 'DialDeniedError'
}

export interface DialContext {
  /** This node belongs to a private network. */
  hasNetworkKey: boolean
}

/** @param target address or peer id */
export function unreachableError(target: string, cause: unknown, context: DialContext): MeshError {
  return new MeshError('PEER_UNREACHABLE', `${target} cannot be reached: ${messageOf(cause)}`, {
    hint: hintOf(cause, context),
    cause
  })
}

/**
 * As `unreachableError`, but PEER_GONE where the machine has answered at every address that nobody
 * listens there. Any other failure (no route, no answer in time, no address) may be the network's.
 */
export function streamError(peer: string, cause: unknown, context: DialContext): MeshError {
  if (!isRefusal(cause)) return unreachableError(peer, cause, context)
  const message = `nobody listens at any address of ${peer}: ${messageOf(cause)}`
  return new MeshError('PEER_GONE', message, { cause })
}

/** Where somebody listens, but no encrypted connection came about, the keys of private networks may differ. */
function hintOf(cause: unknown, { hasNetworkKey }: DialContext): string | undefined {
  const names = [cause, ...(cause instanceof AggregateError ? cause.errors : [])].map(nameOf)
  if (names.includes('DialDeniedError') || names.includes('ConnectionInterceptedError')) {
    return 'the peer is banned, or has misbehaved and is shunned for a while; its own log may say more'
  }
  if (!names.some((name) => name === 'EncryptionFailedError' || name === 'TimeoutError')) {
    return undefined
  }
  return hasNetworkKey
    ? 'if somebody listens there: it may have another network_key, or none'
    : 'if somebody listens there: it may belong to a private network, whose network_key is needed'
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : ''
}

/** libp2p gives the error of a peer's only address as it is, those of several together. */
function isRefusal(cause: unknown): boolean {
  if (cause instanceof AggregateError) {
    return cause.errors.length > 0 && cause.errors.every(isRefusal)
  }
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
}
