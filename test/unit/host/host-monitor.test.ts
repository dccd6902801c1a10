/** When the monitor looks, what it believes when looking fails, and one start on this very machine. */
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { HostMonitor } from '../../../src/host/host-monitor.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { buildRawFacts } from './raw-facts.ts'
import type { HostProbe, RawGpu, RawHostFacts } from '../../../src/host/host-probe.ts'

const RADEON: RawGpu = { vendor: 'AMD', model: 'Radeon PRO W6800', memoryTotal: 32_752 }

/** Answers what a test tells it to, and counts the questions. */
class ScriptedProbe implements HostProbe {
  answer: () => Promise<RawHostFacts> = async () => buildRawFacts()
  gpuAnswer: () => Promise<readonly RawGpu[]> = async () => []
  readonly slowdown = 1.5
  probeCount = 0
  gpuProbeCount = 0
  closeCount = 0

  async probe(): Promise<RawHostFacts> {
    this.probeCount += 1
    return await this.answer()
  }

  async probeGpus(): Promise<readonly RawGpu[]> {
    this.gpuProbeCount += 1
    return await this.gpuAnswer()
  }

  async close(): Promise<void> {
    this.closeCount += 1
  }
}

const never = <T>(): Promise<T> => new Promise<T>(() => {})

