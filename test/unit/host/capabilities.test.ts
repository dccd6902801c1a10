/** Limits, clamping and the summary of graphics cards, with figures as real machines report them. */
import { describe, expect, it } from 'vitest'
import {
  composeCapabilities,
  composeHostFacts,
  cpuUsagePercent,
  effectiveCpuCores,
  effectiveMemory,
  summariseGpus
} from '../../../src/host/capabilities.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { MEMORY_WITHOUT_LIMIT, buildRawFacts } from './raw-facts.ts'
import type { CpuLimits } from '../../../src/host/capabilities.ts'
import type { RawGpu, RawHostFacts } from '../../../src/host/host-probe.ts'

const GIB = 2 ** 30

const validateCapabilities = validatorFor('capability-record#/$defs/capabilities')
const validateHostFacts = validatorFor('capability-record#/properties/host')

describe('effectiveCpuCores', () => {
  const free = { hostCores: 8, parallelism: 8, quotaCores: undefined }
  const rows: [string, CpuLimits, number][] = [
    ['takes every core of a machine without limits', free, 8],
    ['counts affinity', { ...free, parallelism: 3 }, 3],
    [
      'keeps the fraction of a quota that libuv rounds down',
      { ...free, parallelism: 2, quotaCores: 2.5 },
      2.5
    ],
    [
      'keeps a quota below one core, which libuv rounds up',
      { ...free, parallelism: 1, quotaCores: 0.25 },
      0.25
    ],
    ['takes the tighter of affinity and quota', { ...free, parallelism: 2, quotaCores: 6 }, 2],
    ['ignores a quota above the machine', { ...free, quotaCores: 64 }, 8],
    ['lowers to the offer', { ...free, offeredCpuCores: 1.5 }, 1.5],
    ['never raises to the offer', { ...free, offeredCpuCores: 32 }, 8],
    ['ignores an offer of nothing', { ...free, offeredCpuCores: 0 }, 8],
    ['ignores an offer that is no number', { ...free, offeredCpuCores: Number.NaN }, 8],
    [
      'promises one core when nobody knows',
      { hostCores: null, parallelism: Number.NaN, quotaCores: null },
      1
    ],
    ['stays above nothing', { ...free, offeredCpuCores: 1e-9 }, 0.01],
    ['stays within the schema', { hostCores: 1e9, parallelism: 1e9, quotaCores: 1e9 }, 65_536]
  ]
  it.each(rows)('%s', (_, limits, cores) => {
    expect(effectiveCpuCores(limits)).toBe(cores)
  })
})

describe('cpuUsagePercent', () => {
  const window = { wallMs: 1_000, totalMs: 8_000, idleMs: 6_000, ownMs: 0, groupMs: undefined }

  it('is the busy share of a machine without limits', () => {
    expect(cpuUsagePercent(window, 8, 8)).toBe(25)
  })
  it('is full when our group has used its quota, however idle the machine is', () => {
    expect(cpuUsagePercent({ ...window, groupMs: 2_000 }, 2, 8)).toBe(100)
  })
  it('counts what this process used of a smaller share', () => {
    expect(cpuUsagePercent({ ...window, ownMs: 500 }, 2, 8)).toBe(25)
  })
  it('is full when others leave nothing idle', () => {
    expect(cpuUsagePercent({ ...window, idleMs: 0 }, 2, 8)).toBe(100)
  })
  it('is half when others leave half of our share', () => {
    expect(cpuUsagePercent({ ...window, idleMs: 1_000 }, 2, 8)).toBe(50)
  })
  it.each([
    ['nothing was measured', undefined],
    ['the counters stood still', { ...window, totalMs: 0, idleMs: 0 }],
    ['the counters are no numbers', { ...window, totalMs: Number.NaN, idleMs: null }]
  ])('is 0 when %s', (_, measured) => {
    expect(cpuUsagePercent(measured, 4, 8)).toBe(0)
  })
  it.each([
    ['idle above total', { ...window, idleMs: 9_000 }, 0],
    ['counters that ran backwards', { ...window, idleMs: -500 }, 100],
    ['more use than the quota', { ...window, groupMs: 99_000 }, 100]
  ])('stays within 0 and 100 with %s', (_, measured, percent) => {
    expect(cpuUsagePercent(measured, 2, 8)).toBe(percent)
  })
})

