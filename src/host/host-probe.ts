/**
 * The port between the monitor and whatever looks at the machine, and the raw figures that pass
 * through it. Nothing here is trusted: tools report null, NaN and nonsense, and `capabilities.ts`
 * makes sense of it.
 */
import type { AbortOptions } from '../core/abort.ts'

/** A figure as tools report it: perhaps missing, perhaps not a number. */
export type RawNumber = number | null | undefined

export interface HostProbe {
  /** How much longer than at its best the same short calculation takes lately; 1 where that is not measured. */
  readonly slowdown: number
  /** Processor, memory and disk: cheap, asked every few seconds, one question at a time. */
  probe(options?: AbortOptions): Promise<RawHostFacts>
  /** Graphics cards: may take seconds, asked rarely, and independent of `probe`. */
  probeGpus(options?: AbortOptions): Promise<readonly RawGpu[]>
  /** Ends whatever the probe keeps alive. It may be probed again afterwards. */
  close(): Promise<void>
}

export interface RawHostFacts {
  os: string
  arch: string
  node: string
  cpuModel: string
  cpuSpeedGhz: RawNumber
  /** Every core of the machine, whoever may use it. */
  hostCores: RawNumber
  /** What libuv makes of affinity and quota, in whole cores. */
  parallelism: RawNumber
  /** The control group's quota in cores, fractions included; undefined without one. */
  quotaCores: RawNumber
  /** Undefined when there was nothing to measure from. */
  cpuWindow: CpuWindow | undefined
  memory: RawMemory
  /** Undefined when the file system would not say. */
  disk: RawDisk | undefined
  /** Who looked: 0 is node's own thread, which must never wait for a tool. */
  threadId: number
}

/** What the processors did between two looks at their counters. */
export interface CpuWindow {
  wallMs: RawNumber
  /** Over all cores of the machine. */
  totalMs: RawNumber
  idleMs: RawNumber
  /** Used by this process with all its threads. */
  ownMs: RawNumber
  /** Used by the control group that has the quota, this process and its children included. */
  groupMs: RawNumber
}

export interface RawMemory {
  totalBytes: RawNumber
  availableBytes: RawNumber
  /** The control group's limit; 0 or absurdly large when there is none. */
  constrainedBytes: RawNumber
  /** What is left below that limit, the page cache counted as used. */
  constrainedAvailableBytes: RawNumber
  /** Page cache of the group that the kernel gives back before anybody runs out of memory. */
  reclaimableBytes: RawNumber
}

export interface RawDisk {
  totalBytes: RawNumber
  availableBytes: RawNumber
}

/** The fields of systeminformation's graphics controllers that are used. Sizes are in MiB. */
export interface RawGpu {
  vendor?: string | null | undefined
  model?: string | null | undefined
  name?: string | null | undefined
  vram?: RawNumber
  memoryTotal?: RawNumber
  /** Percent. */
  utilizationGpu?: RawNumber
  cores?: RawNumber
}
