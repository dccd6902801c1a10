/**
 * A worker inside somebody's program: its functions, the keys of a worker's config file, and nothing else
 * to set up. It offers no engine beside `function` unless it is told to.
 */
import { settingsFrom } from '../config/load.ts'
import { silentLogger } from '../observe/logger.ts'
import { startWorker } from './worker.ts'
import type { FunctionDefinitions } from '../executors/function/definitions.ts'
import type { FunctionEvent, FunctionEventListener } from '../executors/function/function-event.ts'
import type { Logger } from '../observe/logger.ts'
import type { WorkerConfig } from '../model/generated/config-worker.ts'

/**
 * Beside what is listed here it takes the keys of a worker's config file, with units as they are written
 * there: `slots: 4`, `task_memory: '256MiB'`, `drain_deadline: '30s'`, `listen: ['/ip4/0.0.0.0/tcp/51821']`.
 */
export interface CreateWorkerInit extends Omit<WorkerConfig, 'bootstrap' | 'log_level'> {
  /** By the names under which tasks of engine `function` call them. */
  functions: FunctionDefinitions
  /** Multiaddr of a bootstrap node, or several. One that is away is tried again for as long as the worker lives. */
  bootstrap?: string | readonly string[]
  /** Hears of each call of a function as it begins and ends. What it throws is logged and harms no task. */
  onFunctionEvent?: FunctionEventListener
  /** Such as `createLogger({ level: 'info' })`. @default one that says nothing */
  logger?: Logger
}

export interface EmbeddedWorker extends AsyncDisposable {
  readonly peerId: string
  /** Multiaddrs, each ending in `/p2p/<peer id>`. */
  readonly addresses: readonly string[]
  /**
   * Takes nothing new, lets what runs finish within `drain_deadline` (30 s by default), then ends it: it goes to
   * other workers. Resolves when all is over but inline calls that heed no signal; may be called twice. The
   * program's own signals, such as SIGTERM, are its own affair: call this there.
   */
  stop(): Promise<void>
}

/**
 * Starts a worker that is ready for tasks when this resolves, whether or not a bootstrap has answered yet.
 * @example
 * const worker = await createWorker({
 *   bootstrap: '/ip4/127.0.0.1/tcp/51820',
 *   namespace: 'photos',
 *   functions: {
 *     resize: async ({ url, width }: { url: string; width: number }, { signal, progress, log }) => {
 *       log(`fetching ${url}`)
 *       const image = await fetch(url, { signal })
 *       progress(0.5, 'fetched')
 *       return { bytes: (await image.bytes()).length, width }
 *     },
 *     heavy: { module: new URL('./heavy.js', import.meta.url), concurrency: 2 }
 *   },
 *   onFunctionEvent: (event) => event.type === 'failed' && console.error(event.name, event.error)
 * })
 * process.once('SIGTERM', () => void worker.stop())
 * @throws MeshError CONFIG_INVALID (`path` names the function's option), FIELD_UNKNOWN, FIELD_INVALID;
 *   ENGINE_UNAVAILABLE where a module can't be loaded; ADDRESS_IN_USE
 */
export async function createWorker({
  bootstrap = [],
  functions,
  logger = silentLogger,
  onFunctionEvent = () => {},
  ...config
}: CreateWorkerInit): Promise<EmbeddedWorker> {
  const addresses = typeof bootstrap === 'string' ? [bootstrap] : [...bootstrap]
  const settings = settingsFrom('worker', { engines: [], ...config, bootstrap: addresses })
  const tell = (event: FunctionEvent): void => {
    try {
      onFunctionEvent(event)
    } catch (cause) {
      logger.error({ err: cause, function: event.name, event: event.type }, 'onFunctionEvent threw')
    }
  }
  const node = await startWorker(settings, logger, { functions, onFunctionEvent: tell })
  const stop = (): Promise<void> => node.stop()
  return {
    peerId: node.report.peer_id,
    addresses: node.report.addresses,
    stop,
    [Symbol.asyncDispose]: stop
  }
}
