/**
 * What a task would cost on a worker: the milliseconds until it is expected to be done there, part by part.
 * The worker with the least is chosen (ECT, "expected completion time"; the design's simulation of it against
 * sixteen published policies is summed up in docs/routing.md). Every part is in milliseconds and counts by
 * its factor, so one worker's cost never changes because another has joined.
 */
import { heldInputs } from './held-inputs.ts'
import { LATENCY_ASSUMED_MS, scoreGpu } from './scores.ts'
import { returnMs, sendMs } from './way.ts'
import type { Candidate, Circumstances, InputFiles } from './candidate.ts'
import type { CompiledRequest } from './compile.ts'
import type { Factors } from './weights.ts'

/** What is lost when a worker dies with a task: until that is noticed and the task begins elsewhere. */
export const FAILURE_MS = 3_000
/** Filling machines evenly is worth a tenth of the run time, by the square of how full they are. */
const CROWD_SHARE = 0.1
const CROWD_MAX = 8
/** Leaving large machines for large tasks is worth as much, full at so much more than the task needs. */
const SPARE_SHARE = 0.1
const SPARE_MEMORY_MB = 16_384
const SPARE_DISK_MB = 1_048_576
/** A worker with the poorest GPU is as one that takes three times as long. */
const GPU_SHARE = 2
/** What an input of unknown size is taken for: a second at 100 Mbit/s. */
const INPUT_BYTES_ASSUMED = 12_500_000
/** A worker asks for what it lacks, and who has it says so, before the first byte comes. */
const INPUT_ROUND_TRIPS = 2
/** Of the work that others send there, what counts for what they have sent unseen. */
const FOREIGN_SHARE = 0.5
const OWN_RATE_MIN = 1e-3
/** After so long a rate of work tells little of the present. */
const RATE_VALID_MS = 1_000

/** All in milliseconds, before factors. */
export interface CostParts {
  latencyMs: number
  moveMs: number
  waitMs: number
  runMs: number
  crowdMs: number
  memoryMs: number
  diskMs: number
  gpuMs: number
  dataMs: number
  riskMs: number
}

/** What of the circumstances is about the task itself. */
export type Task = Pick<Circumstances, 'workMs' | 'sendBytes' | 'returnBytes'>

export function emptyCost(): CostParts {
  return {
    latencyMs: 0,
    moveMs: 0,
    waitMs: 0,
    runMs: 0,
    crowdMs: 0,
    memoryMs: 0,
    diskMs: 0,
    gpuMs: 0,
    dataMs: 0,
    riskMs: 0
  }
}

/**
 * Writes the parts for one worker into `parts`, which the caller uses again for the next: thousands are
 * looked at for each task.
 */
export function measureCost(
  { need, request }: CompiledRequest,
  candidate: Candidate,
  { returnBytes = 0, sendBytes = 0, workMs }: Task,
  parts: CostParts
): void {
  const { slots } = candidate
  const runMs = workMs / candidate.speed
  const foreign = foreignFactor(candidate)
  const others = othersUnseen(candidate, runMs)
  const unseen = candidate.unseenCount * foreign + others
  const unseenMs = candidate.unseenMs * foreign + others * runMs
  const occupied = candidate.running + candidate.queued
  const crowd = Math.min(CROWD_MAX, (occupied + unseen) / slots)
  parts.runMs = runMs
  parts.latencyMs = candidate.latencyMs ?? LATENCY_ASSUMED_MS
  parts.moveMs = sendMs(candidate, sendBytes) + returnMs(candidate, returnBytes)
  parts.waitMs = expectedWaitMs(candidate, unseen, unseenMs)
  parts.crowdMs = CROWD_SHARE * runMs * crowd * crowd
  parts.memoryMs =
    runMs * spareShare(candidate.memoryTotalMb / slots - need.memoryMb, SPARE_MEMORY_MB)
  parts.diskMs = runMs * spareShare(candidate.diskTotalMb / slots - need.diskMb, SPARE_DISK_MB)
  parts.gpuMs = GPU_SHARE * runMs * (1 - scoreGpu(candidate))
  parts.dataMs = request.inputs === undefined ? 0 : fetchMs(request.inputs, candidate)
  const { prospect } = candidate
  // What inputs take has a weight of its own: where that is 0, they count for nothing here either.
  parts.riskMs = riskMs(prospect, parts.latencyMs + parts.moveMs + parts.waitMs + runMs)
}

