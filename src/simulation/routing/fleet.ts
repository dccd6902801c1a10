/** The machines of a simulated mesh, and how far each router is from each of them. */
import { normal, oneOf } from './chance.ts'
import { seededRandom } from '../../core/random.ts'
import type { Random } from '../../core/random.ts'

export interface WorkerSpec {
  peerId: string
  slots: number
  /** GHz: a job of 1000 ms of work takes 500 ms at 2. */
  speed: number
  /** What it says of itself. */
  advertisedSpeed: number
  memoryMb: number
  diskMb: number
}

export interface Fleet {
  workers: readonly WorkerSpec[]
  routerCount: number
  /** Round trips in milliseconds, by router and then by worker. */
  latencyMs: Float64Array
}

const SLOTS = [
  { count: 1, share: 0.25 },
  { count: 2, share: 0.25 },
  { count: 4, share: 0.25 },
  { count: 8, share: 0.15 },
  { count: 16, share: 0.07 },
  { count: 32, share: 0.03 }
]
const SPEED_MAX = 8
const MEMORY_PER_SLOT_MB = [2_048, 4_096, 8_192, 16_384]
/** So often there is a machine on which the largest job of the mixes runs. */
const LARGE_EVERY = 20
const LARGE_MB = 32_768
const DISK_MB = { min: 20_480, span: 491_520 }
/** By so much the advertised speed is wrong, as a logarithm. */
const ADVERTISED_DEVIATION = 0.15
const LATENCY_MS = { min: 1, span: 199 }

interface Place {
  x: number
  y: number
}

/** Speeds of 1 to 8 GHz, 1 to 32 slots, and places on a square map, of which the diagonal takes 200 ms. */
export function generateFleet(workerCount: number, routerCount: number, seed: number): Fleet {
  const random = seededRandom(seed)
  const places: Place[] = []
  const workers = Array.from({ length: workerCount }, (_, index) => {
    const worker = generateWorker(index, random)
    places.push(drawPlace(random))
    return worker
  })
  const latencyMs = new Float64Array(routerCount * workerCount)
  for (let router = 0; router < routerCount; router += 1) {
    const own = drawPlace(random)
    for (const [index, { x, y }] of places.entries()) {
      const distance = Math.hypot(own.x - x, own.y - y) / Math.SQRT2
      latencyMs[router * workerCount + index] = LATENCY_MS.min + LATENCY_MS.span * distance
    }
  }
  return { workers, routerCount, latencyMs }
}

/** Work that all slots together do in a millisecond, in milliseconds at 1 GHz. */
export function capacityOf({ workers }: Fleet): number {
  return workers.reduce((sum, { slots, speed }) => sum + slots * speed, 0)
}

function generateWorker(index: number, random: Random): WorkerSpec {
  const slots = oneOf(random, SLOTS).count
  const speed = SPEED_MAX ** random.next()
  const perSlotMb = MEMORY_PER_SLOT_MB[Math.floor(random.next() * MEMORY_PER_SLOT_MB.length)] ?? 0
  const memoryMb = slots * perSlotMb
  return {
    peerId: `worker-${String(index).padStart(4, '0')}`,
    slots,
    speed,
    advertisedSpeed: speed * Math.exp(ADVERTISED_DEVIATION * normal(random)),
    memoryMb: index % LARGE_EVERY === 0 ? Math.max(LARGE_MB, memoryMb) : memoryMb,
    diskMb: DISK_MB.min + DISK_MB.span * random.next()
  }
}

function drawPlace(random: Random): Place {
  return { x: random.next(), y: random.next() }
}
