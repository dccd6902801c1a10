/** A worker: advertises what its machine has, runs the tasks that routers send. */
import { AGENT } from '../core/version.ts'
import { Advertiser } from '../discovery/advertiser.ts'
import { BuiltinExecutor } from '../executors/builtin-executor.ts'
import { ContainerExecutor } from '../executors/container/container-executor.ts'
import { ExecutorRegistry } from '../executors/executor-registry.ts'
import { FunctionExecutor } from '../executors/function/function-executor.ts'
import { JavascriptExecutor } from '../executors/javascript/javascript-executor.ts'
import { ProcessExecutor } from '../executors/process/process-executor.ts'
import { SessionRouterLinks } from './worker-links.ts'
import { StorageExecutor } from '../executors/storage-executor.ts'
import { TaskServer } from '../execution/task-server.ts'
import { WasmExecutor } from '../executors/wasm/wasm-executor.ts'
import { commonHandlers, describeSelf } from './common-commands.ts'
import { createNodeFiles } from './node-files.ts'
import { createWorkerFiles } from './worker-files.ts'
import { createAdmitRule } from '../execution/owner/admit-rule.ts'
import { startNode } from './node-core.ts'
import { usualQueueSlots } from '../execution/owner/admission.ts'
import type { Clock } from '../core/clock.ts'
import type { Executor } from '../executors/executor.ts'
import type { FunctionDefinitions } from '../executors/function/definitions.ts'
import type { FunctionEventListener } from '../executors/function/function-event.ts'
import type { GetCapabilitiesResult } from '../model/generated/commands-get-capabilities.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore, NodeParts } from './node-core.ts'
import type { ReadyReport, RunningNode } from './role.ts'
import type { TaskFiles } from '../execution/ports.ts'
import type { WorkerSettings } from '../config/settings.ts'

/** Sandboxes started before the first task comes, some 45 MiB each; more start when they are needed. */
const WARM_SANDBOXES_MAX = 4
/** One shows that the engine works here; most workers see few such tasks. */
const WARM_WASM_SANDBOXES = 1

/** What only the program around a worker can give it. */
export interface WorkerExtras {
  /** Offered as engine `function`. @default none, and not that engine */
  functions?: FunctionDefinitions
  /** Hears of each call of theirs as it begins and ends; must not throw. */
  onFunctionEvent?: FunctionEventListener
}

export async function startWorker(
  given: WorkerSettings,
  logger: Logger,
  extras: WorkerExtras = {}
): Promise<RunningNode> {
  let tasks: TaskServer | undefined
  const init = {
    role: 'worker',
    isDhtServer: false,
    offer: { offeredCpuCores: given.cpuCores, offeredMemoryBytes: given.memoryBytes },
    // Sessions ask for it once they are open, and then the task server is there.
    describeLoad: (peer: string) => tasks?.load(peer) ?? null
  } as const
  return await startNode(given, logger, init, (core, settings) => {
    const worker = buildWorker(core, settings, extras)
    tasks = worker.tasks
    return worker.parts
  })
}

function buildWorker(
  core: NodeCore,
  settings: WorkerSettings,
  extras: WorkerExtras
): { tasks: TaskServer; parts: NodeParts } {
  const { clock, folder, host, node, server } = core
  const { labels, namespace } = settings
  const slots = settings.slots ?? Math.max(1, Math.floor(host.snapshot().capabilities.cpu_cores))
  const queueSlots = settings.queueSlots ?? usualQueueSlots(slots)
  const called = createFunctions(extras, settings, { clock, folder: folder.path, slots })
  const workerCount = (): number => advertiser.workerCount
  const files = createNodeFiles(core, { ...settings.files, namespace, workerCount })
  const { before, forTasks, keeper } = createWorkerFiles(core, files)
  const executors = new ExecutorRegistry([
    new StorageExecutor({ clock, keeper }),
    ...(called === undefined ? [] : [called]),
    ...createExecutors(settings, { clock, slots, folder: folder.path, logger: core.logger })
  ])
  const offer = { settings, slots, queueSlots, executors }
  const tasks = createTaskServer(core, offer, forTasks)
  const advertiser: Advertiser = createAdvertiser(core, offer)
  core.metrics.add(() => ({ ...tasks.readings(), ...executors.readings() }))
  const self = { role: 'worker', namespace } as const
  server.register({
    ...commonHandlers,
    ...files.handlers,
    ...tasks.handlers(),
    GET_CAPABILITIES: async (_params, { remotePeer }) => ({
      result: {
        ...describeSelf(core, { ...self, peer: remotePeer }),
        slots,
        engines: executors.engines(),
        labels: { ...labels },
        load: tasks.load(remotePeer),
        ...limitsFor(tasks, remotePeer),
        record: Buffer.from(await advertiser.sealedRecord()).toString('base64')
      }
    })
  })
  const report = (): Omit<ReadyReport, 'pid'> => ({
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
      requireFunctions(executors)
      reportMissing(executors, core.logger)
      executors.keepTrying(clock, (engine) => {
        core.logger.info({ engine }, 'engine offered after all')
      })
      await tasks.start()
    },
    stop: async () => {}
  }
  return {
    tasks,
    parts: {
      before: [...files.before, ...before, executors, readied],
      after: [...files.after, advertiser, tasks],
      report
    }
  }
}

