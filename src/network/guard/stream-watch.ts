/**
 * Watches streams that peers open until it is agreed which protocol they speak: libp2p bounds how many
 * there are of each protocol, but neither how many begin nor how often each is answered meanwhile.
 */
import { MeshError } from '../../core/errors.ts'
import { limitAnswers } from './answer-limit.ts'
import { Pace } from '../../core/pace.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../../core/clock.ts'

export interface StreamWatchComponents {
  clock: Clock
  onFlood: (peer: string) => void
}

interface Muxed {
  muxer?: {
    addEventListener: (name: 'stream', listener: (event: CustomEvent<Stream>) => void) => void
  }
}

/** A stream for each request is the JSON binding's way; no program asks as often as this. */
const OPENED = { burst: 20_000, perSecond: 4_000 }

export class StreamWatch {
  readonly #components: StreamWatchComponents
  readonly #opened: Pace

  constructor(components: StreamWatchComponents) {
    this.#components = components
    this.#opened = new Pace(components.clock, OPENED)
  }

  /** All streams that the other end opens on this connection. */
  watch(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const { muxer } = connection as Connection & Muxed
    // After libp2p's own listener, which begins to agree on the protocol.
    muxer?.addEventListener('stream', ({ detail }) => this.#onStream(detail, peer))
  }

  #onStream(stream: Stream, peer: string): void {
    if (!this.#opened.take(peer, 1)) return this.#endStream(stream, peer)
    limitAnswers(
      stream,
      () => stream.protocol !== '',
      () => this.#endStream(stream, peer)
    )
  }

  #endStream(stream: Stream, peer: string): void {
    stream.abort(new MeshError('TOO_MANY_REQUESTS', 'this stream never comes to what it is for'))
    this.#components.onFlood(peer)
  }
}
