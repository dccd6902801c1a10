/**
 * What every node has, put together: its folder and key, its machine's figures, the libp2p node, both
 * bindings of the command protocol, and its hold on the bootstraps. The roles add their own parts to it.
 */
import { join } from 'node:path'
import { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import { ConductLog } from '../network/guard/conduct-log.ts'
import { DhtService } from '../network/nat/dht-service.ts'
import { HostMonitor } from '../host/host-monitor.ts'
import { givenNetworkKey } from '../network/wire/network-key.ts'
import { isLoopbackAddress } from '../config/address.ts'
import { libp2pMetrics } from '../network/libp2p-metrics.ts'
import { loadIdentity } from '../network/identity.ts'
import { MetricsServer } from '../http/metrics-server.ts'
import { NodeMetrics } from '../observe/node-metrics.ts'
import { LocalDiscovery } from '../network/contact/local-discovery.ts'
import { PEER_BOOK_FILE, PeerBook } from '../network/contact/peer-book.ts'
import { PeerRecall } from '../network/contact/peer-recall.ts'
import { PeerTracker } from '../network/paths/peer-tracker.ts'
import { PortMapper } from '../network/nat/port-mapping.ts'
import { Reconnection } from '../network/contact/reconnection.ts'
import { shortMeshId } from '../membership/mesh-id.ts'
import { signerOf } from '../receipts/signer.ts'
import { startInOrder } from '../core/startable.ts'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { createLinkedNode } from '../enrolment/linked-node.ts'
import { claimFolder } from './node-folder.ts'
import { linkHandlers, nameOf } from './own-links.ts'
import { nodeReadings } from './node-readings.ts'
import { openTracer } from '../observe/open-tracer.ts'
import { describeEntry, findEntry, settle } from '../enrolment/mesh-entry.ts'
import type { Clock } from '../core/clock.ts'
import type { HostMonitorInit } from '../host/host-monitor.ts'
import type { LinkedNode } from '../enrolment/linked-node.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeFolder } from './node-folder.ts'
import type { NodeSettings } from '../config/settings.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Random } from '../core/random.ts'
import type { ReachInit } from '../network/libp2p-options.ts'
import type { RelayLimits } from '../network/relay/relay-traffic.ts'
import type { ReadyReport, RunningNode } from './role.ts'
import type { Signer } from '../receipts/signer.ts'
import type { Startable } from '../core/startable.ts'
import type { Tracer } from '../observe/tracing.ts'

export interface NodeCore extends LinkedNode {
  readonly folder: NodeFolder
  readonly key: PrivateKey
  /** Signs orders, receipts and the like with that key. */
  readonly signer: Signer
  readonly host: HostMonitor
  readonly keeper: BootstrapKeeper
  readonly tracker: PeerTracker
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** To which each part adds what it keeps count of. */
  readonly metrics: NodeMetrics
  readonly tracer: Tracer
}

export interface NodeCoreInit {
  role: ReadyReport['role']
  isDhtServer: boolean
  /** What it carries for others, if it does. */
  relay?: RelayLimits | undefined
  /** The node's load as a peer is to know it, if it runs tasks. */
  describeLoad?: (peer: string) => unknown
  /** What of its machine it offers, if not all. */
  offer?: Pick<HostMonitorInit, 'offeredCpuCores' | 'offeredMemoryBytes'>
}

/** What a role adds to the core, and what it says once all is started. */
export interface NodeParts {
  /** Must be ready when the first peer connects. */
  before: readonly Startable[]
  /** Need the network. */
  after: readonly Startable[]
  report: () => Omit<ReadyReport, 'pid'>
}

/** Starts a node: the machine's figures, the role's parts, the network. What fails leaves nothing behind. */
export async function startNode<S extends NodeSettings>(
  given: S,
  logger: Logger,
  init: NodeCoreInit,
  /** Gets the settings as they are in the node's mesh. */
  build: (core: NodeCore, settings: S) => NodeParts
): Promise<RunningNode> {
  const { core, settings } = await createNodeCore(given, logger, init)
  const { binding, folder, host, keeper, membership, metrics, node, sessions, tracer, tracker } =
    core
  const ground = {
    start: async () => {},
    stop: async () => {
      await tracer.stop()
      folder.release()
    }
  }
  const stopGround = await startInOrder([ground, host])
  try {
    const { after, before, report } = build(core, settings)
    core.server.register(linkHandlers(core, { role: init.role, name: nameOf(folder) }))
    metrics.add(nodeReadings(core, init))
    const page = settings.metrics && new MetricsServer(core, settings.metrics)
    const conductLog = new ConductLog(core)
    const network = [node, conductLog, sessions, binding, ...membership.parts]
    const hold = [tracker, keeper, ...createReturn(core, init.role)]
    const openings = createOpenings(core, settings, init)
    const parts = [...before, ...network, ...openings, ...hold, ...after]
    const stopParts = await startInOrder(page === undefined ? parts : [...parts, page])
    const metricsUrl = page === undefined ? {} : { metrics: page.url }
    const ready = { ...report(), ...metricsUrl, pid: process.pid }
    logger.info({ peer: ready.peer_id, addresses: ready.addresses }, `${ready.role} ready`)
    return { report: ready, stop: async () => await stopParts().then(stopGround) }
  } catch (cause) {
    await stopGround()
    throw cause
  }
}

async function createNodeCore<S extends NodeSettings>(
  given: S,
  logger: Logger,
  init: NodeCoreInit
): Promise<{ core: NodeCore; settings: S }> {
  const folder = claimFolder(given.home, given.name, init.role)
  try {
    const key = await loadIdentity(join(folder.path, 'key'))
    const signer = signerOf(key)
    const self = { folder: folder.path, role: init.role, selfPeer: signer.peer }
    const entry = findEntry(given, self)
    const settings = settle(given, entry)
    logger.info({ mesh: describeEntry(entry) }, 'mesh')
    const metrics = new NodeMetrics()
    const linked = await createLinkedNode({
      identity: key,
      listen: settings.listen,
      announce: settings.announce,
      transportNames: settings.transports,
      isDhtServer: init.isDhtServer,
      reach: reachOf(settings, init.relay),
      networkKey: givenNetworkKey(settings.networkKeyFile),
      entry,
      role: init.role,
      name: settings.name,
      folder: folder.path,
      logger,
      describeLoad: init.describeLoad,
      ...(settings.metrics === undefined
        ? {}
        : { metrics: await libp2pMetrics(await metrics.registry()) })
    })
    const shared = { clock: systemClock, random: systemRandom, logger, node: linked.node }
    const core = {
      ...shared,
      ...linked,
      folder,
      key,
      signer,
      host: new HostMonitor(shared, {
        directory: folder.path,
        measuresSlowdown: init.describeLoad !== undefined,
        ...init.offer
      }),
      keeper: new BootstrapKeeper(shared, entry?.bootstrap ?? settings.bootstrap),
      tracker: new PeerTracker(shared, { measureMs: MEASURE_MS }),
      metrics,
      tracer: await openTracer({
        otlp: settings.otlp,
        role: init.role,
        peer: signer.peer,
        logger
      })
    }
    return { core, settings }
  } catch (cause) {
    folder.release()
    throw cause
  }
}

/** By what it comes back to the mesh when its bootstraps are dead, and when its machine has moved. */
function createReturn(core: NodeCore, role: NodeCoreInit['role']): Startable[] {
  const { folder, logger } = core
  const file = join(folder.path, PEER_BOOK_FILE)
  const book = new PeerBook({ file, logger, wanted: role === 'router' ? ['worker'] : [] })
  const recall = new PeerRecall({ ...core, book })
  return [recall, new Reconnection({ ...core, recall })]
}

/** By what others find and reach it, where anybody but its own machine can. */
function createOpenings(
  core: NodeCore,
  { hasMdns, listen, mapsPorts }: NodeSettings,
  { isDhtServer, role }: NodeCoreInit
): Startable[] {
  if (listen.every(isLoopbackAddress)) return []
  const { membership, node } = core
  const { addresses } = node.libp2p.services
  const meshId = membership.standing()?.meshId
  const lan = {
    meshTag: meshId === undefined ? undefined : shortMeshId(meshId),
    listened: () => addresses.listened()
  }
  return [
    // A router asks others: a server answers itself, of all that there is with the twenty that it happens to have.
    ...(isDhtServer || role === 'router' ? [] : [new DhtService(core)]),
    ...(hasMdns ? [new LocalDiscovery(core, lan)] : []),
    ...(mapsPorts ? [new PortMapper({ ...core, addresses })] : [])
  ]
}

/** Two, so that one may end. */
const RELAYS = 2

/** Each measurement is a stream of its own, at both ends: at five seconds they were most of what an idle worker does. */
export const MEASURE_MS = 15_000

/** A node that only its own machine can reach needs no relay. */
function reachOf({ listen, relays }: NodeSettings, relay: RelayLimits | undefined): ReachInit {
  const isForOthers = !listen.every(isLoopbackAddress)
  const wanted = relay === undefined && isForOthers ? RELAYS : 0
  return { relays: relays ?? wanted, relay, punches: isForOthers, isProbed: isForOthers }
}
