/**
 * What Node itself knows of the machine, without a library and without starting a tool: the ground
 * that the probe thread builds on, and all there is when the probe fails.
 */
import { arch, availableParallelism, cpus, freemem, platform, totalmem } from 'node:os'
import { threadId } from 'node:worker_threads'
import { readCpuQuota, readReclaimableBytes } from './cgroup.ts'
import type { Clock } from '../core/clock.ts'
import type { CpuWindow, RawHostFacts } from './host-probe.ts'

/** Quick enough for any thread: a few reads of /proc on Linux, a few system calls elsewhere. */
export function readSystemFigures(): RawHostFacts {
  const cores = cpus()
  return {
    os: platform(),
    arch: arch(),
    node: process.versions.node,
    cpuModel: cores[0]?.model ?? '',
    cpuSpeedGhz: (cores[0]?.speed ?? 0) / 1_000,
    hostCores: cores.length,
    parallelism: availableParallelism(),
    quotaCores: readCpuQuota()?.cores,
    cpuWindow: undefined,
    memory: {
      totalBytes: totalmem(),
      availableBytes: freemem(),
      constrainedBytes: process.constrainedMemory(),
      constrainedAvailableBytes: process.availableMemory(),
      reclaimableBytes: readReclaimableBytes()
    },
    disk: undefined,
    threadId
  }
}

interface CpuCounters {
  wallMs: number
  totalMs: number
  idleMs: number
  ownMs: number
  groupMs: number | undefined
}

/** Measures from one `next` to the following one; the first measures from the sampler's making. */
export class CpuSampler {
  readonly #clock: Clock
  #last: CpuCounters

  constructor(clock: Clock) {
    this.#clock = clock
    this.#last = readCounters(clock)
  }

  next(): CpuWindow {
    const last = this.#last
    const now = readCounters(this.#clock)
    this.#last = now
    return {
      wallMs: now.wallMs - last.wallMs,
      totalMs: now.totalMs - last.totalMs,
      idleMs: now.idleMs - last.idleMs,
      ownMs: now.ownMs - last.ownMs,
      groupMs:
        now.groupMs === undefined || last.groupMs === undefined
          ? undefined
          : now.groupMs - last.groupMs
    }
  }
}

function readCounters(clock: Clock): CpuCounters {
  let totalMs = 0
  let idleMs = 0
  for (const { times } of cpus()) {
    totalMs += times.user + times.nice + times.sys + times.idle + times.irq
    idleMs += times.idle
  }
  const { user, system } = process.cpuUsage()
  return {
    wallMs: clock.monotonicMs(),
    totalMs,
    idleMs,
    ownMs: (user + system) / 1_000,
    groupMs: readCpuQuota()?.usedMs
  }
}
