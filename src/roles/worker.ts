/** A worker: advertises what its machine has, runs the tasks that routers send. */
import { AGENT } from '../core/version.ts'
import { Advertiser } from '../discovery/advertiser.ts'
import { BuiltinExecutor } from '../executors/builtin-executor.ts'
import { ExecutorRegistry } from '../executors/executor-registry.ts'
import { JavascriptExecutor } from '../executors/javascript-executor.ts'
import { SessionRouterLinks } from './worker-links.ts'
import { TaskServer } from '../execution/task-server.ts'
import { commonHandlers, describeSelf } from './common-commands.ts'
import { createAdmitRule } from '../execution/owner/admit-rule.ts'
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
  const { engines, labels, namespace } = settings
  const slots = settings.slots ?? Math.max(1, Math.floor(host.snapshot().capabilities.cpu_cores))
  const queueSlots = settings.queueSlots ?? slots
  const executors = new ExecutorRegistry(createExecutors(engines, { clock, slots }))
  const tasks = createTaskServer(core, { settings, slots, queueSlots, executors })
  const advertiser = createAdvertiser(core, { settings, slots, queueSlots, executors })
  const self = { role: 'worker', namespace } as const
  server.register({
    ...commonHandlers,
    ...tasks.handlers(),
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
  // It must know what the last run left before the first router comes, and ends while they still hear it.
  const readied = {
    start: async () => {
      for (const [engine, { message }] of executors.problems()) {
        core.logger.warn({ engine, error: message }, 'engine not offered: it does not start here')
      }
      await tasks.start()
    },
    stop: async () => {}
  }
  return { tasks, parts: { before: [executors, readied], after: [advertiser, tasks], report } }
}

interface Offer {
  settings: WorkerSettings
  slots: number
  queueSlots: number
  executors: ExecutorRegistry
}

function createTaskServer(core: NodeCore, offer: Offer): TaskServer {
  const { executors, queueSlots, settings, slots } = offer
  const { admit, drainDeadlineMs, isIdleOnly, jobsMax, taskMemoryBytes } = settings
  const links = new SessionRouterLinks(core)
  const admitRule = admit === undefined ? undefined : createAdmitRule(admit, core)
  return new TaskServer(
    { ...core, executors, links, admitRule },
    {
      folder: core.folder.path,
      slots,
      queueSlots,
      taskMemoryBytes,
      stopGraceMs: drainDeadlineMs,
      jobsMax,
      isIdleOnly
    }
  )
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

function createAdvertiser(core: NodeCore, offer: Offer): Advertiser {
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
