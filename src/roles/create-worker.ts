/**
 * A worker inside somebody's program: its functions, the keys of a worker's config file, and nothing else
 * to set up. It offers no engine beside `function` unless it is told to.
 */
import { settingsFrom } from '../config/load.ts'
import { silentLogger } from '../observe/logger.ts'
import { startWorker } from './worker.ts'
import type { FunctionDefinitions } from '../executors/function/definitions.ts'
import type { Logger } from '../observe/logger.ts'
import type { WorkerConfig } from '../model/generated/config-worker.ts'

export interface CreateWorkerInit extends Omit<WorkerConfig, 'bootstrap' | 'log_level'> {
  /** By the names under which tasks of engine `function` call them. */
  functions: FunctionDefinitions
  /** Multiaddr of a bootstrap node, or several. */
  bootstrap?: string | readonly string[]
  /** @default one that says nothing */
  logger?: Logger
}

export interface EmbeddedWorker {
  readonly peerId: string
  /** Multiaddrs, each ending in `/p2p/<peer id>`. */
  readonly addresses: readonly string[]
  /** Lets what runs finish within its deadline, then ends it; may be called twice. */
  stop(): Promise<void>
}

/**
 * Starts a worker that is ready for tasks when this resolves.
 * @example
 * const worker = await createWorker({
 *   bootstrap: '/ip4/127.0.0.1/tcp/51820/p2p/12D3KooW…',
 *   namespace: 'photos',
 *   functions: {
 *     resize: async ({ url, width }: { url: string; width: number }, { signal, progress, log }) => {
 *       log(`fetching ${url}`)
 *       const image = await fetch(url, { signal })
 *       progress(0.5, 'fetched')
 *       return { bytes: (await image.bytes()).length, width }
 *     },
 *     heavy: { module: new URL('./heavy.js', import.meta.url), concurrency: 2 }
 *   }
 * })
 * @throws MeshError CONFIG_INVALID, FIELD_UNKNOWN, FIELD_INVALID; ENGINE_UNAVAILABLE where a module can't be loaded
 */
export async function createWorker({
  bootstrap = [],
  functions,
  logger = silentLogger,
  ...config
}: CreateWorkerInit): Promise<EmbeddedWorker> {
  const addresses = typeof bootstrap === 'string' ? [bootstrap] : [...bootstrap]
  const settings = settingsFrom('worker', { engines: [], ...config, bootstrap: addresses })
  const node = await startWorker(settings, logger, { functions })
  return {
    peerId: node.report.peer_id,
    addresses: node.report.addresses,
    stop: () => node.stop()
  }
}
