/** The settings of each role, complete and in the code's own units: what `load.ts` makes and the roles take. */
import type { LogLevel } from '../observe/logger.ts'
import type { Preset, WeightsDocument } from '../model/job.ts'
import type { RouterRule } from '../model/router-rules.ts'
import type { TransportName } from './address.ts'

/** How a node reaches others, and is reached. */
export interface ReachSettings {
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly bootstrap: readonly string[]
  /** TCP, and what was asked for or is named by an address. */
  readonly transports: readonly TransportName[]
  /** Relays to hold a reservation at; undefined: two, where it listens beyond this machine. */
  readonly relays: number | undefined
  /** Looks for its mesh on the local network, where it listens beyond this machine. */
  readonly hasMdns: boolean
  /** Asks the local network's gateway for a port that others reach it by. */
  readonly mapsPorts: boolean
}

/** What a bootstrap does for those that nobody can dial. */
export interface RelaySettings {
  readonly isOn: boolean
  readonly reservationsMax: number
  /** Of one relayed connection, both ways together; undefined: no limit, as of those below. */
  readonly dataBytes: number | undefined
  readonly durationMs: number | undefined
  /** Bytes a second that are relayed, for all together. */
  readonly rateBytes: number | undefined
}

/** What a server of ours listens on; port 0 takes a free one. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

export interface NodeSettings extends ReachSettings {
  /** Folder for keys and state of all nodes; each has a folder of its own in it. */
  readonly home: string
  /** Name of this node's folder; undefined: its role, numbered when taken. */
  readonly name: string | undefined
  readonly namespace: string
  /** The text of a join token. */
  readonly join: string | undefined
  /** Absolute path of the file with the key of a private network. */
  readonly networkKeyFile: string | undefined
  /** Takes anyone who reaches it. */
  readonly isOpen: boolean
  /** Where its metrics are to be read; undefined: nowhere. */
  readonly metrics: HostPort | undefined
  /** Base address of the collector that gets its traces; undefined: what the environment says. */
  readonly otlp: string | undefined
  readonly logLevel: LogLevel
}

export interface BootstrapSettings extends NodeSettings {
  readonly relay: RelaySettings
}

/** What the owner lets tasks of engine `process` do. */
export interface ProcessSettings {
  /** Absolute paths. */
  readonly programs: readonly string[]
  /** Absolute paths of what they may read. */
  readonly folders: readonly string[]
  readonly isAnyAllowed: boolean
  /** Undefined: nobody. */
  readonly uid: number | undefined
  readonly diskBytes: number
  /** Without a sandbox. */
  readonly isUnsafe: boolean
  /** Those that ask for it get the machine's network. */
  readonly isNetworkAllowed: boolean
}

/** What the owner lets tasks of engine `container` do. */
export interface ContainerSettings {
  /** By digest. */
  readonly images: readonly string[]
  /** The program to call, with flags that go before its command; empty: podman or docker, whichever is there. */
  readonly cli: readonly string[]
  /** For a task that asks for no room on the disk. */
  readonly diskBytes: number
  /** Whether a task that asks for it gets the runtime's own network. */
  readonly hasNetwork: boolean
}

/** What a node keeps of the mesh's files, and gives of its owner's. */
export interface FileSettings {
  /** Of files that are kept for the mesh; shared folders don't count. */
  readonly diskBytes: number
  /** Absolute paths of the owner's folders. */
  readonly shareFolders: readonly string[]
  /** Files and folders in them whose names begin with a dot, too. */
  readonly sharesHidden: boolean
  /** Bytes a second; undefined: no limit. */
  readonly limitRateUp: number | undefined
  readonly limitRateDown: number | undefined
}

export interface ShareSettings extends NodeSettings {
  readonly files: FileSettings
}

export interface WorkerSettings extends NodeSettings {
  readonly files: FileSettings
  /** Undefined: one per CPU core. */
  readonly slots: number | undefined
  /** Undefined: eight for each slot. */
  readonly queueSlots: number | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly engines: readonly ('builtin' | 'javascript' | 'wasm' | 'process' | 'container')[]
  readonly process: ProcessSettings
  readonly container: ContainerSettings
  /** Undefined: what the machine has. */
  readonly memoryBytes: number | undefined
  readonly cpuCores: number | undefined
  /** Limit for a task that names none. */
  readonly taskMemoryBytes: number
  /** Longest function that a WebAssembly module may have. */
  readonly wasmFunctionBytesMax: number
  /** How long running tasks may go on once the worker is told to stop. */
  readonly drainDeadlineMs: number
  /** Tasks that one run takes; undefined: no bound. */
  readonly jobsMax: number | undefined
  /** Takes tasks only while the rest of the machine is idle. */
  readonly isIdleOnly: boolean
  /** The owner's rule: a shell command or an http(s) URL. */
  readonly admit: string | undefined
  /** What routers may ask of it, each by the first rule that is for it. */
  readonly routerRules: readonly RouterRule[]
}

/** Of a node with a web server. */
export interface WebSettings {
  readonly http: HostPort
  /** Undefined: a new one in a file that only the owner can read. */
  readonly token: string | undefined
  /** Absolute paths of the certificate and key; undefined: it speaks http. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined
}

export interface MonitorSettings extends BootstrapSettings, WebSettings {}

export interface RouterSettings extends NodeSettings, WebSettings {
  /** Whether it gives out the pages beside its API. */
  readonly hasPages: boolean
  readonly files: FileSettings
  readonly sync: 'full' | 'normal'
  readonly preset: Preset
  readonly weights: WeightsDocument | undefined
  /** Items that may be open at a time. */
  readonly queuedItemsMax: number
  /** Whence files for jobs may be fetched by `https:`; `any` includes this machine's own network. */
  readonly httpsInputs: 'off' | 'public' | 'any'
  /** Disk for the evidence that reputation is made of. */
  readonly evidenceBytesMax: number
  /** How long a copy that a storage job has placed may be away before another is placed. */
  readonly storageGraceMs: number
  /** Decision records go after so long; undefined: with their jobs. */
  readonly keepDecisionsMs: number | undefined
  /** Peer ids of the routers whose experience with workers counts here, to a small part. */
  readonly trustedRouters: readonly string[]
}
