/** Bootstraps, routers and sharing nodes with their files as the roles have them, in one process, over memory. */
import { NodeMetrics } from '../../src/observe/node-metrics.ts'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BootstrapKeeper } from '../../src/network/contact/bootstrap-keeper.ts'
import { PresenceRelay } from '../../src/discovery/presence-relay.ts'
import { commonHandlers } from '../../src/roles/common-commands.ts'
import { createNodeFiles } from '../../src/roles/node-files.ts'
import { createRouterFiles } from '../../src/roles/router-files.ts'
import { fileNodesKey } from '../../src/protocol/ids.ts'
import { readFileId } from '../../src/model/file-id.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { startInOrder } from '../../src/core/startable.ts'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { spawnNode } from './spawn-mesh.ts'
import type { CommandHandlers } from '../../src/protocol/command-server.ts'
import type { NodeCore } from '../../src/roles/node-core.ts'
import type { NodeFiles } from '../../src/roles/node-files.ts'
import type { RouterFiles } from '../../src/roles/router-files.ts'
import type { SpawnedNode } from './spawn-mesh.ts'

const NAMESPACE = 'demo'

export interface FileNode extends SpawnedNode {
  files: NodeFiles
  /** Puts a file there as its owner would, and gives its id. */
  give: (name: string, bytes: Uint8Array) => Promise<string>
  /** Where that file lies. */
  pathOf: (name: string) => string
}

export interface FileRouter extends FileNode {
  files: RouterFiles
}

export interface FileNodeInit {
  bootstrap?: readonly string[]
  namespace?: string
  /** Says nothing by gossip: only the DHT is left. */
  isMute?: boolean
  /** It is found by a router's directory, not by itself. */
  isWorker?: boolean
  onMisbehaviour?: (peer: string, reason: string) => void
}

export class FileMesh {
  readonly #folder = mkdtempSync(join(tmpdir(), 'file-mesh-'))
  readonly #stops: (() => Promise<void>)[] = []
  #nodeCount = 0

  async bootstrap(): Promise<SpawnedNode> {
    const spawned = await spawnNode({ isDhtServer: true, handlers: commonHandlers })
    return await this.#start(spawned, [new PresenceRelay({ ...spawned, clock: systemClock })])
  }

  /** A node that shares, or a worker's half of files. */
  async share(init: FileNodeInit = {}): Promise<FileNode> {
    const { namespace = NAMESPACE } = init
    const keys = init.isWorker === true ? [] : [fileNodesKey(namespace)]
    return await this.#add(init, (core) =>
      createNodeFiles(core, { ...settings(init), namespace, keys })
    )
  }

  async router(init: FileNodeInit = {}): Promise<FileRouter> {
    const { namespace = NAMESPACE } = init
    const add = (core: NodeCore): RouterFiles =>
      createRouterFiles(core, { ...settings(init), namespace })
    return await this.#add(init, add, ({ sources }) => ({
      FIND_NODES: async ({ file_hash: hash = '' }) => ({
        result: { nodes: [], holders: await sources.holdersOf([readFileId(hash, 'file_hash')]) }
      })
    }))
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) await stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #add<F extends NodeFiles>(
    { bootstrap = [], isMute = false, namespace = NAMESPACE }: FileNodeInit,
    create: (core: NodeCore) => F,
    handlersOf: (files: F) => CommandHandlers = () => ({})
  ): Promise<FileNode & { files: F }> {
    this.#nodeCount += 1
    const path = join(this.#folder, String(this.#nodeCount))
    const owned = join(path, 'owned')
    mkdirSync(owned, { recursive: true })
    const spawned = await spawnNode()
    const { node, server } = spawned
    if (isMute) mute(spawned)
    const shared = { clock: systemClock, random: systemRandom, logger: silentLogger, node }
    const keeper = new BootstrapKeeper(shared, bootstrap)
    // What files need of a node's core.
    const own = { keeper, folder: { path }, metrics: new NodeMetrics() }
    const core = { ...spawned, ...shared, ...own } as unknown as NodeCore
    const files = create(core)
    server.register({
      ...files.handlers,
      ...handlersOf(files),
      GET_CAPABILITIES: () => ({ result: capabilitiesIn(namespace) })
    })
    const started = await this.#start(spawned, [...files.before, keeper, ...files.after])
    const pathOf = (name: string): string => join(owned, name)
    return {
      ...started,
      files,
      pathOf,
      give: async (name, bytes) => {
        writeFileSync(pathOf(name), bytes)
        return (await files.library.add(pathOf(name))).id
      }
    }
  }

  async #start(
    spawned: SpawnedNode,
    parts: Parameters<typeof startInOrder>[0]
  ): Promise<SpawnedNode> {
    const stopParts = await startInOrder(parts)
    let stopping: Promise<void> | undefined
    const stop = (): Promise<void> => {
      stopping ??= stopParts().then(() => spawned.stop())
      return stopping
    }
    this.#stops.push(stop)
    return { ...spawned, stop }
  }
}

function settings({ onMisbehaviour = () => {} }: FileNodeInit): {
  diskBytes: number
  shareFolders: string[]
  sharesHidden: boolean
  limitRateUp: undefined
  limitRateDown: undefined
  onMisbehaviour: (peer: string, reason: string) => void
} {
  const free = { limitRateUp: undefined, limitRateDown: undefined }
  return { diskBytes: 2 ** 30, shareFolders: [], sharesHidden: false, onMisbehaviour, ...free }
}

function capabilitiesIn(namespace: string) {
  const machine = { cpu_cores: 1, cpu_usage: 0, cpu_speed_ghz: 1, gpu_available: false }
  const memory = { memory_total_mb: 1, memory_available_mb: 1 }
  const disk = { disk_total_mb: 1, disk_available_mb: 1 }
  const about = { latency_ms: 0, reputation: 0.4, role: 'share' as const, namespace, agent: 'test' }
  return { ...machine, ...memory, ...disk, ...about }
}

function mute({ node }: SpawnedNode): void {
  node.libp2p.services.pubsub.publish = async () => await Promise.resolve({ recipients: [] })
}
