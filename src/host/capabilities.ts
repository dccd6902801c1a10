/**
 * Turns raw figures into what a worker may promise. Pure: it decides which limit counts and keeps
 * every figure inside the schema's range; it never looks at the machine itself.
 * A figure that nobody knows becomes the one that promises least, save for usage, which becomes 0
 * until it is measured.
 */
import { BYTES_PER_MB } from '../core/units.ts'
import type { Capabilities, HostFacts } from '../model/generated/capability-record.ts'
import type { CpuWindow, RawGpu, RawHostFacts, RawMemory, RawNumber } from './host-probe.ts'

/** What the owner offers of the machine. It lowers figures and never raises them. */
export interface HostOffer {
  offeredCpuCores?: number | undefined
  offeredMemoryBytes?: number | undefined
}

export interface CpuLimits extends Pick<HostOffer, 'offeredCpuCores'> {
  hostCores: RawNumber
  parallelism: RawNumber
  quotaCores: RawNumber
}

export interface EffectiveMemory {
  totalBytes: number
  availableBytes: number
}

/** The part of the capabilities that says what graphics cards there are. */
export type GpuSummary = Pick<
  Capabilities,
  'gpu_available' | 'gpu_count' | 'gpu_model' | 'gpu_memory_mb' | 'gpu_compute_units' | 'gpu_usage'
>

/** Limits of the schema's ranges; a test holds them against the schema. */
const CPU_CORES_MIN = 0.01
const CPU_CORES_MAX = 65_536
const CPU_SPEED_GHZ_MAX = 100
const GPU_COUNT_MAX = 64
const MODEL_LETTERS_MAX = 200
const NAME_LETTERS_MAX = 64

const MIB = 2 ** 20

/** Makers of chips that compute. Unknown makers are left out: a promised card that is none fails jobs. */
const COMPUTE_VENDOR =
  /\b(?:nvidia|amd|advanced micro devices|ati|radeon|intel|apple|qualcomm|arm|imagination|moore threads)\b/i

/**
 * Display adapters of virtual machines and of server boards. Some carry the name of a vendor above:
 * ATI's ES1000, RN50 and Rage XL are such server chips.
 */
const DISPLAY_ONLY =
  /bochs|cirrus|aspeed|\bast\d{4}|matrox|qxl|red hat|virtio|vmware|svga|virtualbox|innotek|hyper-v|parallels|basic (?:display|render)|remote display|standard vga|silicon motion|hisilicon|llvmpipe|swiftshader|es1000|rn50|rage xl/i

export function composeCapabilities(
  facts: RawHostFacts,
  gpus: readonly RawGpu[],
  offer: HostOffer = {}
): Capabilities {
  const cores = effectiveCpuCores({ ...facts, offeredCpuCores: offer.offeredCpuCores })
  const memory = effectiveMemory(facts.memory, offer)
  const diskBytes = figure(facts.disk?.totalBytes)
  return {
    cpu_cores: cores,
    cpu_usage: cpuUsagePercent(facts.cpuWindow, cores, facts.hostCores),
    cpu_speed_ghz: round(Math.min(figure(facts.cpuSpeedGhz), CPU_SPEED_GHZ_MAX), 2),
    memory_total_mb: megabytes(memory.totalBytes),
    memory_available_mb: megabytes(memory.availableBytes),
    disk_total_mb: megabytes(diskBytes),
    disk_available_mb: megabytes(Math.min(figure(facts.disk?.availableBytes), diskBytes)),
    ...summariseGpus(gpus)
  }
}

export function composeHostFacts(facts: RawHostFacts): HostFacts {
  const cpuModel = cleanText(facts.cpuModel, MODEL_LETTERS_MAX)
  return {
    os: cleanText(facts.os, NAME_LETTERS_MAX),
    arch: cleanText(facts.arch, NAME_LETTERS_MAX),
    node: cleanText(facts.node, NAME_LETTERS_MAX),
    ...(cpuModel === '' ? {} : { cpu_model: cpuModel })
  }
}

/**
 * The cores this node may use, fractions included. libuv's parallelism counts affinity but rounds a
 * quota down to whole cores and up to one; where it may have been that rounding, the quota counts.
 */