describe('HostMonitor', () => {
  let clock: FakeClock
  let probe: ScriptedProbe
  let monitor: HostMonitor
  let warnings: object[]

  beforeEach(() => {
    clock = new FakeClock()
    probe = new ScriptedProbe()
    warnings = []
    const logger = { warn: (fields: object): void => void warnings.push(fields) }
    monitor = new HostMonitor({ clock, logger, probe })
  })
  afterEach(() => monitor.stop())

  async function pass(ms: number): Promise<void> {
    clock.advance(ms)
    await setImmediate()
  }

  /** Until the second look, after which the pauses are even. */
  async function startAndSettle(): Promise<void> {
    await monitor.start()
    await pass(1_000)
  }

  it('has a frozen snapshot once it has started', async () => {
    await monitor.start()
    const snapshot = monitor.snapshot()
    expect(snapshot.capabilities.cpu_cores).toBe(8)
    expect(snapshot.facts.node).toBe('24.21.0')
    expect(snapshot.takenAtMs).toBe(0)
    expect(Object.isFrozen(snapshot)).toBe(true)
    expect(Object.isFrozen(snapshot.capabilities)).toBe(true)
    expect(Object.isFrozen(snapshot.facts)).toBe(true)
  })

  it('has none before', () => {
    expect(() => monitor.snapshot()).toThrow('after start()')
  })

  it('looks again soon after the start, because the first look saw the start itself', async () => {
    await monitor.start()
    await pass(999)
    expect(probe.probeCount).toBe(1)
    await pass(1)
    expect(probe.probeCount).toBe(2)
  })

  it('looks again after the pause, not before', async () => {
    await startAndSettle()
    probe.answer = async () => buildRawFacts({ hostCores: 4, parallelism: 4 })
    await pass(4_999)
    expect(monitor.snapshot().capabilities.cpu_cores).toBe(8)
    await pass(1)
    expect(monitor.snapshot().capabilities.cpu_cores).toBe(4)
    expect(monitor.snapshot().takenAtMs).toBe(6_000)
  })

  it('applies the offer of the owner', async () => {
    monitor = new HostMonitor({ clock, probe }, { offeredCpuCores: 2, offeredMemoryBytes: 1e9 })
    await monitor.start()
    expect(monitor.snapshot().capabilities).toMatchObject({ cpu_cores: 2, memory_total_mb: 1_000 })
  })

  it('keeps the last snapshot when a look fails, warns once, and recovers', async () => {
    await startAndSettle()
    const before = monitor.snapshot()
    probe.answer = () => Promise.reject(new Error('no such tool'))
    await pass(5_000)
    await pass(5_000)
    expect(probe.probeCount).toBe(4)
    expect(monitor.snapshot()).toBe(before)
    expect(warnings).toEqual([{ probe: 'host', error: 'no such tool' }])
    probe.answer = async () => buildRawFacts()
    await pass(5_000)
    expect(monitor.snapshot().takenAtMs).toBe(16_000)
    probe.answer = () => Promise.reject(new Error('again'))
    await pass(5_000)
    expect(warnings).toHaveLength(2)
  })

  it('never has two looks under way, and gives up on one that hangs', async () => {
    await startAndSettle()
    probe.answer = () => never()
    await pass(5_000)
    await pass(9_999)
    expect(probe.probeCount).toBe(3)
    expect(warnings).toEqual([])
    await pass(1)
    expect(warnings).toHaveLength(1)
    await pass(5_000)
    expect(probe.probeCount).toBe(4)
  })

  it('starts with the figures of node:os when the first look fails', async () => {
    probe.answer = () => Promise.reject(new Error('no threads here'))
    await monitor.start()
    expect(monitor.snapshot().facts.node).toBe(process.versions.node)
    expect(monitor.snapshot().capabilities.memory_total_mb).toBeGreaterThan(0)
    expect(warnings).toHaveLength(1)
  })

  it('starts with the figures of node:os when the first look hangs', async () => {
    probe.answer = () => never()
    const starting = monitor.start()
    await pass(10_000)
    await starting
    expect(monitor.snapshot().capabilities.cpu_cores).toBeGreaterThan(0)
  })

  it('does not wait for the graphics cards, and shows them when they are known', async () => {
    const found = Promise.withResolvers<readonly RawGpu[]>()
    probe.gpuAnswer = () => found.promise
    await monitor.start()
    expect(monitor.snapshot().capabilities.gpu_available).toBe(false)
    await pass(1_000)
    expect(monitor.snapshot().takenAtMs).toBe(1_000)
    found.resolve([RADEON])
    await pass(500)
    expect(monitor.snapshot().capabilities.gpu_model).toBe('Radeon PRO W6800')
    expect(monitor.snapshot().takenAtMs).toBe(1_000)
  })

  it('looks for graphics cards once a minute and keeps them when that fails', async () => {
    probe.gpuAnswer = async () => [RADEON]
    await monitor.start()
    await pass(0)
    expect(probe.gpuProbeCount).toBe(1)
    probe.gpuAnswer = () => Promise.reject(new Error('driver gone'))
    await pass(59_999)
    expect(probe.gpuProbeCount).toBe(1)
    await pass(1)
    expect(probe.gpuProbeCount).toBe(2)
    expect(monitor.snapshot().capabilities.gpu_available).toBe(true)
    expect(warnings).toEqual([{ probe: 'gpu', error: 'driver gone' }])
  })

  it('starts once however often it is told to', async () => {
    await Promise.all([monitor.start(), monitor.start()])
    await monitor.start()
    expect(probe.probeCount).toBe(1)
  })

  it('leaves nothing behind when stopped, may be stopped twice, and keeps its last snapshot', async () => {
    await monitor.start()
    await monitor.stop()
    await monitor.stop()
    expect(clock.timerCount).toBe(0)
    expect(probe.closeCount).toBe(1)
    await pass(120_000)
    expect(probe.probeCount).toBe(1)
    expect(warnings).toEqual([])
    expect(monitor.snapshot().capabilities.cpu_cores).toBe(8)
  })

  it('can be stopped while it starts', async () => {
    probe.answer = () => never()
    const starting = monitor.start()
    await monitor.stop()
    await starting
    expect(clock.timerCount).toBe(0)
    expect(warnings).toEqual([])
  })

  it('starts again after a stop', async () => {
    await monitor.start()
    await monitor.stop()
    await startAndSettle()
    expect(probe.probeCount).toBe(3)
  })
})

it('describes this machine as the schema wants it', async () => {
  const warnings: object[] = []
  const logger = { warn: (fields: object): void => void warnings.push(fields) }
  const monitor = new HostMonitor({ clock: systemClock, logger }, { refreshMs: 20 })
  await monitor.start()
  const first = monitor.snapshot()
  while (monitor.snapshot() === first) await setImmediate()
  const { capabilities, facts } = monitor.snapshot()
  await monitor.stop()
  expect(() => validatorFor('capability-record#/$defs/capabilities')(capabilities)).not.toThrow()
  expect(() => validatorFor('capability-record#/properties/host')(facts)).not.toThrow()
  expect(capabilities.disk_total_mb).toBeGreaterThan(0)
  expect(warnings).toEqual([])
})
