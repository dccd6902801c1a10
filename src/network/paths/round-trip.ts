/**
 * The round trip of one connection, by the protocol that every libp2p node answers. libp2p's own `ping` takes any
 * connection to a peer, so that a relay's delay could be taken for that of the direct path beside it.
 */
import { randomBytes } from 'node:crypto'
import { PING_PROTOCOL } from '@libp2p/ping'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { closeWithin } from '../../protocol/stream-text.ts'
import { unlessAborted } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { Connection, Stream } from '@libp2p/interface'

/** As the protocol has it. */
const PING_BYTES = 32
const CLOSE_TIMEOUT_MS = 1_000

/** @throws MeshError FRAME_INVALID for what is no echo; the signal's reason */
export async function measureRoundTrip(
  connection: Connection,
  clock: Clock,
  { signal }: { signal: AbortSignal }
): Promise<number> {
  const stream = await connection.newStream(PING_PROTOCOL, {
    signal,
    runOnLimitedConnection: true,
    maxOutboundStreams: LIMITS.streamsPerProtocolMax
  })
  try {
    signal.throwIfAborted()
    const sentAtMs = clock.monotonicMs()
    await unlessAborted(echoOf(stream, randomBytes(PING_BYTES)), { signal })
    const tookMs = clock.monotonicMs() - sentAtMs
    void closeWithin(stream, clock, CLOSE_TIMEOUT_MS)
    return tookMs
  } catch (cause) {
    stream.abort(MeshError.from(cause))
    throw cause
  }
}

/** Sends them. Resolves once the same have come back. */
async function echoOf(stream: Stream, sent: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let received = Buffer.alloc(0)
  stream.addEventListener('message', ({ data }) => {
    if (received.byteLength >= PING_BYTES) return
    received = Buffer.concat([received, data.subarray()])
    if (received.byteLength < PING_BYTES) return
    if (received.equals(sent)) resolve()
    else reject(new MeshError('FRAME_INVALID', 'a ping came back changed'))
  })
  stream.addEventListener('close', () =>
    reject(new MeshError('SESSION_CLOSED', 'the ping was not answered'))
  )
  stream.send(sent)
  await promise
}
