/** Generated from schemas/config/bootstrap.schema.json by `npm run generate`; do not edit. */

/**
 * A bootstrap node: first contact for the others, and a full member of the DHT.
 */
export interface BootstrapConfig {
  /**
   * Folder for keys and state; one folder per node inside.
   */
  home?: string
  /**
   * Name of this node's folder; by default its role, numbered when taken.
   */
  name?: string
  /**
   * Multiaddrs to listen on.
   *
   * @minItems 1
   */
  listen?: string[]
  /**
   * Multiaddrs to tell others, beside those listened on.
   */
  announce?: string[]
  /**
   * How it talks to others: tcp always, and what is named here or by an address of `listen`, `announce` or `bootstrap`. quic does not go with a network_key.
   */
  transports?: ('tcp' | 'ws' | 'quic')[]
  /**
   * Finds nodes of its mesh on the local network, and is found there, without internet or bootstrap; only where it listens beyond this machine.
   */
  mdns?: boolean
  /**
   * Asks the gateway of the local network (UPnP or NAT-PMP) to pass a port on to this node.
   */
  map_ports?: boolean
  /**
   * Relays between members that cannot dial each other.
   */
  relay?: boolean
  /**
   * Nodes that may be reached through it at a time.
   */
  relay_max?: number
  /**
   * Bytes of one relayed connection, both ways together, before it is closed; by default no limit.
   */
  relay_data?: string | number
  /**
   * How long one relayed connection may last; by default no limit.
   */
  relay_duration?: string
  /**
   * Bytes a second relayed for all together; by default no limit.
   */
  relay_rate?: string | number
  /**
   * Multiaddrs of bootstrap nodes, with or without /p2p/<peer id>.
   */
  bootstrap?: string[]
  namespace?: string
  /**
   * A join token, as `taskmesh token create` prints it, or @FILE with one inside. Needed once: the node keeps what it gets for it.
   */
  join?: string
  /**
   * File with the key of a private network, in the format of `swarm.key` (/key/swarm/psk/1.0.0/). Who does not have it cannot talk to this node at all. A join token of such a mesh brings it along.
   */
  network_key?: string
  /**
   * Belongs to no mesh with an authority: whoever reaches this node may use it. Only what listens on loopback does so without being told.
   */
  open?: boolean
  /**
   * HOST:PORT at which Prometheus finds this node's metrics, without a token; a port alone is on loopback, port 0 picks a free one. By default nowhere.
   */
  metrics?: string
  /**
   * Base address (http or https) of an OpenTelemetry collector that gets this node's traces; by default that of OTEL_EXPORTER_OTLP_ENDPOINT, and where that is not set either, none are made.
   */
  otlp?: string
  log_level?: 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace'
}
