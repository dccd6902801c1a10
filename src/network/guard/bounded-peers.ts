/**
 * Bounds what is remembered of one peer: libp2p's peer store takes whatever a peer says of itself, and what
 * any peer says of any other, and adds it up. What a peer has signed comes before what others say of it, and
 * what is new before what is old.
 */
import { LIMITS } from '../../core/limits.ts'
import type { Address, PeerData, PeerId, PeerStore } from '@libp2p/interface'

/** What a peer says of its program is shown to people, cut at less. */
const METADATA_BYTES_MAX = 512
/** `AgentVersion`, `ProtocolVersion`, and the times of the last dials. */
const METADATA_MAX = 16
/** Ours are some fifteen. */
const PROTOCOLS_MAX = 128
const PROTOCOL_LETTERS_MAX = 256

/** The store itself, with bounds from now on: all of libp2p has hold of it already. */
export function boundPeers(store: PeerStore): void {
  const merge = store.merge.bind(store)
  const patch = store.patch.bind(store)
  const save = store.save.bind(store)
  store.save = (id, data, options) => save(id, bounded(data), options)
  store.patch = (id, data, options) => patch(id, bounded(data), options)
  store.merge = async (id, data, options) => {
    if (addressesOf(data).length === 0) return await merge(id, bounded(data), options)
    const addresses = mergedAddresses(await knownAddresses(store, id), addressesOf(data))
    const { multiaddrs: _named, addresses: _certified, ...rest } = data
    await merge(id, bounded(rest), options)
    return await patch(id, { addresses }, options)
  }
}

function bounded(data: PeerData): PeerData {
  const { addresses, metadata, multiaddrs, protocols } = data
  return {
    ...data,
    ...(addresses === undefined ? {} : { addresses: addresses.slice(0, LIMITS.peerAddressesMax) }),
    ...(multiaddrs === undefined
      ? {}
      : { multiaddrs: multiaddrs.slice(0, LIMITS.peerAddressesMax) }),
    ...(protocols === undefined ? {} : { protocols: boundedProtocols(protocols) }),
    ...(metadata === undefined ? {} : { metadata: boundedMetadata(metadata) })
  }
}

function boundedProtocols(protocols: readonly string[]): string[] {
  return protocols
    .slice(0, PROTOCOLS_MAX)
    .filter((protocol) => protocol.length <= PROTOCOL_LETTERS_MAX)
}

function boundedMetadata(
  metadata: NonNullable<PeerData['metadata']>
): NonNullable<PeerData['metadata']> {
  const entries = metadata instanceof Map ? [...metadata] : Object.entries(metadata)
  const kept = entries
    .slice(0, METADATA_MAX)
    .map(([key, value]) => [key, value?.subarray(0, METADATA_BYTES_MAX)] as const)
  return Object.fromEntries(kept)
}

function addressesOf({ addresses = [], multiaddrs = [] }: PeerData): Address[] {
  const named = multiaddrs.map((multiaddr) => ({ multiaddr, isCertified: false }))
  return [...addresses, ...named].slice(0, LIMITS.peerAddressesMax)
}

async function knownAddresses(store: PeerStore, id: PeerId): Promise<Address[]> {
  try {
    return (await store.get(id)).addresses
  } catch {
    // Nobody has heard of it yet.
    return []
  }
}

function mergedAddresses(known: readonly Address[], fresh: readonly Address[]): Address[] {
  const certified = known.filter(({ isCertified }) => isCertified)
  const hearsay = known.filter(({ isCertified }) => !isCertified)
  const distinct = new Map<string, Address>()
  for (const address of [...certified, ...fresh, ...hearsay]) {
    const name = address.multiaddr.toString()
    if (!distinct.has(name)) distinct.set(name, address)
  }
  return [...distinct.values()].slice(0, LIMITS.peerAddressesMax)
}
