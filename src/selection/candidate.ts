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
  /** What tasks of engine `process` may start: paths, or `*`. */
  programs: readonly string[]
  /** What tasks of engine `container` may run in, by digest or id. */
  images: readonly string[]
  /** Those of its engines whose tasks may reach the network. */
  networkEngines: readonly string[]
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
  /** The same of the GPUs that those tasks have. */
  otherGpus: number
  ownGpus: number
  availability: Availability
  /** Median round trip; undefined until measured. */
  latencyMs: number | undefined
  /** 0 to 1, lower bound. */
  reputation: number
  evidenceCount: number
  /** Ages of the facts, in milliseconds. */
  ages: { capabilitiesMs: number; loadMs: number; latencyMs: number; reputationMs: number }
}

/** What a task reads of the mesh, and who has it. */
export interface InputFiles {
  /** Each once; without any there is no `InputFiles`. */
  files: readonly InputSize[]
  /** Whether a worker has all of a file. */
  has(peerId: string, fileId: string): boolean
  /** How long ago a worker last said what it has, in milliseconds. */
  ageMs(peerId: string): number
}

export interface InputSize {
  id: string
  /** Undefined: not known. */
  sizeBytes: number | undefined
}

/** A task that wants a worker. */
export interface SelectionRequest {
  engine: string
  /** What it names and a worker must have: its function, its program or its image, by the engine. */
  taskName: string | undefined
  /** Whether it asks for the network. */
  hasNetwork: boolean
  resources: ResourceRequest
  placement: Placement
  route: RoutePolicy
  /** Workers that this item was already tried on, most recent last. */
  triedWorkers: readonly string[]
  sameWorker: 'avoid' | 'never' | 'allow'
  /** Workers that would not have this item a short while ago, with what they said. */
  refusedLately: ReadonlyMap<string, string>
  /** Of a task that reads files of the mesh. */
  inputs?: InputFiles | undefined
  /** The router's own settings, where the job names none. */
  defaults: { preset: Preset; weights: Partial<Record<ScorePart, number>> | undefined }
}

/** What every worker is scored by. */
export const WORKER_PARTS = ['cpu', 'memory', 'disk', 'gpu', 'latency', 'reputation'] as const
export type WorkerPart = (typeof WORKER_PARTS)[number]

/** `data` is what it has of a task's inputs: where there are none, there is no such part. */
export const SCORE_PARTS = [...WORKER_PARTS, 'data'] as const
export type ScorePart = (typeof SCORE_PARTS)[number]
export type Weights = Readonly<Record<WorkerPart, number> & { data?: number }>