describe('effectiveMemory', () => {
  const container = {
    totalBytes: 64 * GIB,
    availableBytes: 50 * GIB,
    constrainedBytes: 2 * GIB,
    constrainedAvailableBytes: 0.25 * GIB,
    reclaimableBytes: 1 * GIB
  }

  it('takes the machine where the limit is the absurd number that stands for none', () => {
    expect(effectiveMemory(MEMORY_WITHOUT_LIMIT)).toEqual({
      totalBytes: 16 * GIB,
      availableBytes: 9 * GIB
    })
  })
  it('takes the machine where the limit is 0', () => {
    const memory = { ...MEMORY_WITHOUT_LIMIT, constrainedBytes: 0, constrainedAvailableBytes: 0 }
    expect(effectiveMemory(memory)).toEqual({ totalBytes: 16 * GIB, availableBytes: 9 * GIB })
  })
  it('takes the container, its page cache counted as free', () => {
    expect(effectiveMemory(container)).toEqual({ totalBytes: 2 * GIB, availableBytes: 1.25 * GIB })
  })
  it('takes what the machine has left when that is less than the container may use', () => {
    expect(effectiveMemory({ ...container, availableBytes: 0.5 * GIB }).availableBytes).toBe(
      0.5 * GIB
    )
  })
  it('lowers both figures to the offer', () => {
    expect(effectiveMemory(container, { offeredMemoryBytes: GIB })).toEqual({
      totalBytes: GIB,
      availableBytes: GIB
    })
  })
  it('never raises to the offer', () => {
    expect(effectiveMemory(container, { offeredMemoryBytes: 128 * GIB }).totalBytes).toBe(2 * GIB)
  })
  it('promises nothing when nobody knows', () => {
    const unknown = {
      ...container,
      totalBytes: null,
      availableBytes: Number.NaN,
      constrainedBytes: undefined
    }
    expect(effectiveMemory(unknown)).toEqual({ totalBytes: 0, availableBytes: 0 })
  })
})

describe('summariseGpus', () => {
  const geforce: RawGpu = {
    vendor: 'NVIDIA Corporation',
    model: 'GA102 [GeForce RTX 3090]',
    name: 'NVIDIA GeForce RTX 3090',
    vram: 256,
    memoryTotal: 24_576,
    utilizationGpu: 37
  }
  const none = { gpu_available: false }

  it.each<[string, RawGpu[]]>([
    ['no controller', []],
    ['the standard VGA of QEMU (bochs)', [{ vendor: 'Bochs', model: 'bochs-drm', vram: 16 }]],
    ['QEMU by number only', [{ vendor: '', model: 'Device 1111', vram: 16 }]],
    ['Cirrus', [{ vendor: 'Cirrus Logic', model: 'GD 5446', vram: 32 }]],
    [
      'the ASPEED chip of a server board',
      [{ vendor: 'ASPEED Technology, Inc.', model: 'ASPEED Graphics Family', vram: 64 }]
    ],
    [
      'the Matrox chip of a server board',
      [{ vendor: 'Matrox Electronics Systems Ltd.', model: 'MGA G200eW WPCM450', vram: 16 }]
    ],
    [
      'the ATI chip of a server board',
      [{ vendor: 'ATI Technologies Inc', model: 'ES1000', vram: 128 }]
    ],
    ['VMware', [{ vendor: 'VMware', model: 'SVGA II Adapter', vram: 128 }]],
    ['VirtIO', [{ vendor: 'Red Hat, Inc.', model: 'Virtio 1.0 GPU', vram: 8 }]],
    ['Hyper-V', [{ vendor: 'Microsoft Corporation', model: 'Hyper-V virtual VGA', vram: 64 }]],
    [
      'the basic driver of Windows',
      [{ vendor: 'Microsoft', model: 'Microsoft Basic Display Adapter', vram: null }]
    ],
    ['missing names', [{ vram: 1_024 }, { vendor: null, model: null }]]
  ])('finds no card that computes: %s', (_, controllers) => {
    expect(summariseGpus(controllers)).toEqual(none)
  })

  it('reports an NVIDIA card by its driver figures', () => {
    expect(summariseGpus([geforce])).toEqual({
      gpu_available: true,
      gpu_count: 1,
      gpu_model: 'NVIDIA GeForce RTX 3090',
      gpu_memory_mb: 25_769,
      gpu_compute_units: 0,
      gpu_usage: 37
    })
  })
  it('counts only what computes, beside a server board chip', () => {
    const aspeed = { vendor: 'ASPEED Technology, Inc.', model: 'ASPEED Graphics Family', vram: 16 }
    expect(summariseGpus([aspeed, geforce, geforce])).toMatchObject({
      gpu_count: 2,
      gpu_memory_mb: 25_769
    })
  })
  it('describes the largest of several cards and their mean usage', () => {
    const small = { ...geforce, name: 'NVIDIA T400', memoryTotal: 2_048, utilizationGpu: 0 }
    expect(summariseGpus([small, geforce])).toMatchObject({
      gpu_count: 2,
      gpu_model: 'NVIDIA GeForce RTX 3090',
      gpu_memory_mb: 25_769,
      gpu_usage: 18.5
    })
  })
  it('reports the cores of an Apple chip', () => {
    const apple = { vendor: 'Apple', model: 'Apple M2 Pro', bus: 'Built-In', vram: null, cores: 19 }
    expect(summariseGpus([apple])).toMatchObject({
      gpu_model: 'Apple M2 Pro',
      gpu_compute_units: 19,
      gpu_memory_mb: 0
    })
  })
  it('falls back to the PCI window where no driver speaks', () => {
    const radeon = {
      vendor: 'Advanced Micro Devices, Inc. [AMD/ATI]',
      model: 'Navi 21 [Radeon RX 6800]',
      vram: 256
    }
    expect(summariseGpus([radeon])).toMatchObject({
      gpu_model: radeon.model,
      gpu_memory_mb: 268,
      gpu_usage: 0
    })
  })
  it('keeps nonsense out', () => {
    const broken = {
      ...geforce,
      name: 'x\u0000'.repeat(300),
      vram: null,
      memoryTotal: Number.NaN,
      utilizationGpu: 900,
      cores: -3
    }
    const summary = summariseGpus(Array.from({ length: 100 }, () => broken))
    expect(summary).toMatchObject({
      gpu_count: 64,
      gpu_memory_mb: 0,
      gpu_compute_units: 0,
      gpu_usage: 100
    })
    expect(summary.gpu_model).toHaveLength(200)
  })
})

