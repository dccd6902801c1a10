/** Keeps one piece stream to each peer that is asked for pieces, shared by all downloads, open while any of them uses it. */
import { MeshError } from '../../core/errors.ts'
import { withTimeLimit } from '../../core/abort.ts'
import { AskingStream } from './asking-stream.ts'
import type { Stream } from '@libp2p/interface'
import type { AbortOptions } from '../../core/abort.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'

export interface PieceClientComponents {
  clock: Clock
  /** Program and version. */
  agent: string
  openStream: (peer: string, options: AbortOptions) => Promise<Stream>
  /** See `PeerLink.complain`. */
  complain: (peer: string, error: MeshError) => void
}

const OPEN_TIMEOUT_MS = 10_000
/** The next download may want it. */
const IDLE_MS = 10_000

export class PieceClient {
  readonly #components: PieceClientComponents
  readonly #streams = new Map<string, AskingStream>()
  readonly #opening = new Map<string, Promise<AskingStream>>()
  readonly #idle = new Map<string, CancelTimer>()
  readonly #controller = new AbortController()

  constructor(components: PieceClientComponents) {
    this.#components = components
  }

  /** The stream to a peer, opened if need be. @throws MeshError PEER_UNREACHABLE, PEER_GONE, STOPPING */
  async open(peer: string): Promise<AskingStream> {
    const open = this.#streams.get(peer)
    if (open !== undefined) {
      this.#closeLater(open)
      return open
    }
    const opening = this.#opening.get(peer) ?? this.#open(peer)
    this.#opening.set(peer, opening)
    return await opening.finally(() => this.#opening.delete(peer))
  }

  async stop(): Promise<void> {
    const error = new MeshError('STOPPING', 'this node is stopping')
    this.#controller.abort(error)
    for (const stream of this.#streams.values()) stream.close(error)
  }

  async #open(peer: string): Promise<AskingStream> {
    const { agent, clock, openStream } = this.#components
    const limit = {
      clock,
      timeoutMs: OPEN_TIMEOUT_MS,
      code: 'PEER_UNREACHABLE',
      message: `no piece stream to ${peer} came about in time`,
      signal: this.#controller.signal
    } as const
    return await withTimeLimit(limit, async (signal) => {
      const stream = await openStream(peer, { signal })
      if (signal.aborted) stream.abort(MeshError.from(signal.reason))
      signal.throwIfAborted()
      const asking: AskingStream = new AskingStream(peer, stream, {
        agent,
        clock,
        onClosed: (error) => {
          this.#components.complain(peer, error)
          this.#keep(peer)
          if (this.#streams.get(peer) === asking) this.#streams.delete(peer)
        },
        onIdle: () => this.#closeLater(asking)
      })
      this.#streams.set(peer, asking)
      this.#closeLater(asking)
      return asking
    })
  }

  #closeLater(asking: AskingStream): void {
    this.#keep(asking.peer)
    const cancel = this.#components.clock.after(IDLE_MS, () => {
      this.#idle.delete(asking.peer)
      if (asking.isIdle) asking.close(new MeshError('SESSION_CLOSED', 'nothing is wanted any more'))
    })
    this.#idle.set(asking.peer, cancel)
  }

  #keep(peer: string): void {
    this.#idle.get(peer)?.()
    this.#idle.delete(peer)
  }
}
