/** Generated from schemas/config/router.schema.json by `npm run generate`; do not edit. */

/**
 * A router: takes jobs, finds workers, sees each job through.
 */
export interface RouterConfig {
  /**
   * Folder for keys and state; one folder per node inside.
   */
  home?: string
  /**
   * Name of this node's folder; by default its role, numbered when taken.
   */
  name?: string
  /**
   * Multiaddrs to listen on. By default this machine alone; for a node that has joined a mesh of other machines, all interfaces, as only members are let in.
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
   * Relays that it may be reached by where it cannot be dialled; by default 2 where it listens beyond this machine, else none.
   */
  relays?: number
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
  /**
   * HOST:PORT of the API; port 0 picks a free one.
   */
  http?: string
  /**
   * Gives out the pages of the dashboard beside the API; without them there is the API alone.
   */
  web?: boolean
  /**
   * Token of the API; by default a new one in a file that only you can read.
   */
  token?: string
  /**
   * PEM file with the certificate of the API, and those between it and its authority. With it, and `tls_key`, the API speaks https.
   */
  tls_cert?: string
  /**
   * PEM file with the private key of that certificate, without a passphrase.
   */
  tls_key?: string
  /**
   * `full`: acknowledged jobs survive a power cut. `normal`: they survive a crash of the process.
   */
  sync?: 'full' | 'normal'
  preset?: 'balanced' | 'cpu' | 'gpu' | 'latency' | 'reliability'
  weights?: WeightsDocument
  /**
   * Items that may wait or run at a time; more are refused until some have ended.
   */
  max_queued?: number
  /**
   * Disk for files of the mesh that are kept here, such as `50GiB`; the least used go to make room.
   */
  files_disk?: string | number
  /**
   * Folders whose files are offered to the mesh where they lie; hidden ones in them only with `share_hidden`.
   *
   * @maxItems 64
   */
  share_dirs?: string[]
  /**
   * Offer files and folders whose names begin with a dot as well.
   */
  share_hidden?: boolean
  /**
   * Bytes a second given to others, such as `10MiB`; no limit without it.
   */
  limit_rate_up?: string
  /**
   * Bytes a second fetched from others; no limit without it.
   */
  limit_rate_down?: string
  /**
   * Which `https:` inputs of jobs this router fetches: none, those that the whole internet can reach, or those of its own network and machine as well.
   */
  https_inputs?: 'off' | 'public' | 'any'
  /**
   * Disk for the evidence that reputation is made of, at least `1MiB`; when it is used up, the oldest outcomes are kept as sums only.
   */
  evidence_disk?: string | number
  /**
   * How long a copy of a file that a storage job keeps may be away before another is placed, such as `5m`.
   */
  storage_grace?: string
  /**
   * How long the records of decisions are kept, such as `24h`: some 10 KiB for each attempt. As long as their jobs without it.
   */
  keep_decisions?: string
  /**
   * Peer ids of routers whose experience with workers counts here: they are asked once a minute, and all together weigh no more than ten tasks of one's own.
   *
   * @maxItems 64
   *
   * Items: A libp2p peer id.
   */
  trusted_routers?: string[]
}
/**
 * How much each part of the score counts; 0 or more. They are normalised to a sum of 1.
 */
export interface WeightsDocument {
  cpu?: number
  memory?: number
  disk?: number
  gpu?: number
  latency?: number
  reputation?: number
  /**
   * What a worker has of the task's inputs already; 0.3 by default. It counts for tasks with inputs alone.
   */
  data?: number
}