/** Only what is limited is worth a word. */
function limitsFor(tasks: TaskServer, peer: string): Pick<GetCapabilitiesResult, 'limits'> {
  const limits = tasks.limitsOf(peer)
  return limits === undefined ? {} : { limits }
}

interface Offer {
  settings: WorkerSettings
  slots: number
  queueSlots: number
  executors: ExecutorRegistry
}

function createTaskServer(core: NodeCore, offer: Offer, files: TaskFiles): TaskServer {
  const { executors, queueSlots, settings, slots } = offer
  const { admit, drainDeadlineMs, isIdleOnly, jobsMax, routerRules, taskMemoryBytes } = settings
  const links = new SessionRouterLinks(core)
  const admitRule = admit === undefined ? undefined : createAdmitRule(admit, core)
  const labelsOf = (peer: string) => core.access.memberOf(peer)?.labels
  return new TaskServer(
    { ...core, executors, files, links, admitRule, labelsOf },
    {
      folder: core.folder.path,
      slots,
      queueSlots,
      taskMemoryBytes,
      stopGraceMs: drainDeadlineMs,
      jobsMax,
      isIdleOnly,
      routerRules
    }
  )
}

interface ExecutorParts {
  clock: Clock
  folder: string
  logger: Logger
  slots: number
}

function createExecutors(
  { container, engines, process, wasmFunctionBytesMax }: WorkerSettings,
  { clock, folder, logger, slots }: ExecutorParts
): Executor[] {
  const pool = { size: slots, warmCount: WARM_SANDBOXES_MAX }
  return engines.map((engine) => {
    switch (engine) {
      case 'builtin':
        return new BuiltinExecutor({ clock })
      case 'javascript':
        return new JavascriptExecutor({ clock }, pool)
      case 'wasm':
        return new WasmExecutor(
          { clock },
          { ...pool, warmCount: WARM_WASM_SANDBOXES, functionBytesMax: wasmFunctionBytesMax }
        )
      case 'process':
        return new ProcessExecutor({ clock }, { ...process, folder })
      case 'container':
        return new ContainerExecutor({ clock, logger }, { ...container, folder })
    }
  })
}

function createFunctions(
  { functions, onFunctionEvent: onEvent }: WorkerExtras,
  { taskMemoryBytes }: WorkerSettings,
  { clock, folder, slots }: Omit<ExecutorParts, 'logger'>
): FunctionExecutor | undefined {
  if (functions === undefined) return undefined
  const defaults = { concurrency: slots, memoryBytesMax: taskMemoryBytes }
  return new FunctionExecutor({ clock }, { ...defaults, functions, folder, onEvent })
}

/** They come from the program that starts the worker, and it should hear what is wrong with them. */
function requireFunctions(executors: ExecutorRegistry): void {
  const problem = executors.problems().get('function')
  if (problem !== undefined) throw problem
}

/** The owner asked for them, and nobody else would notice. */
function reportMissing(executors: ExecutorRegistry, logger: Logger): void {
  for (const [engine, { hint, message }] of executors.problems()) {
    logger.warn({ engine, reason: message, hint }, 'engine not offered')
  }
}

/** For those who hear of it through others, and must know that it belongs to the mesh. */
function certificateOf({ access: { certificate } }: NodeCore): { certificate?: string } {
  return certificate === undefined ? {} : { certificate }
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
        agent: AGENT,
        addresses: core.node.addresses().slice(0, 32),
        ...certificateOf(core),
        capabilities: { ...host.snapshot().capabilities },
        slots,
        queue_slots: queueSlots,
        engines: executors.engines(),
        functions: executors.names('function'),
        programs: executors.names('process'),
        images: executors.names('container'),
        isolation: executors.isolation(),
        enforces: executors.enforces(),
        network: executors.networkEngines(),
        labels: { ...settings.labels },
        host: { ...host.snapshot().facts }
      })
    },
    { namespace: settings.namespace }
  )
}
