/** Opens a stream by the best of several ways to a peer: a way that died unnoticed keeps nobody from the next one. */
import { LIMITS } from '../../core/limits.ts'
import { withTimeLimit } from '../../core/abort.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { Connection, Stream } from '@libp2p/interface'

/** Two round trips around the world, on machines that are busy; a dead way shows itself otherwise only after some ten seconds. */
const PATIENCE_MS = 3_000

/**
 * @param ways best first; at least one
 * @throws whatever the last of them fails with
 */
export async function openStreamBy(
  ways: readonly Connection[],
  protocol: string,
  { clock, signal }: AbortOptions & { clock: Clock }
): Promise<Stream> {
  const [best, ...others] = ways
  const open = async (options: AbortOptions): Promise<Stream> =>
    await (best as Connection).newStream(protocol, {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      runOnLimitedConnection: true,
      maxOutboundStreams: LIMITS.streamsPerProtocolMax
    })
  if (others.length === 0) return await open({ signal })
  const limit = {
    clock,
    timeoutMs: PATIENCE_MS,
    code: 'PEER_UNREACHABLE',
    message: 'a way to the peer does not answer',
    signal
  } as const
  try {
    return await withTimeLimit(limit, (inTime) => open({ signal: inTime }))
  } catch {
    signal?.throwIfAborted()
    return await openStreamBy(others, protocol, { clock, signal })
  }
}
