/** A worker: advertises what its machine has, runs the tasks that routers send. */
import { AGENT } from '../core/version.ts'
import { Advertiser } from '../discovery/advertiser.ts'
import { BuiltinExecutor } from '../executors/builtin-executor.ts'
import { ExecutorRegistry } from '../executors/executor-registry.ts'
import { JavascriptExecutor } from '../executors/javascript-executor.ts'
import { TaskServer } from '../execution/task-server.ts'
import { commonHandlers, describeSelf } from './common-commands.ts'
import { startNode } from './node-core.ts'
import type { Clock } from '../core/clock.ts'
import type { Executor } from '../executors/executor.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore, NodeParts } from './node-core.ts'
import type { ReadyReport, RunningNode } from './role.ts'
import type { WorkerSettings } from '../config/settings.ts'

/** A record may be believed for this long after the last was heard: three missed publications. */
const RECORD_TTL_S = 90

/** Sandboxes started before the first task comes, some 45 MiB each; more start when they are needed. */
const WARM_SANDBOXES_MAX = 4

export async function startWorker(settings: WorkerSettings, logger: Logger): Promise<RunningNode> {
  let tasks: TaskServer | undefined
  const init = {
    role: 'worker',
    isDhtServer: false,
    offer: { offeredCpuCores: settings.cpuCores, offeredMemoryBytes: settings.memoryBytes },
    // Sessions ask for it once they are open, and then the task server is there.
    describeLoad: () => tasks?.load() ?? null
  } as const
  return await startNode(settings, logger, init, (core) => {
    const worker = buildWorker(core, settings)
    tasks = worker.tasks
    return worker.parts
  })
}

function buildWorker(
  core: NodeCore,
  settings: WorkerSettings
): { tasks: TaskServer; parts: NodeParts } {
  const { clock, folder, host, node, server } = core
  const { engines, labels, namespace, taskMemoryBytes } = settings
  const slots = settings.slots ?? Math.max(1, Math.floor(host.snapshot().capabilities.cpu_cores))
  const queueSlots = settings.queueSlots ?? slots
  const executors = new ExecutorRegistry(createExecutors(engines, { clock, slots }))
  const tasks = new TaskServer({ ...core, executors }, { slots, queueSlots, taskMemoryBytes })
  const advertiser = createAdvertiser(core, { settings, slots, queueSlots, executors })
  const self = { role: 'worker', namespace } as const
  server.register({
    ...commonHandlers,
    EXECUTE_TASK: (params, context) => tasks.execute(params, context),
    GET_CAPABILITIES: async (_params, { remotePeer }) => ({
      result: {
        ...describeSelf(core, { ...self, peer: remotePeer }),
        slots,
        engines: executors.engines(),
        labels: { ...labels },
        load: tasks.load(),
        record: Buffer.from(await advertiser.sealedRecord()).toString('base64')
      }
    })
  })
  const report = (): ReadyReport => ({
    ...self,
    peer_id: node.selfPeer,
    addresses: node.addresses(),
    folder: folder.path,
    slots,
    engines: executors.engines()
  })
  return { tasks, parts: { before: [executors], after: [advertiser, tasks], report } }
}

function createExecutors(
  engines: WorkerSettings['engines'],
  init: { clock: Clock; slots: number }
): Executor[] {
  return engines.map((engine) => {
    switch (engine) {
      case 'builtin':
        return new BuiltinExecutor({ clock: init.clock })
      case 'javascript':
        return new JavascriptExecutor(
          { clock: init.clock },
          { size: init.slots, warmCount: WARM_SANDBOXES_MAX }
        )
    }
  })
}

function createAdvertiser(
  core: NodeCore,
  offer: {
    settings: WorkerSettings
    slots: number
    queueSlots: number
    executors: ExecutorRegistry
  }
): Advertiser {
  const { executors, queueSlots, settings, slots } = offer
  const { host } = core
  return new Advertiser(
    {
      ...core,
      describe: () => ({
        version: 1,
        peer_id: core.node.selfPeer,
        namespace: settings.namespace,
        ttl_s: RECORD_TTL_S,
        agent: AGENT,
        addresses: core.node.addresses().slice(0, 32),
        capabilities: { ...host.snapshot().capabilities },
        slots,
        queue_slots: queueSlots,
        engines: executors.engines(),
        labels: { ...settings.labels },
        host: { ...host.snapshot().facts }
      })
    },
    { namespace: settings.namespace }
  )
}
