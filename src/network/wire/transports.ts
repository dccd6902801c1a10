/**
 * By which transports a node talks to others. TCP always; WebSocket, for those whom a firewall or a browser lets
 * do nothing else, and QUIC, where they were asked for: each is one more door to guard.
 */
import { webSockets } from '@libp2p/websockets'
import { unlessAborted } from '../../core/abort.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { overriding } from '../../core/overriding.ts'
import { boundListener } from './web-socket-bounds.ts'
import type { Libp2pOptions } from 'libp2p'
import type { Transport } from '@libp2p/interface'
import type { TransportName } from '../../config/address.ts'

export type TransportFactory = NonNullable<Libp2pOptions['transports']>[number]

export interface TransportsInit {
  names: readonly TransportName[]
  /** TCP, as this node has it. */
  tcp: TransportFactory
  /** The node belongs to a private network. */
  hasNetworkKey: boolean
}

/** @throws MeshError CONFIG_INVALID for one that this node cannot have */
export async function createTransports(init: TransportsInit): Promise<TransportFactory[]> {
  const { hasNetworkKey, names, tcp } = init
  if (names.includes('quic') && hasNetworkKey) {
    throw new MeshError('CONFIG_INVALID', 'quic would let in who does not have the network key', {
      path: 'transports',
      hint: 'leave quic and addresses with /quic-v1 out, or the network_key: certificates keep strangers out as well'
    })
  }
  return [
    tcp,
    ...(names.includes('ws') ? [webSocketTransport] : []),
    ...(names.includes('quic') ? [await quicTransport()] : [])
  ]
}

const webSocketTransport: TransportFactory = (components) => {
  const transport = webSockets()(components)
  return overriding<Transport>(transport, {
    createListener: (options) => boundListener(transport.createListener(options))
  })
}

/** Its native part is there for the usual systems, and loaded by those alone who want it. */
async function quicTransport(): Promise<TransportFactory> {
  const { quic } = await import('@chainsafe/libp2p-quic').catch((cause: unknown) => {
    throw new MeshError('CONFIG_INVALID', `quic cannot be loaded here: ${messageOf(cause)}`, {
      path: 'transports',
      hint: 'leave it out: every node speaks tcp',
      cause
    })
  })
  return (components) => {
    const transport = quic({ maxConcurrentStreamLimit: LIMITS.streamsPerProtocolMax })(components)
    // Its own dial hears of the end of a caller's patience only when it has come to an end itself.
    const dial: Transport['dial'] = async (to, options) => {
      options.signal.throwIfAborted()
      return await unlessAborted(transport.dial(to, options), options)
    }
    return overriding<Transport>(transport, { dial })
  }
}
