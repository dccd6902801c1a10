/** A peer that is reached through a relay at first, and then directly, as a test says: only the word changes, the streams are real. */
import type { MeshNode } from '../../src/network/mesh-node.ts'
import type { PeerLink } from '../../src/protocol/peer-link.ts'

export class TwoWays {
  readonly #listeners = new Set<[(peer: string) => void, string]>()
  #peers: string[] = []
  isRelayed = true
  /** Called before each stream is opened; throws to have it fail. */
  onOpen: () => void = () => {}

  /** A node's link, of one of the two. */
  readonly link = (node: MeshNode): PeerLink => {
    this.#peers.push(node.selfPeer)
    return {
      selfPeer: node.selfPeer,
      openStream: async (peer, protocol, options) => {
        this.onOpen()
        return await node.openStream(peer, protocol, options)
      },
      handle: (protocol, onStream, init) => node.handle(protocol, onStream, init),
      unhandle: (protocol) => node.unhandle(protocol),
      isRelayed: () => this.isRelayed,
      onDirect: (listener) => {
        const entry: [(peer: string) => void, string] = [listener, node.selfPeer]
        this.#listeners.add(entry)
        return () => this.#listeners.delete(entry)
      },
      noteTransfer: () => {},
      complain: (peer, error) => node.complain(peer, error)
    }
  }

  /** Both ends notice that there is a direct way. */
  goDirect(): void {
    this.isRelayed = false
    for (const [listener, self] of this.#listeners) {
      for (const peer of this.#peers) if (peer !== self) listener(peer)
    }
  }
}
