/**
 * What conditions may name: figures of the machine by their names on the wire, host facts, and labels.
 * A worker chooses its own labels, so a label never hides a figure or a fact of the same name.
 */
import { isEnforcementKey } from '../model/enforcement.ts'
import { isIsolationKey } from '../model/isolation.ts'
import type { Candidate } from './candidate.ts'

type Fact = string | number | undefined

const FIGURES: ReadonlyMap<string, (candidate: Candidate) => Fact> = new Map<
  string,
  (candidate: Candidate) => Fact
>([
  ['peer_id', ({ peerId }) => peerId],
  ['cpu_cores', ({ cpuCores }) => cpuCores],
  ['cpu_usage', ({ cpuUsage }) => cpuUsage],
  ['memory_total_mb', ({ memoryTotalMb }) => memoryTotalMb],
  ['memory_available_mb', ({ memoryAvailableMb }) => memoryAvailableMb],
  ['disk_total_mb', ({ diskTotalMb }) => diskTotalMb],
  ['disk_available_mb', ({ diskAvailableMb }) => diskAvailableMb],
  ['gpu_available', ({ gpuCount }) => String(gpuCount > 0)],
  ['gpu_count', ({ gpuCount }) => gpuCount],
  ['gpu_memory_mb', (candidate) => ofGpu(candidate, candidate.gpuMemoryMb)],
  ['gpu_compute_units', (candidate) => ofGpu(candidate, candidate.gpuComputeUnits)],
  ['gpu_usage', (candidate) => ofGpu(candidate, candidate.gpuUsage)],
  ['slots', ({ slots }) => slots],
  ['queue_slots', ({ queueSlots }) => queueSlots],
  ['path', ({ path }) => path],
  ['latency_ms', ({ latencyMs }) => latencyMs],
  ['reputation', ({ reputation }) => reputation],
  ['evidence', ({ evidenceCount }) => evidenceCount]
])

/** Facts of the host that a capability record carries beside its figures. */
const HOST_FACTS: ReadonlySet<string> = new Set(['agent', 'arch', 'cpu_model', 'node', 'os'])

/** Undefined means that the worker has no such fact. */
export function factOf(candidate: Candidate, key: string): Fact {
  const figure = FIGURES.get(key)
  if (figure !== undefined) return figure(candidate)
  if (Object.hasOwn(candidate.facts, key)) return candidate.facts[key]
  if (isOfEngine(key)) return undefined
  if (Object.hasOwn(candidate.labels, key)) return candidate.labels[key]
  // `exists gpu` is what people write; a label of that name says more, so it comes first.
  return key === 'gpu' ? ofGpu(candidate, candidate.gpuCount) : undefined
}

/** A record that has the named fact, if the worker has it: one that is there already, where possible. */
export function factsFor(
  candidate: Candidate,
  key: string
): Readonly<Record<string, string | number>> {
  if (!FIGURES.has(key)) {
    if (Object.hasOwn(candidate.facts, key) || isOfEngine(key)) return candidate.facts
    if (key !== 'gpu' || Object.hasOwn(candidate.labels, key)) return candidate.labels
  }
  const fact = factOf(candidate, key)
  return fact === undefined ? NO_FACTS : { [key]: fact }
}

const NO_FACTS: Readonly<Record<string, string | number>> = {}

/** Whether only a worker's owner could have given it this name. */
export function isLabel(key: string): boolean {
  return !FIGURES.has(key) && !HOST_FACTS.has(key) && !isOfEngine(key)
}

/** Said by the worker's engines, so no label may stand for it. */
function isOfEngine(key: string): boolean {
  return isIsolationKey(key) || isEnforcementKey(key)
}

function ofGpu(candidate: Candidate, figure: number): Fact {
  return candidate.gpuCount > 0 ? figure : undefined
}
