/** What the parts that every node has keep count of, in the words of the metrics. */
import { VERSION } from '../core/version.ts'
import { by } from '../observe/readings.ts'
import { isCircuit } from '../network/addresses.ts'
import type { NodeCore, NodeCoreInit } from './node-core.ts'
import type { Readings, Sample } from '../observe/readings.ts'

const MS_PER_SECOND = 1_000

/** To be read at any time once the node has started. */
export function nodeReadings(core: NodeCore, { relay, role }: NodeCoreInit): () => Readings {
  const { clock, server, sessions } = core
  const startedAtMs = clock.monotonicMs()
  const info = [{ labels: { version: VERSION, node: process.version, role }, value: 1 }]
  return () => ({
    taskmesh_node_info: info,
    taskmesh_node_uptime_seconds: (clock.monotonicMs() - startedAtMs) / MS_PER_SECOND,
    ...peerReadings(core),
    ...guardReadings(core),
    ...libp2pReadings(core),
    ...(relay === undefined ? {} : relayReadings(core, relay.reservationsMax)),
    ...sessions.readings(),
    ...server.readings()
  })
}

function peerReadings({ node, tracker }: NodeCore): Readings {
  const peers = tracker.list()
  const paths: Record<string, number> = { local: 0, lan: 0, direct: 0, punched: 0, relayed: 0 }
  for (const { path } of peers) paths[path] = (paths[path] ?? 0) + 1
  return {
    taskmesh_network_peers: by('path', paths),
    taskmesh_network_latency_seconds: latencies(peers.flatMap((peer) => peer.latency_ms ?? [])),
    taskmesh_network_strangers: node.strangerCount()
  }
}

function latencies(all: readonly number[]): readonly Sample[] {
  const sorted = all.toSorted((left, right) => left - right)
  const median = sorted[Math.floor(sorted.length / 2)]
  const longest = sorted.at(-1)
  if (median === undefined || longest === undefined) return []
  return by('of', { median: median / MS_PER_SECOND, longest: longest / MS_PER_SECOND })
}

function guardReadings({ node }: NodeCore): Readings {
  const { conduct, refused, stored } = node.counts()
  return {
    taskmesh_network_known_peers: stored.peers,
    taskmesh_dht_provider_records: stored.providers,
    taskmesh_network_offences_total: by('offence', conduct.offences),
    taskmesh_network_shuns_total: conduct.shuns,
    taskmesh_network_shunned_peers: conduct.shunned,
    taskmesh_network_refused_connections_total: by('reason', { ...refused })
  }
}

function libp2pReadings({ node }: NodeCore): Readings {
  const { dht, pubsub: port } = node.libp2p.services
  // Its published type leaves that out.
  const pubsub = port as typeof port & { getMeshPeers: (topic: string) => string[] }
  const topics = pubsub.getTopics()
  const neighbours = topics.flatMap((topic) => pubsub.getMeshPeers(topic))
  return {
    taskmesh_network_relay_addresses: node.libp2p.getMultiaddrs().filter(isCircuit).length,
    taskmesh_dht_routing_peers: dht.routingTable.size,
    taskmesh_gossip_peers: pubsub.getPeers().length,
    taskmesh_gossip_topics: topics.length,
    taskmesh_gossip_mesh_peers: neighbours.length
  }
}

function relayReadings({ node }: NodeCore, placesMax: number): Readings {
  const { relay } = node.counts()
  return {
    taskmesh_relay_places_limit: placesMax,
    taskmesh_relay_places: relay?.places ?? 0,
    taskmesh_relay_circuits: relay?.circuits ?? 0,
    taskmesh_relay_bytes_total: relay?.bytes ?? 0
  }
}
