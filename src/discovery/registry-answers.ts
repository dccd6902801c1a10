/**
 * FIND_NODES as a bootstrap answers it: pages of the workers that it has heard of, each with its own signed
 * record. It has measured none of them, so that what only a router knows is refused and not guessed.
 */
import { MeshError } from '../core/errors.ts'
import type { FindNodesParams, FindNodesResult } from '../model/generated/commands-find-nodes.ts'
import type { Registered, WorkerRegistry } from './worker-registry.ts'

/** Of one answer, so that it costs a bootstrap some milliseconds whoever asks. */
const PAGE_BYTES_MAX = 512 * 1_024
const PAGE_NODES_MAX = 1_000

/**
 * @param namespace that of the answering node
 * @throws MeshError COMMAND_NOT_SERVED for what only routers answer
 */
export function findRegistered(
  registry: Pick<WorkerRegistry, 'count' | 'list'>,
  { namespace: own, params }: { namespace: string; params: FindNodesParams }
): FindNodesResult {
  refuseUnknown(params)
  const { cursor = '', limit = PAGE_NODES_MAX, namespace = own } = params
  // Each worker that comes asks so: to put all in order for each, while they come, would take ever longer.
  if (limit === 0 && hasNoCondition(params)) return { nodes: [], total: registry.count(namespace) }
  const fitting = registry.list(namespace).filter(({ record }) => isFitting(record, params))
  const rest = fitting.slice(firstAfter(fitting, cursor))
  const page = rest.slice(0, pageLength(rest, limit))
  const last = page.at(-1)
  return {
    nodes: page.map(toNode),
    total: fitting.length,
    ...(last === undefined || page.length === rest.length ? {} : { next: last.peer })
  }
}

function hasNoCondition({
  max_cpu_usage,
  min_cpu_cores,
  min_disk_mb,
  min_memory_mb
}: FindNodesParams): boolean {
  const conditions = [max_cpu_usage, min_cpu_cores, min_disk_mb, min_memory_mb]
  return conditions.every((condition) => condition === undefined)
}

function refuseUnknown({ file_hash: hash, max_latency_ms: latencyMs }: FindNodesParams): void {
  if (hash === undefined && latencyMs === undefined) return
  throw new MeshError(
    'COMMAND_NOT_SERVED',
    'only a router knows who has a file, and how far away nodes are',
    {
      path: hash === undefined ? 'params.max_latency_ms' : 'params.file_hash'
    }
  )
}

function isFitting(
  { capabilities }: Registered['record'],
  {
    max_cpu_usage: cpuUsageMax = 100,
    min_cpu_cores: cpuCoresMin = 0,
    min_disk_mb: diskMbMin = 0,
    min_memory_mb: memoryMbMin = 0
  }: FindNodesParams
): boolean {
  return (
    capabilities.cpu_cores >= cpuCoresMin &&
    capabilities.cpu_usage <= cpuUsageMax &&
    capabilities.memory_available_mb >= memoryMbMin &&
    capabilities.disk_available_mb >= diskMbMin
  )
}

/** Where those begin that come after a peer id. */
function firstAfter(workers: readonly Registered[], cursor: string): number {
  let low = 0
  let high = workers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((workers[middle] as Registered).peer > cursor) high = middle
    else low = middle + 1
  }
  return low
}

/** One at least, where any is asked for: who pages on must get on. */
function pageLength(workers: readonly Registered[], limit: number): number {
  let bytes = 0
  let count = 0
  for (const { sealed } of workers) {
    bytes += sealed.byteLength
    if (count >= limit || (count > 0 && bytes > PAGE_BYTES_MAX)) break
    count += 1
  }
  return count
}

function toNode({ peer, record, sealed }: Registered): FindNodesResult['nodes'][number] {
  return {
    peer_id: peer,
    capabilities: { ...record.capabilities },
    addresses: [...record.addresses],
    record: Buffer.from(sealed).toString('base64')
  }
}
