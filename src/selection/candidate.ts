/** What selection knows of a worker and of a task: plain data, gathered by others, with its age. */
import type { Placement, Preset, ResourceRequest, RoutePolicy } from '../model/job.ts'

/** Whether a worker takes what is new, and why not. */
export type Availability = 'open' | 'cordoned' | 'draining' | 'stopping'

/** A worker as selection sees it. Figures are in the units of the command protocol. */
export interface Candidate {
  peerId: string
  engines: readonly string[]
  /** Names for tasks of engine `function`. */
  functions: readonly string[]
  labels: Readonly<Record<string, string>>
  /** Facts beside labels that conditions may name: `arch`, `os`, `agent`, … */
  facts: Readonly<Record<string, string | number>>
  cpuCores: number
  /** Percent. */
  cpuUsage: number
  memoryTotalMb: number
  memoryAvailableMb: number
  diskTotalMb: number
  diskAvailableMb: number
  gpuCount: number
  gpuMemoryMb: number
  gpuComputeUnits: number
  /** Percent. */
  gpuUsage: number
  slots: number
  queueSlots: number
  /** Tasks of other routers that the worker has, by its last report. */
  otherTasks: number
  /** Tasks that this router has there now, reported yet or not. */
  ownTasks: number
  availability: Availability
  /** Median round trip; undefined until measured. */
  latencyMs: number | undefined
  /** 0 to 1, lower bound. */
  reputation: number
  evidenceCount: number
  /** Ages of the facts, in milliseconds. */
  ages: { capabilitiesMs: number; loadMs: number; latencyMs: number; reputationMs: number }
}

/** A task that wants a worker. */
export interface SelectionRequest {
  engine: string
  /** What a task of engine `function` calls. */
  functionName: string | undefined
  resources: ResourceRequest
  placement: Placement
  route: RoutePolicy
  /** Workers that this item was already tried on, most recent last. */
  triedWorkers: readonly string[]
  sameWorker: 'avoid' | 'never' | 'allow'
  /** The router's own settings, where the job names none. */
  defaults: { preset: Preset; weights: Partial<Record<ScorePart, number>> | undefined }
}

export const SCORE_PARTS = ['cpu', 'memory', 'disk', 'gpu', 'latency', 'reputation'] as const
export type ScorePart = (typeof SCORE_PARTS)[number]
export type Weights = Readonly<Record<ScorePart, number>>