export function effectiveCpuCores(limits: CpuLimits): number {
  const hostCores = figure(limits.hostCores) || 1
  const parallelism = figure(limits.parallelism) || hostCores
  const quota = figure(limits.quotaCores)
  const isRounded = quota > 0 && Math.max(1, Math.floor(quota)) === parallelism
  const cores = Math.min(
    isRounded ? hostCores : parallelism,
    quota || Infinity,
    figure(limits.offeredCpuCores) || Infinity
  )
  return clamp(round(cores, 2), CPU_CORES_MIN, CPU_CORES_MAX)
}

/**
 * Busy share of the cores that count. What is free is bounded twice: by what the whole machine has
 * idle, and by what our own group has left of its share. Without limits both are the same.
 */
export function cpuUsagePercent(
  window: CpuWindow | undefined,
  cores: number,
  hostCores: RawNumber
): number {
  const totalMs = figure(window?.totalMs)
  if (window === undefined || totalMs === 0) return 0
  const idleRatio = clamp(figure(window.idleMs) / totalMs, 0, 1)
  const idleCores = idleRatio * Math.max(figure(hostCores), cores)
  const wallMs = figure(window.wallMs)
  const usedMs = Math.max(figure(window.ownMs), figure(window.groupMs))
  const usedCores = wallMs === 0 ? 0 : usedMs / wallMs
  const freeCores = clamp(Math.min(idleCores, cores - usedCores), 0, cores)
  return clamp(round(100 * (1 - freeCores / cores), 1), 0, 100)
}

/**
 * The container's limit against the machine's figures, then the owner's offer. Page cache counts as
 * free, as it does on a machine without limits: otherwise a worker that has read many files would
 * seem full for ever.
 */
export function effectiveMemory(memory: RawMemory, offer: HostOffer = {}): EffectiveMemory {
  const hostBytes = figure(memory.totalBytes)
  const limitBytes = figure(memory.constrainedBytes)
  const isConstrained = limitBytes > 0 && (hostBytes === 0 || limitBytes < hostBytes)
  const leftBytes = isConstrained
    ? figure(memory.constrainedAvailableBytes) + figure(memory.reclaimableBytes)
    : Infinity
  const totalBytes = Math.min(
    isConstrained ? limitBytes : hostBytes,
    figure(offer.offeredMemoryBytes) || Infinity
  )
  return {
    totalBytes,
    availableBytes: Math.min(figure(memory.availableBytes), leftBytes, totalBytes)
  }
}

/**
 * One summary of all cards that compute. Memory and units are those of the largest single card,
 * since a task runs on one card and a sum would promise what none of them has.
 */
export function summariseGpus(controllers: readonly RawGpu[]): GpuSummary {
  const gpus = controllers.filter((gpu) => isComputeGpu(gpu))
  const largest = gpus.toSorted((left, right) => gpuBytes(right) - gpuBytes(left))[0]
  if (largest === undefined) return { gpu_available: false }
  const usages = gpus.map((gpu) => Math.min(figure(gpu.utilizationGpu), 100))
  const model = cleanText(firstText(largest.name, largest.model, largest.vendor), MODEL_LETTERS_MAX)
  return {
    gpu_available: true,
    gpu_count: Math.min(gpus.length, GPU_COUNT_MAX),
    gpu_model: model,
    gpu_memory_mb: megabytes(gpuBytes(largest)),
    gpu_compute_units: Math.floor(figure(largest.cores)),
    gpu_usage: round(usages.reduce((sum, usage) => sum + usage, 0) / usages.length, 1)
  }
}

function isComputeGpu(gpu: RawGpu): boolean {
  const names = [gpu.vendor, gpu.model, gpu.name].filter((name) => typeof name === 'string')
  const text = names.join(' ')
  return COMPUTE_VENDOR.test(text) && !DISPLAY_ONLY.test(text)
}

/** The driver's own figure where there is one; `vram` is only the size of the card's PCI window. */
function gpuBytes(gpu: RawGpu): number {
  return (figure(gpu.memoryTotal) || figure(gpu.vram)) * MIB
}

/** Anything that is no finite number from 0 up is 0, which stands for "unknown". */
function figure(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0
}

/** Rounded down: a megabyte that is only half there is not promised. */
function megabytes(bytes: number): number {
  return Math.floor(bytes / BYTES_PER_MB)
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max)
}

function firstText(...texts: readonly (string | null | undefined)[]): string {
  return texts.find((text) => typeof text === 'string' && text.trim() !== '') ?? 'unknown'
}

/** Bounded, on one line and without control characters: these texts travel to other machines. */
function cleanText(text: unknown, lettersMax: number): string {
  if (typeof text !== 'string') return ''
  return text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, lettersMax)
}
