/** Process of live.bench: a router's monitoring with so many workers, of whose jobs so many change in a second. */
import { Live } from '../../src/monitoring/live.ts'
import { JobMeter } from '../../src/monitoring/job-meter.ts'
import { MapDrawing } from '../../src/monitoring/map-drawing.ts'
import { Series } from '../../src/monitoring/series.ts'
import { exampleOf } from '../support/fake-api-services.ts'
import { buildJob } from '../conformance/job-store-records.ts'
import { jobView } from '../../src/dispatch/views/job-views.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { systemClock } from '../../src/core/clock.ts'
import { answerParent } from './support/child.ts'
import type { JobRecord } from '../../src/jobs/records.ts'
import type { MapView } from '../../src/model/generated/api-map.ts'
import type { NodeView } from '../../src/model/generated/api-node.ts'
import type { Sample } from './support/bench.ts'

export interface LiveQuestion {
  workers: number
  jobChangesPerSecond: number
  readers: number
  seconds: number
}

/** Each worker tells its load so often. */
const LOAD_SECONDS = 5

const exampleNode = exampleOf('api/node')
const overview = exampleOf('api/overview')

/** The seconds are not waited for: what a second costs is what is asked. */
async function measure(question: LiveQuestion): Promise<Sample> {
  const { jobChangesPerSecond, readers, seconds, workers } = question
  const nodes = Array.from({ length: workers }, (_, index) => nodeOf(index))
  const meter = new JobMeter()
  const series = new Series()
  let tick: (() => void) | undefined
  const live = new Live({
    clock: { ...systemClock, every: (_ms, callback) => ((tick = callback), () => {}) },
    logger: silentLogger,
    overview: async () => overview,
    sample: () => series.latest,
    nodes: () => nodes.map((node) => ({ ...node })),
    map: () => mapOf(nodes),
    transfers: () => [],
    jobView: (job) => jobView(job, null)
  })
  meter.listen((job) => live.jobChanged(job))
  let bytes = 0
  const send = (text: string): void => void (bytes += text.length)
  for (let index = 0; index < readers; index += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as they come
    await live.watch({ scope: 'read', isReady: () => true, send })
  }
  bytes = 0
  const jobs = Array.from({ length: jobChangesPerSecond }, (_, index) => buildJob(`j-${index}`))
  const before = process.threadCpuUsage()
  for (let second = 0; second < seconds; second += 1) {
    change(nodes, second)
    for (const job of jobs) changeJob(meter, job)
    tick?.()
    // oxlint-disable-next-line no-await-in-loop -- what a tick began is over by then
    await new Promise((resolve) => setImmediate(resolve))
    if (second % LOAD_SECONDS === 0) meter.take((counts) => series.add(second, gauges, counts))
  }
  const { system, user } = process.threadCpuUsage(before)
  live.stop()
  return {
    cpuMsPerSecond: (user + system) / 1_000 / seconds,
    kilobytesPerSecond: bytes / 1_000 / seconds / Math.max(1, readers)
  }
}

const gauges = {
  workers_ready: 1,
  slots_total: 1,
  slots_busy: 1,
  bytes_received: 0,
  bytes_sent: 0
}

function nodeOf(index: number): NodeView {
  return { ...exampleNode, peer_id: `12D3KooW${String(index).padStart(44, 'x')}` }
}

/** A fifth of them says every second how it does now. */
function change(nodes: NodeView[], second: number): void {
  for (let index = second % LOAD_SECONDS; index < nodes.length; index += LOAD_SECONDS) {
    const node = nodes[index] as NodeView
    node.running = (node.running + 1) % (node.slots + 1)
    node.seen_ms_ago = second
  }
}

/** An attempt begins and its item ends: what one job of one task costs. */
function changeJob(meter: JobMeter, job: JobRecord): void {
  meter.waited(4)
  meter.changed(job, { state: 'completed', endedAtMs: job.createdAtMs + 40 } as never)
}

function mapOf(nodes: readonly NodeView[]): MapView {
  const self = overview.peer_id
  const drawing = new MapDrawing({ peer_id: self, role: 'router', is_self: true })
  const links = nodes.map(({ peer_id: peer }) => ({ peer_id: peer, path: 'direct' as const }))
  for (const { peer_id: peer, state } of nodes)
    drawing.know({ peer_id: peer, role: 'worker', state })
  drawing.told(self, { role: 'router', links })
  for (const { peer_id: peer } of nodes) {
    drawing.told(peer, { role: 'worker', links: [{ peer_id: self, path: 'direct' }] }, 1)
  }
  return drawing.view()
}

answerParent({ measure })
