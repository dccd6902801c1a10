/** A checked config document as a role's settings: units to numbers, addresses parsed, names of the code. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { parseBytes, parseDurationMs } from '../core/units.ts'
import { readRouterRules } from '../model/router-rules.ts'
import { compileReach, compileRelay } from './compile-reach.ts'
import type { MonitorConfig } from '../model/generated/config-monitor.ts'
import type { RouterConfig } from '../model/generated/config-router.ts'
import type { ShareConfig } from '../model/generated/config-share.ts'
import type { WorkerConfig } from '../model/generated/config-worker.ts'
import type { NodeConfig } from './compile-reach.ts'
import type { Role } from './options.ts'
import type {
  BootstrapSettings,
  ContainerSettings,
  FileSettings,
  MonitorSettings,
  NodeSettings,
  ProcessSettings,
  RouterSettings,
  ShareSettings,
  WebSettings,
  WorkerSettings
} from './settings.ts'

const PORT_MAX = 65_535
/** Less would hold hardly more than the sums. */
const EVIDENCE_BYTES_MIN = 1_048_576

/** @throws MeshError FIELD_INVALID with the key as its path */
export function compileSettings(
  role: Role,
  values: Readonly<Record<string, unknown>>
): BootstrapSettings | WorkerSettings | RouterSettings | ShareSettings | MonitorSettings {
  switch (role) {
    case 'bootstrap':
      return Object.freeze({ ...compileNode(values), relay: compileRelay(values) })
    case 'worker':
      return Object.freeze(compileWorker(values))
    case 'router':
      return Object.freeze(compileRouter(values))
    case 'share':
      return Object.freeze({ ...compileNode(values), files: compileFiles(values) })
    case 'monitor':
      return Object.freeze(compileMonitor(values))
  }
}

/** `~/x` → `/home/me/x`; anything else as an absolute path. */
export function expandHome(path: string): string {
  if (path === '~') return homedir()
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path)
}

function compileNode(values: NodeConfig): NodeSettings {
  const { home = '', namespace = '', log_level: logLevel = 'info' } = values
  return {
    home: expandHome(home),
    name: values.name,
    ...compileReach(values),
    namespace,
    join: values.join,
    networkKeyFile: values.network_key === undefined ? undefined : expandHome(values.network_key),
    isOpen: values.open ?? false,
    metrics:
      values.metrics === undefined
        ? undefined
        : Object.freeze(parseHostPort(values.metrics, 'metrics')),
    otlp: values.otlp === undefined ? undefined : parseCollector(values.otlp),
    logLevel
  }
}

function compileMonitor(values: MonitorConfig): MonitorSettings {
  const { web_host: host = '', web_port: port = 0 } = values
  return {
    ...compileNode(values),
    relay: compileRelay(values),
    http: Object.freeze({ host, port }),
    token: values.token,
    tls: compileTls(values)
  }
}

function compileWorker(values: WorkerConfig): WorkerSettings {
  const { memory } = values
  return {
    ...compileNode(values),
    files: compileFiles(values),
    slots: values.slots,
    queueSlots: values.queue_slots,
    labels: Object.freeze({ ...values.labels }),
    engines: Object.freeze([...(values.engines ?? [])]),
    process: compileProcess(values),
    container: compileContainer(values),
    memoryBytes: memory === undefined ? undefined : parseBytes(memory, 'memory'),
    cpuCores: values.cpu,
    taskMemoryBytes: parseBytes(values.task_memory ?? 0, 'task_memory'),
    wasmFunctionBytesMax: parseBytes(values.wasm_function_size ?? 0, 'wasm_function_size'),
    drainDeadlineMs: parseDurationMs(values.drain_deadline ?? '30s', 'drain_deadline'),
    jobsMax: values.max_jobs,
    isIdleOnly: values.idle_only ?? false,
    admit: values.admit,
    routerRules: Object.freeze(readRouterRules(values.router_limits ?? [], 'router_limits'))
  }
}

function compileFiles(values: ShareConfig): FileSettings {
  const { files_disk: disk = 0, limit_rate_down: down, limit_rate_up: up } = values
  return Object.freeze({
    diskBytes: parseBytes(disk, 'files_disk'),
    shareFolders: Object.freeze((values.share_dirs ?? []).map(expandHome)),
    sharesHidden: values.share_hidden ?? false,
    limitRateUp: up === undefined ? undefined : parseRate(up, 'limit_rate_up'),
    limitRateDown: down === undefined ? undefined : parseRate(down, 'limit_rate_down')
  })
}

function parseRate(text: string, path: string): number {
  const bytes = parseBytes(text, path)
  if (bytes > 0) return bytes
  throw new MeshError('FIELD_INVALID', `${path} must be above zero`, {
    path,
    hint: 'leave it out for no limit'
  })
}

