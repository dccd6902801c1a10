/** What is counted over time, and how it is remembered: bounded, in two resolutions, right to a twentieth. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Histogram } from '../../../src/monitoring/histogram.ts'
import { JobMeter } from '../../../src/monitoring/job-meter.ts'
import { STEP_MS, Series } from '../../../src/monitoring/series.ts'
import { buildAttempt, buildItem, buildJob } from '../../conformance/job-store-records.ts'

const GAUGES = {
  workers_ready: 2,
  slots_total: 8,
  slots_busy: 3,
  bytes_received: 10,
  bytes_sent: 1
}
const HOUR_MS = 3_600_000

test('a quantile is right to a twentieth, however the times are spread', () => {
  const times = fc.array(fc.double({ min: 0.2, max: 1e8, noNaN: true }), { minLength: 1 })
  fc.assert(
    fc.property(times, fc.constantFrom(0.5, 0.9, 0.99), (all, share) => {
      const histogram = new Histogram()
      for (const ms of all) histogram.add(ms)
      const sorted = all.toSorted((left, right) => left - right)
      const exact = sorted[Math.max(1, Math.ceil(share * all.length)) - 1] as number
      const found = histogram.quantile(share) as number
      expect(Math.abs(found / exact - 1)).toBeLessThan(0.055)
    })
  )
})

test('what is below the least or beyond the most is counted there', () => {
  const histogram = new Histogram()
  expect(histogram.quantile(0.5)).toBeNull()
  for (const ms of [-1, 0, 1e15]) histogram.add(ms)
  expect(histogram.quantile(0.5)).toBeLessThanOrEqual(0.1)
  expect(histogram.quantile(1)).toBeGreaterThan(1e8)
  histogram.clear()
  expect(histogram.quantile(0.5)).toBeNull()
})

test('a meter counts items, failed attempts and times, and begins anew once it was read', () => {
  const meter = new JobMeter()
  const told: string[] = []
  meter.listen(({ id }) => told.push(id))
  const job = buildJob('j-1', { createdAtMs: 1_000, queuedAtMs: 2_000, itemCount: 3 })
  const ended = { ...buildItem('j-1', 0), endedAtMs: 2_100 }
  meter.submitted(job)
  meter.changed(job, { ...ended, state: 'completed' })
  meter.changed(job, { ...ended, state: 'failed' })
  meter.changed(job, { ...ended, state: 'stopped' })
  meter.waited(4)
  for (const state of ['offered', 'failed', 'lost', 'refused'] as const)
    meter.attemptChanged({ ...buildAttempt('j-1', 0, 1), state })
  meter.take(({ attemptsFailed, completed, failed, latencies, submitted, waits }) => {
    expect({ attemptsFailed, completed, failed, submitted }).toEqual({
      attemptsFailed: 2,
      completed: 1,
      failed: 1,
      submitted: 3
    })
    // From when its time came, not from when it was handed in.
    expect(latencies.quantile(0.5)).toBeCloseTo(100, -1)
    expect(waits.quantile(0.5)).toBeCloseTo(4, 0)
  })
  meter.take(({ completed, waits }) => expect([completed, waits.quantile(0.5)]).toEqual([0, null]))
  expect(told).toEqual(['j-1', 'j-1', 'j-1', 'j-1'])
})

test('the last hour is there in short steps, the last day in long ones, and no more', () => {
  const series = new Series()
  const meter = new JobMeter()
  const steps = (30 * HOUR_MS) / STEP_MS
  for (let step = 1; step <= steps; step += 1) {
    meter.waited(step)
    meter.submitted(buildJob('j-1'))
    meter.take((counts) => series.add(step * STEP_MS, GAUGES, counts))
  }
  const hour = series.view(HOUR_MS)
  expect(hour.step_ms).toBe(5_000)
  expect(hour.samples).toHaveLength(720)
  expect(hour.samples.at(-1)).toMatchObject({ at_ms: 30 * HOUR_MS, items_submitted: 1 })
  expect(hour.samples[0]?.at_ms).toBe(29 * HOUR_MS + STEP_MS)
  const day = series.view(24 * HOUR_MS)
  expect(day.step_ms).toBe(120_000)
  expect(day.samples).toHaveLength(720)
  // Counts are sums of their step, gauges what was there at its end.
  expect(day.samples.at(-1)).toMatchObject({
    items_submitted: 24,
    bytes_received: 240,
    slots_busy: 3
  })
  expect(series.view(60_000).samples).toHaveLength(12)
  expect(series.latest).toEqual(hour.samples.at(-1))
})

test('a node without jobs has samples of workers alone', () => {
  const series = new Series()
  expect(series.latest).toBeUndefined()
  series.add(5_000, GAUGES)
  expect(series.view(HOUR_MS).samples).toEqual([{ at_ms: 5_000, ...GAUGES }])
})
