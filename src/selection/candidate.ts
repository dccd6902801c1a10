/** What selection knows of a worker and of a task: plain data, gathered by others, with its age. */
import type { RouterLimits } from '../model/router-limits.ts'
import type { PathKind } from '../model/generated/api-peer.ts'
import type { Placement, Preset, ResourceRequest, RoutePolicy } from '../model/job.ts'

/** Whether a worker takes what is new, and why not. */
export type Availability = 'open' | 'cordoned' | 'draining' | 'stopping'

/** `probation`: too little of what it did was found right yet. `quarantined`: something was found wrong. */
export type TrustTier = 'probation' | 'trusted' | 'quarantined'

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
  /** Tasks that it has in slots and in line, everybody's, by its last report. */
  running: number
  queued: number
  /** GPUs that those tasks have. */
  gpusTaken: number
  /** How long a new task would wait for a slot there, by its last report; 0 while one is free and no task waits. */
  waitMs: number
  /** Expected work of the tasks in line, per slot, by its last report. */
  queuedMs: number
  /** Expected work that arrives there from everybody, in milliseconds per millisecond, and from this router. */
  workRate: number
  ownRate: number
  /** Routers that it serves. */
  routers: number
  /** Tasks of this router that no report has told of yet, their expected work there, and their GPUs. */
  unseenCount: number
  unseenMs: number
  unseenGpus: number
  /** What its owner lets this router ask of it; undefined: whatever it likes. */
  limits: RouterLimits | undefined
  /** Tasks that its owner would have it take of this router now, by its last report; undefined: as many as it likes. */
  allowed: number | undefined
  /** How fast it runs tasks, in GHz: as advertised, less what it has slowed down and was found to be slower. */
  speed: number
  /** The figures behind `speed`. */
  cpuSpeed: number
  slowdown: number
  slowness: number
  /** It has not answered for so long that it takes nothing new until it is heard of. */
  isSuspected: boolean
  /** How far its results are believed. */
  tier: TrustTier
  availability: Availability
  /** By which way it is reached; undefined while it is not connected. */
  path: PathKind | undefined
  /** Round trip; undefined until measured. */
  latencyMs: number | undefined
  /** How fast bytes go there and come back, in bytes a millisecond; undefined until something large was moved. */
  bytesPerMsTo: number | undefined
  bytesPerMsFrom: number | undefined
  /** What others are shown of what it did so far, 0 to 1. */
  reputation: number
  /** The share of tasks that it is expected to see through, 0.02 to 1: what its risk is reckoned from. */
  prospect: number
  /** Outcomes that this router has seen of it: of all time, and what of them has not faded. */
  evidenceCount: number
  evidenceLeft: number
  /** Ages of the facts, in milliseconds. */
  ages: {
    capabilitiesMs: number
    loadMs: number
    latencyMs: number
    reputationMs: number
    bytesToMs: number
    bytesFromMs: number
  }
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
  /** What run times and reputation are kept by. */
  taskType: string
  /** What it names and a worker must have: its function, its program or its image, by the engine. */
  taskName: string | undefined
  /** Whether it asks for the network. */
  hasNetwork: boolean
  /** How long it may run. */
  runMs: number
  resources: ResourceRequest
  placement: Placement
  route: RoutePolicy
  /** Workers that this item was already tried on, most recent last. */
  triedWorkers: readonly string[]
  sameWorker: 'avoid' | 'never' | 'allow'
  /** Workers that would not have this item a short while ago, with what they said. */
  refusedLately: ReadonlyMap<string, string>
  /** Workers that have another copy of it, or vouch for one that has, with the words for it. */
  elsewhere?: ReadonlyMap<string, string> | undefined
  /** Whose results will do: anybody's, best a trusted worker's, or only such a one's. */
  trust: 'any' | 'trusted_first' | 'trusted_only'
  /** Any that may have it, each as likely: of who checks results, nobody is to have a say by being fast. */
  isByChance?: boolean | undefined
  /** Of a task that reads files of the mesh. */
  inputs?: InputFiles | undefined
  /** The router's own settings, where the job names none. */
  defaults: { preset: Preset; weights: Partial<Record<ScorePart, number>> | undefined }
}

/** What changes from one choice to the next, whatever is asked for. */
export interface Circumstances {
  /** By chance, from 0 (included) to 1 (excluded). */
  draw: number
  nowMs: number
  /** How long a task of that type is expected to run, in milliseconds at 1 GHz. */
  workMs: number
  /** How long the text of the task is that goes there, and the answer that is expected; its files are `inputs`. @default 0 */
  sendBytes?: number
  returnBytes?: number
}

/** What every worker is scored by. */
export const WORKER_PARTS = ['cpu', 'memory', 'disk', 'gpu', 'latency', 'reputation'] as const
export type WorkerPart = (typeof WORKER_PARTS)[number]

/** `data` is what it has of a task's inputs: where there are none, there is no such part. */
export const SCORE_PARTS = [...WORKER_PARTS, 'data'] as const
export type ScorePart = (typeof SCORE_PARTS)[number]
export type Weights = Readonly<Record<WorkerPart, number> & { data?: number }>
