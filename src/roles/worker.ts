/** A worker: advertises what its machine has, runs the tasks that routers send. */
import { AGENT } from '../core/version.ts'
import { Advertiser } from '../discovery/advertiser.ts'
import { BuiltinExecutor } from '../executors/builtin-executor.ts'
import { ExecutorRegistry } from '../executors/executor-registry.ts'
import { HostMonitor } from '../host/host-monitor.ts'
import { JavascriptExecutor } from '../executors/javascript-executor.ts'
import { TaskServer } from '../execution/task-server.ts'
import { commonHandlers, describeSelf } from './common-commands.ts'
import { createNodeCore, startNode } from './node-core.ts'
import type { Clock } from '../core/clock.ts'
import type { Executor } from '../executors/executor.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore } from './node-core.ts'
import type { RunningNode } from './role.ts'
import type { WorkerSettings } from '../config/settings.ts'

/** A record may be believed for this long after the last was heard: three missed publications. */
const RECORD_TTL_S = 90

export async function startWorker(settings: WorkerSettings, logger: Logger): Promise<RunningNode> {
  // The session asks for the load only once it is open, and then the task server is there.
  const parts: { tasks?: TaskServer } = {}
  const core = await createNodeCore(settings, logger, {
    role: 'worker',
    isDhtServer: false,
    describeLoad: () => parts.tasks?.load() ?? null
  })
  const host = new HostMonitor(core, {
    directory: core.folder.path,
    ...(settings.cpuCores === undefined ? {} : { offeredCpuCores: settings.cpuCores }),
    ...(settings.memoryBytes === undefined ? {} : { offeredMemoryBytes: settings.memoryBytes })
  })
  await host.start()
  const slots = settings.slots ?? Math.max(1, Math.floor(host.snapshot().capabilities.cpu_cores))
  const queueSlots = settings.queueSlots ?? slots
  const executors = new ExecutorRegistry(
    createExecutors(settings.engines, { clock: core.clock, slots })
  )
  const init = { slots, queueSlots, taskMemoryBytes: settings.taskMemoryBytes }
  const tasks = new TaskServer({ ...core, executors, host }, init)
  parts.tasks = tasks
  const advertiser = createAdvertiser(core, host, { settings, slots, queueSlots, executors })
  const self = { role: 'worker', namespace: settings.namespace } as const

  core.server.register({
    ...commonHandlers,
    EXECUTE_TASK: (params, context) => tasks.execute(params, context),
    GET_CAPABILITIES: async (_params, { remotePeer }) => ({
      result: {
        ...describeSelf(core, host, { ...self, peer: remotePeer }),
        slots,
        engines: executors.engines(),
        labels: { ...settings.labels },
        load: tasks.load(),
        record: Buffer.from(await advertiser.sealedRecord()).toString('base64')
      }
    })
  })
  return await startNode(core, { before: [host, executors], after: [advertiser, tasks] }, () => ({
    ...self,
    peer_id: core.node.selfPeer,
    addresses: core.node.addresses(),
    folder: core.folder.path,
    slots,
    engines: executors.engines()
  }))
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
        return new JavascriptExecutor({ clock: init.clock }, { size: init.slots })
    }
  })
}

function createAdvertiser(
  core: NodeCore,
  host: HostMonitor,
  offer: {
    settings: WorkerSettings
    slots: number
    queueSlots: number
    executors: ExecutorRegistry
  }
): Advertiser {
  const { executors, queueSlots, settings, slots } = offer
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
