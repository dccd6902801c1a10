/**
 * Process of intake.bench, queue.bench and restart.bench: a router as the program runs it, with a hand on
 * its engine, so that jobs come in with nothing in between, and wait until they are let go.
 */
import { ApiServer } from '../../src/http/server.ts'
import { causeOf } from '../../src/jobs/records.ts'
import { loadApiToken } from '../../src/roles/api-token.ts'
import { createApiServices } from '../../src/roles/api-services.ts'
import { createFileServices } from '../../src/roles/file-services.ts'
import { createJobEngine } from '../../src/roles/job-engine.ts'
import { createMonitoring, routerSources } from '../../src/roles/mesh-monitoring.ts'
import { createRouterRecipes } from '../../src/roles/router-recipes.ts'
import { createRouterFiles } from '../../src/roles/router-files.ts'
import { createLogger } from '../../src/observe/logger.ts'
import { loadSettings } from '../../src/config/load.ts'
import { MeshError } from '../../src/core/errors.ts'
import { startNode } from '../../src/roles/node-core.ts'
import { answerParent, readInit } from './support/child.ts'
import { jobText } from './support/bodies.ts'
import { collectGarbage } from './support/memory.ts'
import { runLoad } from './support/load.ts'
import type { Ending } from '../../src/jobs/records.ts'
import type { JobEngine } from '../../src/roles/job-engine.ts'
import type { LoadInit, LoadResult } from './support/load.ts'
import type { RouterSettings } from '../../src/config/settings.ts'
import type { RunningNode } from '../../src/roles/role.ts'
import type { Startable } from '../../src/core/startable.ts'

export interface EngineProcessInit {
  flags: Readonly<Record<string, readonly string[]>>
}

export interface FillQuestion {
  count: number
  bodyBytes: number
}

/** For each job of the second half, by when what is bounded (the cache of documents, pages of the store) is full. */
export interface FillResult {
  /** Of JavaScript's heap, in the router's own thread. */
  heapBytes: number
  /** Of the whole process, store included. */
  rssBytes: number
}

export interface DrainQuestion {
  /** So many jobs of the beginning, and of the end, are timed: from the first that is sent to the last. */
  edge: number
}

export type DrainResult = Record<'first' | 'last', { perSecond: number; cpuUs: number }>

export interface StartFigures {
  /** From the start of the store to its being open. */
  storeMs: number
  /** From the start of the store until new jobs are taken, without the network's own start. */
  readyMs: number
  jobs: number
}

const SUBMITTER = 'bench'
/** As many as keep the store's thread busy. */
const FILLED_AT_ONCE = 256
/** Few enough to fit into one batch of the store. */
const STOPPED_AT_ONCE = 1_024

const { flags } = readInit() as EngineProcessInit
const startMs = new Map<Startable, number>()
let engine!: JobEngine
let services!: ReturnType<typeof createApiServices>
const running = await startEngine(loadSettings('router', { flags, env: {} }))

async function startEngine(settings: RouterSettings): Promise<RunningNode> {
  const logger = createLogger({ level: 'error', format: 'json' })
  const init = { role: 'router', isDhtServer: false } as const
  return await startNode(settings, logger, init, (core) => {
    const { http, namespace, token = loadApiToken(core.folder.path) } = settings
    const files = createRouterFiles(core, {
      ...settings.files,
      namespace,
      onMisbehaviour: () => {}
    })
    engine = createJobEngine(core, settings, files)
    const apiFiles = createFileServices(core, files, {
      isWorker: (peer) => engine.nodes.has(peer),
      ordersOf: () => []
    })
    const self = { role: 'router', namespace } as const
    const sources = routerSources(engine, files, apiFiles.transfers)
    const monitoring = createMonitoring(core, { self, ...sources })
    const recipes = createRouterRecipes(core, settings)
    const parts = { files: apiFiles.services, monitoring, recipes: recipes.services }
    services = createApiServices(core, engine, parts, settings)
    const api = new ApiServer({ services, logger }, { ...http, token })
    return {
      before: [...files.before, ...engine.before.map(timed)],
      after: [...files.after, ...apiFiles.parts, ...engine.after.map(timed), monitoring, api],
      report: () => ({
        role: 'router',
        namespace,
        peer_id: core.node.selfPeer,
        addresses: core.node.addresses(),
        folder: core.folder.path,
        http: api.address()
      })
    }
  })
}

