/** What the HTTP API asks for, given by the router's parts. */
import { statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { COMMANDS } from '../protocol/commands.ts'
import { weightsView } from '../selection/weights-view.ts'
import { createReputationServices } from './reputation-services.ts'
import { nodeHealth } from './node-health.ts'
import { securityView } from './security-view.ts'
import { loadTokenBook } from './api-token.ts'
import type { ApiServices, EventServices, JobServices } from '../http/services.ts'
import type { BackupView } from '../model/generated/api-backup.ts'
import type { JobEngine } from './job-engine.ts'
import type { NodeCore } from './node-core.ts'
import type { RouterSettings } from '../config/settings.ts'
import type {
  SetAvailabilityParams,
  SetAvailabilityResult
} from '../model/generated/commands-set-availability.ts'

/** A worker answers at once whether it takes tasks; draining itself goes on afterwards. */
const AVAILABILITY_TIMEOUT_MS = 10_000

export function createApiServices(
  core: NodeCore,
  engine: JobEngine,
  { files, monitoring, recipes }: Pick<ApiServices, 'files' | 'monitoring' | 'recipes'>,
  { namespace, preset, weights }: Pick<RouterSettings, 'namespace' | 'preset' | 'weights'>
): Omit<ApiServices, 'forwarding'> {
  const { nodes, reputation } = engine
  return {
    jobs: jobServices(engine),
    events: eventServices(engine),
    files,
    monitoring,
    recipes,
    nodes: {
      list: async (filter) => nodes.list(filter),
      describe: async (peer) => nodes.describe(peer)
    },
    availability: {
      set: async (peer, request) => {
        const { peer_id: worker } = nodes.describe(peer)
        return nodes.answered(worker, await setAvailability(core, worker, request))
      }
    },
    idleReasons: async ({ peer, spanMs }, { signal }) => {
      const worker = peer === undefined ? {} : { peer: nodes.describe(peer).peer_id }
      return await engine.idle.gather({ ...worker, since_ms: spanMs }, signal)
    },
    weights: () => weightsView({ preset, weights }),
    peers: { list: () => core.tracker.list() },
    metrics: core.metrics,
    security: () => securityView(core, 'router'),
    reputation: createReputationServices(reputation, core.signer),
    tokens: loadTokenBook(core.folder.path, core.clock),
    backup: (file) => backup(core, engine, file),
    health: healthOf(core, engine, namespace)
  }
}

function jobServices({
  control,
  decisions,
  intake,
  logReader,
  reader,
  receipts
}: JobEngine): JobServices {
  return {
    submit: (document, submitter, trace) => intake.submit(document, submitter, trace),
    submitGraph: (document, submitter, trace) => intake.submitGraph(document, submitter, trace),
    plan: (document, isWhole) => intake.plan(document, isWhole),
    list: (filter) => reader.list(filter),
    describe: (id) => reader.describe(id),
    find: (id) => reader.find(id),
    document: (id) => reader.document(id),
    wait: (id, options) => reader.wait(id, options),
    items: (id, filter) => reader.items(id, filter),
    attempts: (id, filter) => reader.attempts(id, filter),
    history: (id, which) => reader.history(id, which),
    explain: (id, which) => decisions.explain(id, which),
    decisions: (page) => decisions.list(page),
    receipts: (id, filter) => receipts.receipts(id, filter),
    log: (id, which) => logReader.log(id, which),
    followLog: (id, which, onPart, onEnd) => logReader.followLog(id, which, onPart, onEnd),
    stop: (id, wish, by) => control.stop(id, wish, by),
    hold: (id, reason, by) => control.hold(id, reason, by),
    release: (id, by) => control.release(id, by),
    rerun: (id, request, by, trace) => intake.rerun(id, request, by, trace)
  }
}

function eventServices({ events, reader }: JobEngine): EventServices {
  return {
    watch: (which, onEvent) => events.watch(which, onEvent),
    jobId: (id) => reader.jobId(id)
  }
}

async function setAvailability(
  { sessions }: NodeCore,
  worker: string,
  params: SetAvailabilityParams
): Promise<SetAvailabilityResult> {
  const session = await sessions.open(worker)
  const { error, result } = await session.request(
    { command: 'SET_AVAILABILITY', params },
    { timeoutMs: AVAILABILITY_TIMEOUT_MS }
  )
  if (error !== undefined) throw error
  return COMMANDS.SET_AVAILABILITY.checkResult(result)
}

/** By default beside the store, under the time. */
async function backup(
  { clock, folder }: NodeCore,
  { store }: JobEngine,
  file: string | undefined
): Promise<BackupView> {
  const time = new Date(clock.wallMs()).toISOString().slice(0, 19).replaceAll(':', '-')
  const target = file ?? join(folder.path, 'backups', `jobs-${time}.db`)
  if (file === undefined) await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  await store.backup(target)
  return { file: target, bytes: statSync(target).size }
}

function healthOf(core: NodeCore, engine: JobEngine, namespace: string): ApiServices['health'] {
  const about = nodeHealth(core, namespace)
  return () => {
    const { queued, running } = engine.dispatcher.counts()
    return {
      status: 'ok',
      ...about(),
      workers_ready: engine.nodes.readyCount,
      items_queued: queued,
      items_running: running
    }
  }
}
