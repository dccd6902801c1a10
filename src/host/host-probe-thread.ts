/**
 * The thread that looks at the machine, so that the node's own thread never waits for it: the library
 * runs tools synchronously here and there. Every message asks for one look and gets one answer.
 * Graphics cards are looked at elsewhere (`gpu-probe-process.ts`), because a stuck driver's tool
 * would keep this thread, and with it the whole process, from ending.
 */
import { statfs } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { cpu, mem } from 'systeminformation'
import { messageOf } from '../core/errors.ts'
import { systemClock } from '../core/clock.ts'
import { CpuSampler, readSystemFigures } from './system-figures.ts'
import { SpinGauge } from './spin-gauge.ts'
import type { Systeminformation } from 'systeminformation'
import type { RawDisk, RawHostFacts } from './host-probe.ts'
import type { ProbeAnswer, ProbeThreadData } from './thread-host-probe.ts'

const { directory, measuresSlowdown } = workerData as ProbeThreadData
/** A spin of a millisecond each, so it costs a thousandth of a core. */
const SLOWDOWN_PERIOD_MS = 1_000
const gauge = new SpinGauge()
const sampler = new CpuSampler(systemClock)
/** The processor doesn't change while we run, and asking starts several tools: once is enough. */
let cpuData: Promise<Systeminformation.CpuData> | undefined

parentPort?.on('message', () => void answer())
if (measuresSlowdown) {
  systemClock.every(SLOWDOWN_PERIOD_MS, () => tell({ slowdown: gauge.measure() }))
}

async function answer(): Promise<void> {
  const reply: ProbeAnswer = await look().then(
    (facts) => ({ facts }),
    (cause: unknown) => ({ problem: messageOf(cause) })
  )
  tell(reply)
}

function tell(answered: ProbeAnswer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(answered)
}

async function look(): Promise<RawHostFacts> {
  cpuData ??= cpu()
  const looks = Promise.all([cpuData, mem(), lookAtDisk()])
  const figures = readSystemFigures()
  // Virtual machines and many small boards do not say. It is measured while the tools run.
  const speedGhz = figures.cpuSpeedGhz || gauge.ghz
  const [processor, memory, disk] = await looks
  return {
    ...figures,
    cpuModel: `${processor.manufacturer} ${processor.brand}`.trim() || figures.cpuModel,
    cpuSpeedGhz: processor.speed || speedGhz,
    cpuWindow: sampler.next(),
    memory: {
      ...figures.memory,
      totalBytes: memory.total || figures.memory.totalBytes,
      availableBytes: memory.available || figures.memory.availableBytes
    },
    disk
  }
}

/**
 * Asks the file system that holds the directory. The library's `fsSize` was tried: it starts `df` for
 * every mount each time, hangs with the first dead network mount, and leaves out tmpfs, so that a
 * directory there would be credited with the root disk's space.
 */
async function lookAtDisk(): Promise<RawDisk | undefined> {
  try {
    const { bsize, blocks, bavail } = await statfs(directory)
    return { totalBytes: bsize * blocks, availableBytes: bsize * bavail }
  } catch {
    // A directory that isn't there (yet) has no space to offer; the other figures still count.
    return undefined
  }
}
