/**
 * A router's side of discovery: asks its bootstraps for the workers that they have heard of, hears what workers
 * publish, and looks the namespace's keys up in the DHT. What it finds it hands on, unproven.
 */
import { KeySearch } from './key-search.ts'
import { PresenceListener } from './presence-listener.ts'
import { RegistrySearch } from './registry-search.ts'
import { WORKER_PRESENCE } from './presence-kind.ts'
import { TOP, shardKey, shardsBelow } from './shards.ts'
import type { Access } from '../protocol/access.ts'
import type { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import type { CapabilityRecord } from './record.ts'
import type { Clock } from '../core/clock.ts'
import type { KeySearchInit, SearchKey } from './key-search.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { RegistrySearchComponents } from './registry-search.ts'
import type { Shard } from './shards.ts'
import type { Startable } from '../core/startable.ts'
import type { WorkerNews } from './presence-kind.ts'

/** A worker that may be there. */
export interface Finding {
  peer: string
  addresses: readonly string[]
  by: 'dht' | 'presence' | 'registry'
  /** Signature and namespace checked. */
  record?: CapabilityRecord
}

export interface FinderComponents extends Pick<RegistrySearchComponents, 'binding' | 'random'> {
  access: Pick<Access, 'memberOf' | 'vouchesFor'>
  node: MeshNode
  keeper: BootstrapKeeper
  clock: Clock
  logger: Logger
  onFound: (finding: Finding) => void
  /** A worker says that it is there still, and nothing else. */
  onAlive: (peer: string) => void
}

export interface FinderInit extends Omit<KeySearchInit, 'keys'> {
  namespace: string
}

export class Finder implements Startable {
  readonly #parts: readonly Startable[]

  constructor(components: FinderComponents, { namespace, ...pace }: FinderInit) {
    const { onAlive, onFound } = components
    const onRecord = (by: Finding['by'], record: CapabilityRecord): void =>
      onFound({ peer: record.peer_id, addresses: record.addresses, by, record })
    const onNews = ({ peer_id: peer, said }: WorkerNews): void =>
      said === undefined ? onAlive(peer) : onRecord('presence', said.record)
    this.#parts = [
      new PresenceListener({ ...components, onNews }, { kind: WORKER_PRESENCE, namespace }),
      new RegistrySearch(
        { ...components, onFound: (record) => onRecord('registry', record) },
        { namespace }
      ),
      new KeySearch(
        { ...components, onFound: (peer, addresses) => onFound({ peer, addresses, by: 'dht' }) },
        { ...pace, keys: [searchKey(namespace, TOP)] }
      )
    ]
  }

  async start(): Promise<void> {
    for (const part of this.#parts) await part.start()
  }

  async stop(): Promise<void> {
    for (const part of this.#parts) await part.stop()
  }
}

function searchKey(namespace: string, shard: Shard): SearchKey {
  return {
    key: shardKey(namespace, shard),
    below: (count) => shardsBelow(shard, count).map((below) => searchKey(namespace, below))
  }
}