/** The same part; how long its start takes is remembered. */
function timed(part: Startable): Startable {
  return {
    start: async () => {
      const atMs = performance.now()
      await part.start()
      startMs.set(part, performance.now() - atMs)
    },
    stop: () => part.stop()
  }
}

function started(): StartFigures {
  const each = [...startMs.values()]
  return {
    storeMs: startMs.get(engine.store) ?? Number.NaN,
    readyMs: each.reduce((sum, ms) => sum + ms, 0),
    jobs: openCount()
  }
}

function openCount(): number {
  const { held, queued, running: begun } = engine.dispatcher.counts()
  return held + queued + begun
}

/** Each job is parsed anew, as it is when it comes over a wire. */
async function submit(text: string): Promise<string> {
  const { job } = await engine.intake.submit(JSON.parse(text), SUBMITTER)
  return job.id
}

async function fill({ bodyBytes, count }: FillQuestion): Promise<FillResult> {
  const text = jobText(bodyBytes)
  await submitMany(text, count / 2)
  const half = memory()
  await submitMany(text, count / 2)
  const full = memory()
  return {
    heapBytes: (full.heapBytes - half.heapBytes) / (count / 2),
    rssBytes: (full.rssBytes - half.rssBytes) / (count / 2)
  }
}

function memory(): FillResult {
  collectGarbage()
  const { external, heapUsed, rss } = process.memoryUsage()
  return { heapBytes: heapUsed + external, rssBytes: rss }
}

async function submitMany(text: string, count: number): Promise<void> {
  let left = count
  const loop = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await submit(text)
    }
  }
  await Promise.all(Array.from({ length: FILLED_AT_ONCE }, loop))
}

/** Lets the only worker take jobs until none is left. */
async function drain({ edge }: DrainQuestion): Promise<DrainResult> {
  const count = openCount()
  const marks = new Map<number, Mark>()
  const marked = new Set([1, edge, count - edge + 1, count])
  const drained = Promise.withResolvers<void>()
  let offered = 0
  let ended = 0
  const stopWatching = engine.events.watch({}, ({ state, type }) => {
    if (type === 'attempt:changed' && state === 'offered') {
      offered += 1
      if (marked.has(offered)) marks.set(offered, mark())
    } else if (type === 'job:ended') {
      ended += 1
      if (ended === count) drained.resolve()
    }
  })
  await setAvailability('open')
  await drained.promise
  stopWatching()
  await setAvailability('cordoned')
  return {
    first: between(marks.get(1), marks.get(edge), edge - 1),
    last: between(marks.get(count - edge + 1), marks.get(count), edge - 1)
  }
}

interface Mark {
  atMs: number
  cpuUs: number
}

function mark(): Mark {
  const { system, user } = process.cpuUsage()
  return { atMs: performance.now(), cpuUs: system + user }
}

function between(
  from: Mark | undefined,
  to: Mark | undefined,
  count: number
): { perSecond: number; cpuUs: number } {
  if (from === undefined || to === undefined) throw new Error('the queue is shorter than its edges')
  return {
    perSecond: (count / (to.atMs - from.atMs)) * 1_000,
    cpuUs: (to.cpuUs - from.cpuUs) / count
  }
}

async function setAvailability(availability: 'open' | 'cordoned'): Promise<void> {
  for (const { peer_id: peer } of engine.nodes.list({})) {
    await services.availability.set(peer, { availability })
  }
}

/** Ends jobs, so that the next load finds an empty queue. */
async function clear(ids: readonly string[]): Promise<void> {
  const error = new MeshError('TASK_STOPPED', 'it was measured').toData()
  const ending: Ending = { state: 'stopped', cause: causeOf(error, SUBMITTER), error }
  for (let from = 0; from < ids.length; from += STOPPED_AT_ONCE) {
    const some = ids.slice(from, from + STOPPED_AT_ONCE)
    await Promise.all(some.map((id) => endJob(id, ending)))
  }
}

async function endJob(id: string, ending: Ending): Promise<void> {
  const job = engine.dispatcher.job(id)
  if (job !== undefined) await engine.dispatcher.endJob(job, ending)
}

async function load(init: LoadInit): Promise<LoadResult> {
  const text = jobText(0)
  const ids: string[] = []
  const result = await runLoad(init, async () => void ids.push(await submit(text)))
  await clear(ids)
  return result
}

answerParent(
  {
    load,
    fill,
    drain,
    clear,
    started,
    report: () => running.report,
    workers: () => engine.nodes.list({}).length,
    cordon: () => setAvailability('cordoned')
  },
  () => running.stop()
)
