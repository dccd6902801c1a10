/** A scenario as people write it, made into one that can be run. */
import { MeshError } from '../../core/errors.ts'
import { MIXES } from './job-mix.ts'
import { meanOfBoundedPareto } from './chance.ts'
import { validatorFor } from '../../model/validate.ts'
import type { Class, RouteScenario, Worker } from '../../model/generated/route-scenario.ts'
import type { Fleet, WorkerSpec } from './fleet.ts'
import type { JobClass, WorkLaw } from './job-mix.ts'
import type { RoutingScenario } from './scenario.ts'

const WORKERS_MAX = 1_000
const DISK_MB = 1_048_576
/** Of heavy jobs the longest is a thousand times the shortest. */
const HEAVY = { alpha: 1.2, ratio: 1_000 }

const check = validatorFor<RouteScenario>('route-scenario')

/** @throws MeshError FIELD_INVALID and such, with the place */
export function readScenario(value: unknown): RoutingScenario {
  const document = check(value)
  const { churn = false, classes, cold = false, jobs = 20_000, load = 0.75 } = document
  const fleet = toFleet(document)
  const own = classes === undefined ? MIXES[document.mix ?? 'mixed'] : toClasses(classes)
  const scenario = { fleet, classes: own, jobCount: jobs, load, hasChurn: churn, isCold: cold }
  checkMemory(fleet, own)
  return { ...scenario, seed: document.seed ?? 1 }
}

function toFleet({ routers: routerCount = 1, workers }: RouteScenario): Fleet {
  const all = workers.flatMap((worker, index) =>
    Array.from({ length: worker.count ?? 1 }, (_, copy) => ({
      worker,
      name: `${worker.name ?? `worker-${index + 1}`}${(worker.count ?? 1) > 1 ? `-${copy + 1}` : ''}`
    }))
  )
  if (all.length > WORKERS_MAX) {
    throw new MeshError('FIELD_INVALID', `${all.length} workers are more than ${WORKERS_MAX}`, {
      path: 'workers'
    })
  }
  const names = new Set(all.map(({ name }) => name))
  if (names.size < all.length) {
    throw new MeshError('FIELD_INVALID', 'two workers have the same name', { path: 'workers' })
  }
  const own = all.map(({ worker }) => worker.latency_ms ?? 20)
  const latencyMs = new Float64Array(routerCount * own.length)
  for (let router = 0; router < routerCount; router += 1) latencyMs.set(own, router * own.length)
  const specs = all.map(({ name, worker }) => toSpec(name, worker))
  return { workers: specs, routerCount, latencyMs }
}

function toSpec(peerId: string, worker: Worker): WorkerSpec {
  const { memory_mb: memoryMb = 16_384, slots, speed_ghz: speed } = worker
  const advertisedSpeed = worker.advertised_ghz ?? speed
  return { peerId, slots, speed, advertisedSpeed, memoryMb, diskMb: DISK_MB }
}

function toClasses(classes: readonly Class[]): JobClass[] {
  const sum = classes.reduce((total, { share = 1 }) => total + share, 0)
  return classes.map((one) => ({
    taskType: one.name,
    share: (one.share ?? 1) / sum,
    work: toLaw(one),
    memory: [{ megabytes: one.memory_mb ?? 256, share: 1 }]
  }))
}

function toLaw({ mean_ms: meanMs, spread = 'exponential' }: Class): WorkLaw {
  if (spread !== 'heavy') return { kind: spread, meanMs }
  const { alpha, ratio } = HEAVY
  const unit = { alpha, min: 1, max: ratio }
  const min = meanMs / meanOfBoundedPareto(unit)
  return { kind: 'pareto', alpha, min, max: ratio * min }
}

/** A job that fits nowhere would wait for ever. */
function checkMemory({ workers }: Fleet, classes: readonly JobClass[]): void {
  const largest = Math.max(...workers.map(({ memoryMb }) => memoryMb))
  for (const [index, { memory, taskType }] of classes.entries()) {
    if (memory.every(({ megabytes }) => megabytes <= largest)) continue
    throw new MeshError(
      'FIELD_INVALID',
      `jobs "${taskType}" need more memory than any worker has`,
      {
        path: `classes[${index}].memory_mb`,
        hint: `the largest worker has ${largest} MB`
      }
    )
  }
}
