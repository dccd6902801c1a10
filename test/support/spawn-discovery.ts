/** Bootstraps, workers and routers with nothing but what discovery needs, in one process. */
import { Advertiser } from '../../src/discovery/advertiser.ts'
import { BootstrapKeeper } from '../../src/network/contact/bootstrap-keeper.ts'
import { Directory } from '../../src/discovery/directory.ts'
import { Finder } from '../../src/discovery/finder.ts'
import { PresenceRelay } from '../../src/discovery/presence-relay.ts'
import { WorkerRegistry } from '../../src/discovery/worker-registry.ts'
import { findRegistered } from '../../src/discovery/registry-answers.ts'
import { schemaDocuments } from '../../src/model/validate.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { spawnNode, until } from './spawn-mesh.ts'
import type { AdvertiserInit, Description } from '../../src/discovery/advertiser.ts'
import type { CapabilityRecord } from '../../src/discovery/record.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { Finding } from '../../src/discovery/finder.ts'
import type { NodeChange } from '../../src/discovery/node-news.ts'
import type { MeshNode } from '../../src/network/mesh-node.ts'
import type { SpawnInit, SpawnedNode } from './spawn-mesh.ts'
import type { Standing } from '../../src/discovery/to-candidate.ts'
import type { Startable } from '../../src/core/startable.ts'

export const NAMESPACE = 'demo'

export interface DiscoveryInit extends SpawnInit {
  bootstrap?: readonly string[]
  namespace?: string
  /** Says and hears nothing by gossip: only the DHT is left. */
  isMute?: boolean
  advertiser?: Partial<AdvertiserInit>
  /** Of a bootstrap: tells of the workers that it has heard of, as the role does. */
  hasRegistry?: boolean
  /** Clock of the parts of discovery; the node itself always runs in real time. */
  discoveryClock?: Clock
  /** Clock of the hold on the bootstraps. */
  keeperClock?: Clock
}

export interface Bootstrap extends SpawnedNode {
  relay: PresenceRelay
  registry: WorkerRegistry
}

export interface Worker extends SpawnedNode {
  advertiser: Advertiser
}

export interface Router extends SpawnedNode {
  directory: Directory
  finder: Finder
  findings: Finding[]
  changes: NodeChange[]
  /** Peer ids of the workers that are ready. */
  ready: () => string[]
}

/** The example of the schema as this peer's own record. */
export function recordOf(peer: string, change: Partial<CapabilityRecord> = {}): CapabilityRecord {
  const { examples } = schemaDocuments.get('capability-record') as { examples: CapabilityRecord[] }
  return { ...(examples[0] as CapabilityRecord), peer_id: peer, addresses: [], ...change }
}

/** Nothing is known of anybody. */
export const standingOf = (): Standing => ({
  reputation: 0.36,
  prospect: 0.4,
  evidenceCount: 0,
  evidenceLeft: 0,
  tier: 'probation'
})

export class DiscoveryMesh {
  readonly #stops: (() => Promise<void>)[] = []

  async bootstrap(init: DiscoveryInit = {}): Promise<Bootstrap> {
    const { hasRegistry = false, namespace = NAMESPACE } = init
    const spawned = await spawnNode({ ...init, isDhtServer: true })
    const clock = init.discoveryClock ?? systemClock
    const registry = new WorkerRegistry({ clock })
    const relay = new PresenceRelay(
      { ...spawned, clock: systemClock, onWorker: (news) => registry.take(news) },
      { namespaces: hasRegistry ? [namespace] : [] }
    )
    if (hasRegistry) {
      spawned.server.register({
        FIND_NODES: (params) => ({ result: findRegistered(registry, { namespace, params }) })
      })
    }
    const stop = await this.#start(spawned, [relay, this.#keeper(spawned.node, init)])
    return { ...spawned, registry, relay, stop }
  }

  async worker(init: DiscoveryInit = {}): Promise<Worker> {
    const { namespace = NAMESPACE } = init
    const spawned = await spawnNode(init)
    const { binding, key, node, peer, server } = spawned
    const keeper = this.#keeper(node, init)
    const describe = (): Description => {
      const {
        seq: _seq,
        ttl_s: _ttl,
        ...record
      } = recordOf(peer, { namespace, addresses: node.addresses() })
      return record
    }
    const clock = init.discoveryClock ?? systemClock
    const shared = { binding, node, keeper, clock, random: systemRandom, logger: silentLogger }
    const advertiser = new Advertiser(
      { ...shared, key, describe },
      { namespace, ...init.advertiser }
    )
    server.register({
      GET_CAPABILITIES: async () => ({
        result: {
          ...recordOf(peer).capabilities,
          latency_ms: 0,
          reputation: 0.5,
          role: 'worker',
          namespace,
          agent: 'test',
          record: Buffer.from(await advertiser.sealedRecord()).toString('base64')
        }
      })
    })
    if (init.isMute === true) mute(node)
    const stop = await this.#start(spawned, [keeper, advertiser])
    return { ...spawned, advertiser, stop }
  }

  async router(init: DiscoveryInit = {}): Promise<Router> {
    const { namespace = NAMESPACE } = init
    const spawned = await spawnNode(init)
    const { access, binding, node, sessions } = spawned
    const clock = init.discoveryClock ?? systemClock
    const keeper = this.#keeper(node, init)
    const shared = { access, node, sessions, keeper, clock, logger: silentLogger }
    const changes: NodeChange[] = []
    const onNode = (change: NodeChange): void => void changes.push(change)
    const ports = { standingOf, onNode, onRoom: () => {} }
    const tracker = { wayTo: () => undefined }
    const directory = new Directory({ ...shared, ...ports, tracker }, { namespace })
    const findings: Finding[] = []
    const onFound = (finding: Finding): void => {
      findings.push(finding)
      directory.onFound(finding)
    }
    const onAlive = directory.onAlive.bind(directory)
    const search = { ...shared, binding, random: systemRandom, onAlive, onFound }
    const finder = new Finder(search, { namespace })
    const stop = await this.#start(spawned, [keeper, directory, finder])
    const ready = (): string[] =>
      directory
        .entries()
        .filter(({ state }) => state === 'ready')
        .map((entry) => entry.peer)
        .toSorted()
    return { ...spawned, directory, finder, findings, changes, ready, stop }
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) await stop()
  }

  #keeper(
    node: MeshNode,
    { bootstrap = [], keeperClock: clock = systemClock }: DiscoveryInit
  ): BootstrapKeeper {
    const shared = { node, clock, random: systemRandom, logger: silentLogger }
    return new BootstrapKeeper(shared, bootstrap)
  }

  async #start(spawned: SpawnedNode, parts: readonly Startable[]): Promise<() => Promise<void>> {
    for (const part of parts) await part.start()
    const stop = async (): Promise<void> => {
      for (const part of parts.toReversed()) await part.stop()
      await spawned.stop()
    }
    this.#stops.push(stop)
    return stop
  }
}

/** Waits until a router has exactly these workers ready. */
export async function untilReady(router: Router, ...workers: SpawnedNode[]): Promise<void> {
  const peers = workers.map(({ peer }) => peer).toSorted()
  await until(() => router.ready().join() === peers.join())
}

function mute(node: MeshNode): void {
  node.libp2p.services.pubsub.publish = async () => await Promise.resolve({ recipients: [] })
}