describe('composeCapabilities', () => {
  it('states an ordinary machine in the units of the wire', () => {
    expect(composeCapabilities(buildRawFacts(), [])).toEqual({
      cpu_cores: 8,
      cpu_usage: 25,
      cpu_speed_ghz: 1.8,
      memory_total_mb: 17_179,
      memory_available_mb: 9_663,
      disk_total_mb: 500_000,
      disk_available_mb: 120_000,
      gpu_available: false
    })
  })

  const nonsense = [undefined, null, Number.NaN, Infinity, -1, 1e300]
  it.each(nonsense)('fits the schema when every figure is %s', (value) => {
    const facts: RawHostFacts = buildRawFacts({
      cpuModel: 'm'.repeat(999),
      os: 'o'.repeat(999),
      cpuSpeedGhz: value,
      hostCores: value,
      parallelism: value,
      quotaCores: value,
      cpuWindow: { wallMs: value, totalMs: value, idleMs: value, ownMs: value, groupMs: value },
      memory: {
        totalBytes: value,
        availableBytes: value,
        constrainedBytes: value,
        constrainedAvailableBytes: value,
        reclaimableBytes: value
      },
      disk: { totalBytes: value, availableBytes: value }
    })
    const gpus = [
      { vendor: 'NVIDIA', model: undefined, vram: value, utilizationGpu: value, cores: value }
    ]
    const capabilities = composeCapabilities(facts, gpus)
    expect(() => validateCapabilities(capabilities)).not.toThrow()
    expect(() => validateHostFacts(composeHostFacts(facts))).not.toThrow()
    const figures = Object.values(capabilities).filter((figure) => typeof figure === 'number')
    expect(figures.every((figure) => Number.isFinite(figure))).toBe(true)
  })

  it('promises no disk when the file system did not say', () => {
    const { disk_total_mb, disk_available_mb } = composeCapabilities(
      buildRawFacts({ disk: undefined }),
      []
    )
    expect([disk_total_mb, disk_available_mb]).toEqual([0, 0])
  })
  it('leaves out a processor without a name', () => {
    expect(composeHostFacts(buildRawFacts({ cpuModel: ' ' }))).toEqual({
      os: 'linux',
      arch: 'x64',
      node: '24.21.0'
    })
  })
})