function compileProcess(values: WorkerConfig): ProcessSettings {
  const { any_program: isAnyAllowed = false, engines = [], programs = [] } = values
  if ((isAnyAllowed || programs.length > 0) && !engines.includes('process')) {
    throw new MeshError('FIELD_INVALID', 'programs are allowed that no task can start', {
      path: isAnyAllowed ? 'any_program' : 'programs',
      hint: 'offer engine "process" as well, beside the others'
    })
  }
  return Object.freeze({
    programs: Object.freeze([...programs]),
    folders: Object.freeze([...(values.program_folders ?? [])]),
    isAnyAllowed,
    uid: values.process_uid,
    diskBytes: parseBytes(values.process_disk ?? 0, 'process_disk'),
    isUnsafe: values.unsafe_process ?? false,
    isNetworkAllowed: values.process_network ?? false
  })
}

function compileContainer(values: WorkerConfig): ContainerSettings {
  const { container_cli: cli = [], engines = [], images = [] } = values
  if (images.length > 0 && !engines.includes('container')) {
    throw new MeshError('FIELD_INVALID', 'images are allowed that no task can use', {
      path: 'images',
      hint: 'offer engine "container" as well, beside the others'
    })
  }
  return Object.freeze({
    images: Object.freeze([...images]),
    cli: Object.freeze([...cli]),
    diskBytes: parseBytes(values.container_disk ?? 0, 'container_disk'),
    hasNetwork: values.container_network ?? false
  })
}

function compileRouter(values: RouterConfig): RouterSettings {
  return {
    ...compileNode(values),
    files: compileFiles(values),
    http: Object.freeze(parseHostPort(values.http ?? '', 'http')),
    hasPages: values.web ?? true,
    token: values.token,
    tls: compileTls(values),
    sync: values.sync ?? 'full',
    preset: values.preset ?? 'balanced',
    weights: values.weights,
    queuedItemsMax: values.max_queued ?? LIMITS.queuedItemsMax,
    httpsInputs: values.https_inputs ?? 'public',
    evidenceBytesMax: compileEvidenceDisk(values.evidence_disk ?? '64MiB'),
    storageGraceMs: parseDurationMs(values.storage_grace ?? '5m', 'storage_grace'),
    keepDecisionsMs:
      values.keep_decisions === undefined
        ? undefined
        : parseDurationMs(values.keep_decisions, 'keep_decisions'),
    trustedRouters: Object.freeze([...new Set(values.trusted_routers)])
  }
}

/** @throws MeshError FIELD_INVALID where one stands without the other */
function compileTls(values: Pick<RouterConfig, 'tls_cert' | 'tls_key'>): WebSettings['tls'] {
  const { tls_cert: cert, tls_key: key } = values
  if (cert === undefined && key === undefined) return undefined
  if (cert !== undefined && key !== undefined) {
    return Object.freeze({ certFile: expandHome(cert), keyFile: expandHome(key) })
  }
  const [given, missing] = cert === undefined ? ['tls_key', 'tls_cert'] : ['tls_cert', 'tls_key']
  throw new MeshError('FIELD_INVALID', 'a certificate and its private key go together', {
    path: given,
    hint: `give ${missing} as well`
  })
}

/** @throws MeshError FIELD_INVALID */
function compileEvidenceDisk(text: string | number): number {
  const bytes = parseBytes(text, 'evidence_disk')
  if (bytes >= EVIDENCE_BYTES_MIN) return bytes
  throw new MeshError('FIELD_INVALID', `"${text}" holds too little evidence`, {
    path: 'evidence_disk',
    hint: 'give it at least 1MiB'
  })
}

/** `127.0.0.1:51880`, `[::1]:0`, or a port alone on loopback. */
function parseHostPort(text: string, path: string): { host: string; port: number } {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text.trim())
  const port = Number(match?.[3])
  if (match === null || port > PORT_MAX) {
    throw new MeshError('FIELD_INVALID', `"${text}" is not HOST:PORT`, {
      path,
      hint: 'write it as 127.0.0.1:51880; port 0 picks a free one'
    })
  }
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port }
}

/** @throws MeshError FIELD_INVALID; one with a password in it as well, for addresses are shown and logged */
function parseCollector(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url?.username === '' && url.password === '' && url.search === ''
  if (isPlain && /^https?:$/.test(url.protocol)) return text.replace(/\/+$/, '')
  throw new MeshError('FIELD_INVALID', 'this is not the address of an OTLP/HTTP collector', {
    path: 'otlp',
    hint: 'write it as http://127.0.0.1:4318; what opens it goes into OTEL_EXPORTER_OTLP_HEADERS'
  })
}