/** What is lost on average to a worker's failures, each of which costs all the time that was spent on it. */
export function riskMs(prospect: number, wholeMs: number): number {
  return ((1 - prospect) / prospect) * (FAILURE_MS + wholeMs)
}

/** What counts for the choice: each part by its factor. */
export function totalCost(factors: Factors, parts: CostParts): number {
  return (
    factors.latency * (parts.latencyMs + parts.moveMs) +
    factors.cpu * (parts.waitMs + parts.runMs + parts.crowdMs) +
    factors.memory * parts.memoryMs +
    factors.disk * parts.diskMs +
    factors.gpu * parts.gpuMs +
    factors.data * parts.dataMs +
    factors.reputation * parts.riskMs
  )
}

/** As records have it: nobody waits a microsecond, and the digits would cost more to write than to count. */
export function roundCost(parts: CostParts): void {
  const netMs = roundMs(parts.latencyMs + parts.moveMs)
  parts.latencyMs = roundMs(parts.latencyMs)
  // So that the two add up to what the record has of them together.
  parts.moveMs = Math.max(0, netMs - parts.latencyMs)
  parts.waitMs = roundMs(parts.waitMs)
  parts.runMs = roundMs(parts.runMs)
  parts.crowdMs = roundMs(parts.crowdMs)
  parts.memoryMs = roundMs(parts.memoryMs)
  parts.diskMs = roundMs(parts.diskMs)
  parts.gpuMs = roundMs(parts.gpuMs)
  parts.dataMs = roundMs(parts.dataMs)
  parts.riskMs = roundMs(parts.riskMs)
}

/** Of a second and more no fraction counts; what is no time at all, as of a refused worker, is none. */
export function roundMs(ms: number): number {
  if (!(ms > 0)) return 0
  return ms >= 1_000 ? Math.round(ms) : Math.round(ms * 1_000) / 1_000
}

/** When it is expected to be done there, from now: what no weight changes. */
export function completionMs({ dataMs, latencyMs, moveMs, runMs, waitMs }: CostParts): number {
  return latencyMs + moveMs + waitMs + runMs + dataMs
}

/**
 * Until a slot is free: none of the tasks that no report tells of yet is ever taken to have ended, for a
 * silent worker may be dead.
 */
function expectedWaitMs(candidate: Candidate, unseen: number, unseenMs: number): number {
  const { slots, waitMs } = candidate
  const free = slots - candidate.running - candidate.queued
  if (free <= 0) return waitMs + unseenMs / slots
  if (unseen < free) return 0
  return (((unseen + 1 - free) / unseen) * unseenMs) / slots
}

/** Others send there as well, and of that too a report tells late: as much more as they send in all. */
function foreignFactor({ ownRate, routers, workRate }: Candidate): number {
  const own = Math.max(OWN_RATE_MIN, ownRate)
  const foreign = (workRate - own) / own
  return 1 + FOREIGN_SHARE * Math.max(0, Math.min(foreign, routers - 1))
}

/**
 * Tasks of others that are there by now and were not when the report was made: as many as their rate of work
 * keeps under way, once the report is as old as a task takes. Without it all routers go for whoever told
 * last that it was idle (measured: 2 % worse at the median and at p99).
 */
function othersUnseen(candidate: Candidate, runMs: number): number {
  const foreignRate = candidate.workRate - candidate.ownRate
  if (!(foreignRate > 0)) return 0
  const ageMs = candidate.ages.loadMs + (candidate.latencyMs ?? LATENCY_ASSUMED_MS) / 2
  const arrived = 1 - Math.exp(-ageMs / runMs)
  return FOREIGN_SHARE * foreignRate * arrived * Math.exp(-ageMs / RATE_VALID_MS)
}

function spareShare(spare: number, full: number): number {
  return SPARE_SHARE * Math.max(0, Math.min(1, spare / full))
}

/**
 * How long what the worker lacks of the inputs is on its way. It comes from whoever has it; the way there from here
 * stands for the worker's own, as nobody else's is known.
 */
function fetchMs(inputs: InputFiles, candidate: Candidate): number {
  const { missingBytes, missingCount, missingUnknown } = heldInputs(inputs, candidate.peerId)
  if (missingCount === 0) return 0
  const bytes = missingBytes + missingUnknown * INPUT_BYTES_ASSUMED
  const { latencyMs = LATENCY_ASSUMED_MS } = candidate
  return INPUT_ROUND_TRIPS * latencyMs + sendMs(candidate, bytes)
}
