/** Generated from schemas/config/worker.schema.json by `npm run generate`; do not edit. */

/**
 * A worker: runs tasks.
 */
export interface WorkerConfig {
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
   * Tasks at once; by default the number of CPU cores.
   */
  slots?: number
  /**
   * Tasks that may wait here beyond the slots; by default eight for each slot. Once more work waits than 250 ms for each slot, further tasks are refused all the same.
   */
  queue_slots?: number
  labels?: Labels
  /**
   * Engines it offers.
   */
  engines?: ('builtin' | 'javascript' | 'wasm' | 'process' | 'container')[]
  /**
   * Longest function that a WebAssembly module may have: compiling one cannot be interrupted.
   */
  wasm_function_size?: string | number
  /**
   * Programs that tasks of engine `process` may start, by absolute path.
   *
   * @maxItems 1024
   */
  programs?: string[]
  /**
   * Folders that such tasks may read beside the system's own, such as the one with a program's libraries.
   *
   * @maxItems 64
   */
  program_folders?: string[]
  /**
   * Lets such tasks start every program that is installed.
   */
  any_program?: boolean
  /**
   * User that such tasks run as where the worker is root; by default nobody.
   */
  process_uid?: number
  /**
   * What the files of such a task may take where it asks for no `disk`. They then lie in memory, so the task's memory is a bound as well.
   */
  process_disk?: string | number
  /**
   * Lets such tasks that ask for the network use this machine's own: they reach whatever this machine reaches, its loopback addresses included.
   */
  process_network?: boolean
  /**
   * Runs such tasks without a sandbox: they can do whatever their user can. The worker then says that the engine's isolation is `none`.
   */
  unsafe_process?: boolean
  /**
   * Images that tasks of engine `container` may use, by digest or id. They must be there: none is fetched.
   *
   * @maxItems 1024
   *
   * Items: An image by its digest, such as `docker.io/library/alpine@sha256:…`, or by its id.
   */
  images?: string[]
  /**
   * The program that runs containers, and flags that go before its command; by default podman or docker, whichever is there.
   *
   * @maxItems 32
   */
  container_cli?: string[]
  /**
   * Room on the disk of a container task that asks for none. Its folder lies on the worker's disk, which must have so much free.
   */
  container_disk?: string | number
  /**
   * Gives a container task that asks for the network the runtime's own, by which it may reach whatever this machine reaches.
   */
  container_network?: boolean
  /**
   * Memory it offers to tasks; by default what the machine has.
   */
  memory?: string | number
  /**
   * CPU cores it offers; by default what the machine has.
   */
  cpu?: number
  /**
   * Limit for a task that names none.
   */
  task_memory?: string | number
  /**
   * How long running tasks may go on once the worker is told to stop.
   */
  drain_deadline?: string
  /**
   * Tasks that one run takes before it takes no more; by default no such bound.
   */
  max_jobs?: number
  /**
   * Takes a task only while the rest of the machine is idle.
   */
  idle_only?: boolean
  /**
   * A shell command or an http(s) URL that is asked about every task: it gets a summary as JSON and answers {"accept": true} or {"accept": false, "reason": "…"}.
   */
  admit?: string
  /**
   * What routers may ask of this worker, one rule each: `PEERID`, `label:KEY=VALUE` or `*`, then `deny` or limits such as `engines=wasm+javascript memory=1GiB slots=2 queued=10 rate=60/1m run=10m network=no`. A router's own rule goes before those for labels of its certificate, and those before `*`.
   *
   * @maxItems 1024
   */
  router_limits?: string[]
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
}
export interface Labels {
  [k: string]: string
}
