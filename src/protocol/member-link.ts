/** Streams of one protocol for members only, and of those for whoever may call the command that stands for it. */
import { MeshError } from '../core/errors.ts'
import type { Access } from './access.ts'
import type { CommandName } from './commands.ts'
import type { PeerLink } from './peer-link.ts'

export function memberLink(link: PeerLink, access: Access, command: CommandName): PeerLink {
  return {
    selfPeer: link.selfPeer,
    openStream: async (peer, protocol, options) => {
      await access.introduce(peer, options)
      return await link.openStream(peer, protocol, options)
    },
    handle: async (protocol, onStream, init) => {
      await link.handle(
        protocol,
        (stream, peer) => {
          try {
            access.requireRight(peer, command)
          } catch (cause) {
            stream.abort(MeshError.from(cause))
            return
          }
          return onStream(stream, peer)
        },
        init
      )
    },
    unhandle: (protocol) => link.unhandle(protocol),
    isRelayed: (peer) => link.isRelayed(peer),
    onDirect: (listener) => link.onDirect(listener),
    noteTransfer: (peer, direction, transfer) => link.noteTransfer(peer, direction, transfer),
    complain: (peer, error) => link.complain(peer, error)
  }
}
