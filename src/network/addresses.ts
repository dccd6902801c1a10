/** Addresses and peer ids as they come from people and from strangers: read, bounded, grouped by who is behind them. */
import { multiaddr } from '@multiformats/multiaddr'
import { getNetConfig, isNetworkAddress } from '@libp2p/utils'
import { peerIdFromString } from '@libp2p/peer-id'
import { LIMITS } from '../core/limits.ts'
import { MeshError, messageOf } from '../core/errors.ts'
import { isPublicAddress } from '../core/public-address.ts'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerId } from '@libp2p/interface'

/** @throws MeshError FIELD_INVALID */
export function parseAddress(text: string): Multiaddr {
  try {
    const address = multiaddr(text)
    if (address.getComponents().length === 0) throw new Error('it is empty')
    return address
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', `"${text}" is not a multiaddr: ${messageOf(cause)}`, {
      hint: 'write it as /ip4/203.0.113.7/tcp/51820 or /dns4/mesh.example.org/tcp/51820',
      cause
    })
  }
}

/** @throws MeshError FIELD_INVALID */
export function parsePeer(text: string): PeerId {
  try {
    return peerIdFromString(text)
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', `"${text}" is not a peer id`, {
      hint: 'peer ids begin with 12D3KooW; `taskmesh node list` shows those of the workers',
      cause
    })
  }
}

/** Of a stranger's list what makes sense, and no more of it than one peer needs: one bad address spoils no other. */
export function readAddresses(texts: readonly string[]): Multiaddr[] {
  return texts.slice(0, LIMITS.peerAddressesMax).flatMap((text) => {
    if (text.length > LIMITS.addressBytesMax) return []
    try {
      return [multiaddr(text)]
    } catch {
      return []
    }
  })
}

/**
 * Whether an address that others name is remembered. A `/dnsaddr` stands for as many addresses as its owner
 * likes, and would have us ask name servers of his choice: bootstraps may be given so, by our own user. A `/unix` one
 * is a socket of this machine, and libp2p would dial it.
 */
export function isWorthKeeping(address: Multiaddr): boolean {
  return (
    address.bytes.byteLength <= LIMITS.addressBytesMax &&
    !address.getComponents().some(({ name }) => name === 'dnsaddr' || name === 'unix')
  )
}

/** Whose address it says that it is; of one through a relay the peer behind it. */
export function peerIn(address: Multiaddr): string | undefined {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value
}

/** Where a peer is, without who it is. */
export function withoutPeer(address: Multiaddr, peer: PeerId): Multiaddr {
  return peerIn(address) === peer.toString()
    ? address.decapsulate(`/p2p/${peer.toString()}`)
    : address
}

/** Whether it leads through a relay. */
export function isCircuit(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name === 'p2p-circuit')
}

/** The IP address that it begins with. */
export function hostOf(address: Multiaddr): string | undefined {
  if (!isNetworkAddress(address)) return undefined
  const { host, type } = getNetConfig(address)
  return type === 'ip4' || type === 'ip6' ? host : undefined
}

/**
 * Whether an address leads to a peer by the internet, whoever has named it: to no name, which its owner may have lead
 * into our own network, to nobody else, and through no relay.
 */
export function isOfInternet(address: Multiaddr, peer: string): boolean {
  const host = isCircuit(address) ? undefined : hostOf(address)
  return host !== undefined && isPublicAddress(host) && (peerIn(address) ?? peer) === peer
}

/** Who shares a bound: an address of IPv4, a network of IPv6 as one customer has it (/64). */
export function addressGroup(address: Multiaddr): string {
  for (const { name, value } of address.getComponents()) {
    if (name === 'ip4' && value !== undefined) return value
    if (name === 'ip6' && value !== undefined) return networkOf(value)
  }
  return address.toString()
}

function networkOf(ip6: string): string {
  const [head = '', tail] = ip6.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length)
  const groups = [...front, ...Array.from({ length: zeros }, () => '0'), ...back]
  return groups.slice(0, 4).join(':')
}
