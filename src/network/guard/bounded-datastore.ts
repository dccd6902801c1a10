/**
 * Where libp2p keeps the peers that it knows and the DHT what others store here: in memory, as libp2p's own
 * does, but each kind within bounds, and found without looking at all that there is. Of the peers those go
 * first that were not needed for longest and are not connected; of provider records those of whoever stored
 * the most. A key that has its fill takes no more, so that nobody can push the honest out by flooding it.
 */
import { NotFoundError } from '@libp2p/interface'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { parsePeer } from '../addresses.ts'
import type { PeerId } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

type Datastore = Exclude<Libp2pOptions['datastore'], undefined>
type Key = Parameters<Datastore['get']>[0]

interface Pair {
  key: Key
  value: Uint8Array
}

/** A provider record: `/dht/provider/<key>/<peer>`. */
const PROVIDER = /^\/dht\/provider\/([^/]+)\/([^/]+)$/
const PROVIDER_PREFIX = '/dht/provider'
const PEER_PREFIX = '/peers/'

export interface DatastoreCounts {
  peers: number
  providers: number
  /** Of either, those that were not taken in or had to go. */
  dropped: number
}

export class BoundedDatastore {
  readonly #selfPeer: string
  /** Longest unused first. */
  readonly #peers = new Map<string, Pair>()
  readonly #kept = new Set<string>()
  /** By DHT key, then by provider. */
  readonly #providers = new Map<string, Map<string, Pair>>()
  /** DHT keys of each provider, oldest first. */
  readonly #provided = new Map<string, Set<string>>()
  /** Providers by their keys in the peer store. */
  readonly #providerOf = new Map<string, string>()
  /** Few, and only this node's own: others may store nothing else, see `libp2p-options.ts`. */
  readonly #others = new Map<string, Pair>()
  #providerCount = 0
  #droppedCount = 0

  /** @param selfPeer whose own records are bounded by what this node does */
  constructor(selfPeer: string) {
    this.#selfPeer = selfPeer
  }

  /** This peer is connected, and stays. */
  keep(peer: PeerId): void {
    this.#kept.add(peerKey(peer))
  }

  release(peer: PeerId): void {
    this.#kept.delete(peerKey(peer))
  }

  counts(): DatastoreCounts {
    return {
      peers: this.#peers.size,
      providers: this.#providerCount,
      dropped: this.#droppedCount
    }
  }

  put(key: Key, value: Uint8Array): Key {
    const name = key.toString()
    const pair = { key, value }
    const [, cid, provider] = PROVIDER.exec(name) ?? []
    if (cid !== undefined && provider !== undefined) this.#putProvider(cid, provider, pair)
    else if (name.startsWith(PEER_PREFIX)) this.#putPeer(name, pair)
    else this.#others.set(name, pair)
    return key
  }

  /** @throws NotFoundError */
  get(key: Key): Uint8Array {
    const name = key.toString()
    const pair = this.#find(name)
    if (pair === undefined) throw new NotFoundError()
    if (name.startsWith(PEER_PREFIX)) this.#touch(name, pair)
    return pair.value
  }

  has(key: Key): boolean {
    return this.#find(key.toString()) !== undefined
  }

  delete(key: Key): void {
    const name = key.toString()
    const [, cid, provider] = PROVIDER.exec(name) ?? []
    if (cid !== undefined && provider !== undefined) this.#deleteProvider(cid, provider)
    else if (name.startsWith(PEER_PREFIX)) this.#deletePeer(name)
    else this.#others.delete(name)
  }

  async *query({
    filters = [],
    prefix = ''
  }: Parameters<Datastore['query']>[0]): AsyncGenerator<Pair> {
    for (const pair of this.#below(prefix)) if (filters.every((fits) => fits(pair))) yield pair
  }

  #find(name: string): Pair | undefined {
    const [, cid = '', provider = ''] = PROVIDER.exec(name) ?? []
    return (
      this.#providers.get(cid)?.get(provider) ?? this.#peers.get(name) ?? this.#others.get(name)
    )
  }

  /** A copy: whoever reads it may delete meanwhile. */
  #below(prefix: string): Pair[] {
    if (prefix.startsWith(PEER_PREFIX)) return [...this.#peers.values()]
    if (!prefix.startsWith(PROVIDER_PREFIX)) return [...this.#others.values()]
    const cid = prefix.slice(PROVIDER_PREFIX.length + 1)
    if (cid !== '') return [...(this.#providers.get(cid)?.values() ?? [])]
    return [...this.#providers.values()].flatMap((records) => [...records.values()])
  }

  #touch(name: string, pair: Pair): void {
    this.#peers.delete(name)
    this.#peers.set(name, pair)
  }

  #putPeer(name: string, pair: Pair): void {
    this.#touch(name, pair)
    if (this.#peers.size <= LIMITS.knownPeersMax) return
    for (const [other] of this.#peers) {
      if (this.#kept.has(other) || other === name) continue
      this.#deletePeer(other)
      this.#droppedCount += 1
      return
    }
  }

  /** With what it provides: the DHT fails to answer for a key of which it does not know a provider's addresses. */
  #deletePeer(name: string): void {
    this.#peers.delete(name)
    const provider = this.#providerOf.get(name) ?? ''
    for (const cid of this.#provided.get(provider) ?? []) this.#deleteProvider(cid, provider)
  }

  /** @throws MeshError STORE_FULL, which resets the stream of whoever asked */
  #putProvider(cid: string, provider: string, pair: Pair): void {
    const records = this.#providers.get(cid) ?? new Map<string, Pair>()
    if (!records.has(provider)) {
      if (!this.#hasRoom(records, provider)) {
        this.#droppedCount += 1
        throw new MeshError('STORE_FULL', 'the DHT has no room for another record of this peer')
      }
      this.#providerCount += 1
    }
    this.#providers.set(cid, records.set(provider, pair))
    const provided = this.#provided.get(provider) ?? new Set<string>()
    provided.delete(cid)
    if (provided.size === 0) this.#providerOf.set(peerKey(parsePeer(provider)), provider)
    this.#provided.set(provider, provided.add(cid))
    if (this.#providerCount > LIMITS.providerRecordsMax) this.#dropOldestOf(this.#largestProvider())
  }

  #hasRoom(records: Map<string, Pair>, provider: string): boolean {
    if (provider === this.#selfPeer) return true
    if (records.size >= LIMITS.providersPerKeyMax) return false
    return (this.#provided.get(provider)?.size ?? 0) < LIMITS.providerRecordsPerPeerMax
  }

  #largestProvider(): string {
    let largest = ''
    let count = 0
    for (const [provider, { size }] of this.#provided) {
      if (size <= count || provider === this.#selfPeer) continue
      largest = provider
      count = size
    }
    return largest
  }

  #dropOldestOf(provider: string): void {
    const [oldest] = this.#provided.get(provider) ?? []
    if (oldest === undefined) return
    this.#droppedCount += 1
    this.#deleteProvider(oldest, provider)
  }

  #deleteProvider(cid: string, provider: string): void {
    const records = this.#providers.get(cid)
    if (records?.delete(provider) !== true) return
    this.#providerCount -= 1
    if (records.size === 0) this.#providers.delete(cid)
    const provided = this.#provided.get(provider)
    provided?.delete(cid)
    if (provided?.size !== 0) return
    this.#provided.delete(provider)
    this.#providerOf.delete(peerKey(parsePeer(provider)))
  }
}

/** As libp2p's peer store names it. */
function peerKey(peer: PeerId): string {
  return PEER_PREFIX + peer.toCID().toString()
}
