/**
 * A worker as the mesh sees it, of the parts that a real one has: key, node, hold on the bootstraps, signed record,
 * presence, keys in the DHT, sessions that tell its load. It has no executors, no folder and no files, and shares the
 * look at the machine with the others of its process.
 */
import { createHash } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { AGENT } from '../../src/core/version.ts'
import { Advertiser } from '../../src/discovery/advertiser.ts'
import { BootstrapKeeper } from '../../src/network/contact/bootstrap-keeper.ts'
import { MEASURE_MS } from '../../src/roles/node-core.ts'
import { PeerTracker } from '../../src/network/paths/peer-tracker.ts'
import { commonHandlers, describeSelf } from '../../src/roles/common-commands.ts'
import { createLinkedNode } from '../../src/enrolment/linked-node.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { startInOrder } from '../../src/core/startable.ts'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { until } from '../support/until.ts'
import type { Description } from '../../src/discovery/advertiser.ts'
import type { HostMonitor } from '../../src/host/host-monitor.ts'
import type { LoadReport } from '../../src/model/generated/capability-record.ts'
import type { MeshNode } from '../../src/network/mesh-node.ts'

export interface LightWorkerInit {
  /** Of its key: the same ones give the same worker. */
  seed: number
  index: number
  namespace: string
  bootstrap: readonly string[]
  host: HostMonitor
}

/** What a filter looks for: the label of one worker alone. */
export const RARE_LABEL = { name: 'rare', value: 'yes' }

/** Of a machine that has more to do than this. */
const START_MS_MAX = 300_000
const SLOTS = 2
const QUEUE_SLOTS = 4

/** @returns its node, once every bootstrap is connected: thousands that dial at once would only wait for each other */
export async function startLightWorker(init: LightWorkerInit): Promise<MeshNode> {
  const { bootstrap, host, index, namespace, seed } = init
  const key = await generateKeyPairFromSeed('Ed25519', seedOf(seed, index))
  const linked = await createLinkedNode({
    identity: key,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    isDhtServer: false,
    reach: { relays: 0, punches: false },
    entry: undefined,
    role: 'worker',
    folder: undefined,
    logger: silentLogger,
    describeLoad: () => loadOf(host)
  })
  const { binding, membership, node, server, sessions } = linked
  const own = { clock: systemClock, random: systemRandom, logger: silentLogger, node, key, host }
  const keeper = new BootstrapKeeper(own, bootstrap)
  const tracker = new PeerTracker(own, { measureMs: MEASURE_MS })
  const describe = (): Description => describeWorker(init, node)
  const advertiser = new Advertiser({ ...own, binding, keeper, describe }, { namespace })
  server.register({
    ...commonHandlers,
    GET_CAPABILITIES: async (_params, { remotePeer: peer }) => ({
      result: {
        ...describeSelf({ host, tracker }, { role: 'worker', namespace, peer }),
        slots: SLOTS,
        load: loadOf(host),
        record: Buffer.from(await advertiser.sealedRecord()).toString('base64')
      }
    })
  })
  const network = [node, sessions, binding, ...membership.parts]
  await startInOrder([...network, tracker, keeper, advertiser])
  const isThere = (count: number): boolean => count >= bootstrap.length
  const connected = (): number => keeper.peers.length
  await until('connection with every bootstrap', connected, isThere, { deadlineMs: START_MS_MAX })
  return node
}

/** As long as the record of a worker with default settings. */
function describeWorker({ host, index, namespace }: LightWorkerInit, node: MeshNode): Description {
  const { capabilities, facts } = host.snapshot()
  return {
    version: 1,
    peer_id: node.selfPeer,
    namespace,
    agent: AGENT,
    addresses: node.addresses(),
    capabilities: { ...capabilities },
    slots: SLOTS,
    queue_slots: QUEUE_SLOTS,
    engines: ['builtin', 'javascript', 'wasm', 'process'],
    functions: [],
    programs: [],
    images: [],
    isolation: { builtin: 'none', javascript: 'sandbox', wasm: 'sandbox', process: 'sandbox' },
    enforces: {
      builtin: [],
      javascript: ['cpu', 'memory'],
      wasm: ['cpu', 'memory'],
      process: ['cpu', 'memory', 'disk']
    },
    network: ['builtin'],
    labels: index === 0 ? { [RARE_LABEL.name]: RARE_LABEL.value } : {},
    host: { ...facts }
  }
}

/** Of a worker that has nothing to do. */
function loadOf(host: HostMonitor): LoadReport {
  const { cpu_usage, disk_available_mb, memory_available_mb } = host.snapshot().capabilities
  return {
    running: 0,
    queued: 0,
    slots: SLOTS,
    queue_slots: QUEUE_SLOTS,
    cpu_usage,
    memory_available_mb,
    disk_available_mb,
    stopping: false,
    availability: 'open',
    queued_ms: 0,
    wait_ms: 0,
    work_rate: 0,
    routers: 1,
    slowdown: 1,
    seen: 0
  }
}

function seedOf(seed: number, index: number): Uint8Array {
  return createHash('sha256').update(`${seed} ${index}`).digest()
}
