/** Raw figures of an ordinary machine, for tests to bend. */
import type { RawHostFacts, RawMemory } from '../../../src/host/host-probe.ts'

const GIB = 2 ** 30

export const MEMORY_WITHOUT_LIMIT: RawMemory = {
  totalBytes: 16 * GIB,
  availableBytes: 9 * GIB,
  constrainedBytes: 18_446_744_073_709_552_000,
  constrainedAvailableBytes: 16 * GIB,
  reclaimableBytes: undefined
}

export function buildRawFacts(overrides: Partial<RawHostFacts> = {}): RawHostFacts {
  return {
    os: 'linux',
    arch: 'x64',
    node: '24.21.0',
    cpuModel: 'AMD Ryzen 7 5700U with Radeon Graphics',
    cpuSpeedGhz: 1.8,
    hostCores: 8,
    parallelism: 8,
    quotaCores: undefined,
    cpuWindow: { wallMs: 1_000, totalMs: 8_000, idleMs: 6_000, ownMs: 100, groupMs: undefined },
    memory: MEMORY_WITHOUT_LIMIT,
    disk: { totalBytes: 500e9, availableBytes: 120e9 },
    threadId: 1,
    ...overrides
  }
}
