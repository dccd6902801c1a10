/**
 * Keeps one piece stream to each peer that is asked for pieces, shared by all downloads, open while any of them uses
 * it. It goes a direct way where one comes about soon, and moves to one that comes about later.
 */
import { MeshError } from '../../core/errors.ts'
import { withTimeLimit } from '../../core/abort.ts'
import { AskingStream } from './asking-stream.ts'
import type { Stream } from '@libp2p/interface'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { OpenStreamOptions, PeerLink } from '../../protocol/peer-link.ts'

export interface PieceClientComponents {
  clock: Clock
  /** Program and version. */
  agent: string
  openStream: (peer: string, options: OpenStreamOptions) => Promise<Stream>
  link: Pick<PeerLink, 'complain' | 'noteTransfer' | 'onDirect'>
}

const OPEN_TIMEOUT_MS = 10_000
/** Dialling back and punching holes take half a second where they succeed, and often succeed at the second or third try. */
export const DIRECT_WITHIN_MS = 3_000
/** The next download may want it. */
const IDLE_MS = 10_000

export class PieceClient {
  readonly #components: PieceClientComponents
  readonly #streams = new Map<string, AskingStream>()
  readonly #opening = new Map<string, Promise<AskingStream>>()
  readonly #idle = new Map<string, CancelTimer>()
  readonly #controller = new AbortController()
  readonly #unlisten: () => void

  constructor(components: PieceClientComponents) {
    this.#components = components
    this.#unlisten = components.link.onDirect((peer) => void this.#move(peer))
  }

  /** The stream to a peer, opened if need be. @throws MeshError PEER_UNREACHABLE, PEER_GONE, STOPPING */
  async open(peer: string): Promise<AskingStream> {
    const open = this.#streams.get(peer)
    if (open !== undefined) {
      this.#closeLater(open)
      return open
    }
    return await (this.#opening.get(peer) ?? this.#begin(peer))
  }

  async stop(): Promise<void> {
    const error = new MeshError('STOPPING', 'this node is stopping')
    this.#unlisten()
    this.#controller.abort(error)
    for (const stream of this.#streams.values()) stream.close(error)
  }

  /** Never rejects: where no stream comes about, the one before goes on. */
  async #move(peer: string): Promise<void> {
    try {
      await this.#opening.get(peer)
      const before = this.#streams.get(peer)
      if (before === undefined) return
      before.moveTo(await this.#begin(peer))
      if (before.isIdle) this.#closeUnused(before)
    } catch {
      // Whoever wants something of it opens one.
    }
  }

  #begin(peer: string): Promise<AskingStream> {
    const opening = this.#open(peer).finally(() => this.#opening.delete(peer))
    this.#opening.set(peer, opening)
    return opening
  }

  async #open(peer: string): Promise<AskingStream> {
    const { agent, clock, link, openStream } = this.#components
    const limit = {
      clock,
      timeoutMs: OPEN_TIMEOUT_MS,
      code: 'PEER_UNREACHABLE',
      message: `no piece stream to ${peer} came about in time`,
      signal: this.#controller.signal
    } as const
    return await withTimeLimit(limit, async (signal) => {
      const stream = await openStream(peer, { signal, directWithinMs: DIRECT_WITHIN_MS })
      if (signal.aborted) stream.abort(MeshError.from(signal.reason))
      signal.throwIfAborted()
      const asking: AskingStream = new AskingStream(peer, stream, {
        agent,
        clock,
        onClosed: (error) => {
          link.complain(peer, error)
          if (this.#streams.get(peer) !== asking) return
          this.#keep(peer)
          this.#streams.delete(peer)
        },
        onIdle: () => this.#onIdle(asking),
        onTransfer: (transfer) => link.noteTransfer(peer, 'from', transfer)
      })
      this.#streams.set(peer, asking)
      this.#closeLater(asking)
      return asking
    })
  }

  #onIdle(asking: AskingStream): void {
    if (this.#streams.get(asking.peer) === asking) this.#closeLater(asking)
    else this.#closeUnused(asking)
  }

  #closeLater(asking: AskingStream): void {
    this.#keep(asking.peer)
    const cancel = this.#components.clock.after(IDLE_MS, () => {
      this.#idle.delete(asking.peer)
      if (asking.isIdle) this.#closeUnused(asking)
    })
    this.#idle.set(asking.peer, cancel)
  }

  #closeUnused(asking: AskingStream): void {
    asking.close(new MeshError('SESSION_CLOSED', 'nothing is wanted any more'))
  }

  #keep(peer: string): void {
    this.#idle.get(peer)?.()
    this.#idle.delete(peer)
  }
}
