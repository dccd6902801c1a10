/**
 * A router's side of discovery: hears the records that workers publish, and looks the namespace up in the
 * DHT. What it finds it hands on, unproven.
 */
import { KeySearch } from './key-search.ts'
import { namespaceKey } from '../protocol/ids.ts'
import { NAMESPACE_SHARDS } from './namespace.ts'
import { PresenceListener } from './presence-listener.ts'
import { WORKER_PRESENCE } from './presence-kind.ts'
import type { Access } from '../protocol/access.ts'
import type { BootstrapKeeper } from '../network/reach/bootstrap-keeper.ts'
import type { CapabilityRecord } from './record.ts'
import type { Clock } from '../core/clock.ts'
import type { KeySearchInit } from './key-search.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Startable } from '../core/startable.ts'

/** A worker that may be there. */
export interface Finding {
  peer: string
  addresses: readonly string[]
  by: 'dht' | 'presence'
  /** Signature and namespace checked. */
  record?: CapabilityRecord
}

export interface FinderComponents {
  access: Pick<Access, 'memberOf' | 'vouchesFor'>
  node: MeshNode
  keeper: BootstrapKeeper
  clock: Clock
  logger: Logger
  onFound: (finding: Finding) => void
}

export interface FinderInit extends Omit<KeySearchInit, 'keys'> {
  namespace: string
}

export class Finder implements Startable {
  readonly #listener: PresenceListener<CapabilityRecord>
  readonly #search: KeySearch

  constructor(components: FinderComponents, { namespace, ...pace }: FinderInit) {
    const { onFound } = components
    const onNews = (record: CapabilityRecord): void => {
      onFound({ peer: record.peer_id, addresses: record.addresses, by: 'presence', record })
    }
    this.#listener = new PresenceListener(
      { ...components, onNews },
      { kind: WORKER_PRESENCE, namespace }
    )
    this.#search = new KeySearch(
      { ...components, onFound: (peer, addresses) => onFound({ peer, addresses, by: 'dht' }) },
      { ...pace, keys: shardKeys(namespace) }
    )
  }

  async start(): Promise<void> {
    await this.#listener.start()
    await this.#search.start()
  }

  async stop(): Promise<void> {
    await this.#listener.stop()
    await this.#search.stop()
  }
}

function shardKeys(namespace: string): string[] {
  return Array.from({ length: NAMESPACE_SHARDS }, (_, shard) => namespaceKey(namespace, shard))
}
