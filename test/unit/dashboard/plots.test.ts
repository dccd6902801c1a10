/** The plots as data: columns with their holes, windows that go on, alerts. */
import { describe, expect, test } from 'vitest'
import { PLOTS, figuresOf, isTold, plotData } from '../../../src/dashboard/overview/plots.ts'
import { SPANS, SampleWindow, mergeSamples } from '../../../src/dashboard/overview/spans.ts'
import { alertsOf } from '../../../src/dashboard/overview/alerts.ts'
import { exampleOf } from '../../support/fake-api-services.ts'
import { schemaDocuments } from '../../../src/model/validate.ts'
import type { Plot } from '../../../src/dashboard/overview/plots.ts'
import type { Span } from '../../../src/dashboard/overview/spans.ts'
import type { OverviewView } from '../../../src/model/generated/api-overview.ts'
import type { SeriesSample } from '../../../src/model/generated/api-series.ts'

const STEP_MS = 5_000

function sample(index: number, overrides: Partial<SeriesSample> = {}): SeriesSample {
  return {
    at_ms: (index + 1) * STEP_MS,
    workers_ready: 3,
    slots_total: 8,
    slots_busy: 2,
    items_submitted: 0,
    items_completed: 10,
    items_failed: 0,
    items_queued: 0,
    items_running: 2,
    wait_p50_ms: null,
    latency_p50_ms: null,
    latency_p99_ms: null,
    ...overrides
  }
}

const plot = (id: string): Plot => PLOTS.find((each) => each.id === id) as Plot
const span = (id: string): Span => SPANS.find((each) => each.id === id) as Span

describe('a plot', () => {
  test('has counts as rates', () => {
    const [times, completed] = plotData(plot('throughput'), [sample(0), sample(1)], STEP_MS)
    expect(times).toEqual([5, 10])
    expect(completed).toEqual([2, 2])
  })

  test('has a hole where the node was away, and where nothing was measured', () => {
    const data = plotData(
      plot('latency'),
      [sample(0, { latency_p50_ms: 7 }), sample(1), sample(9, { latency_p50_ms: 8 })],
      STEP_MS
    )
    expect(data[0]).toEqual([5, 10, 15, 50])
    expect(data[1]).toEqual([7, null, null, 8])
    expect(figuresOf(plot('latency'), data)[0]).toEqual({
      title: 'half within',
      newest: 8,
      least: 7,
      most: 8
    })
  })

  test('is left out where the node tells nothing of it', () => {
    const { at_ms, slots_busy = 0, slots_total, workers_ready } = sample(0)
    const monitor = [{ at_ms, slots_busy, slots_total, workers_ready }]
    expect(PLOTS.filter((each) => isTold(each, monitor)).map(({ id }) => id)).toEqual([
      'slots',
      'workers'
    ])
  })
})

describe('a window of samples', () => {
  test('goes on with what is pushed, and forgets what is older than its span', () => {
    const window = new SampleWindow(span('5m'), [sample(0), sample(1)])
    expect(window.append(sample(1))).toBe(false)
    expect(window.append(sample(2))).toBe(true)
    expect(window.samples).toHaveLength(3)
    expect(window.append(sample(61))).toBe(true)
    expect(window.samples.map(({ at_ms }) => at_ms / STEP_MS - 1)).toEqual([1, 2, 61])
  })

  test('of a day gathers them into its own steps', () => {
    const window = new SampleWindow(span('24h'), [sample(-1)])
    const grown = Array.from({ length: 24 }, (_, index) => window.append(sample(index)))
    expect(grown.filter(Boolean)).toHaveLength(1)
    expect(window.samples.at(-1)).toMatchObject({ at_ms: 24 * STEP_MS, items_completed: 240 })
  })

  test('merges quantiles to the worst that was measured', () => {
    const merged = mergeSamples([
      sample(0, { wait_p50_ms: 4 }),
      sample(1, { wait_p50_ms: 9 }),
      sample(2)
    ])
    expect(merged.wait_p50_ms).toBe(9)
    expect(merged.latency_p50_ms).toBeNull()
  })
})

describe('alerts', () => {
  const { examples } = schemaDocuments.get('api/overview') as { examples: [OverviewView] }
  const overview = { ...examples[0], workers: { ready: 1 }, slots: { total: 8, busy: 2 } }
  const facts = { overview, nodes: [], reputations: [], samples: [], nowMs: 1_000 }
  const ids = (change: Partial<Parameters<typeof alertsOf>[0]>): string[] =>
    alertsOf({ ...facts, ...change }).map(({ id }) => id)

  test('there are none where all is well', () => {
    expect(ids({})).toEqual([])
  })

  test('nobody is there, or nobody is ready', () => {
    expect(ids({ overview: { ...overview, workers: {} } })).toEqual(['no-workers'])
    expect(ids({ overview: { ...overview, workers: { cordoned: 2 } } })).toEqual(['none-ready'])
  })

  test('workers are quarantined: some, or all', () => {
    const ready = exampleOf('api/node')
    const reputations = [{ ...exampleOf('api/reputation'), quarantined_until_ms: 2_000 }]
    const [all] = alertsOf({ ...facts, nodes: [ready], reputations })
    expect(all).toMatchObject({ id: 'quarantined', severity: 'bad' })
    const nodes = [ready, { ...ready, peer_id: 'other' }]
    expect(alertsOf({ ...facts, nodes, reputations })[0]?.severity).toBe('warning')
    expect(alertsOf({ ...facts, nodes, reputations, nowMs: 3_000 })).toEqual([])
  })

  test('tasks wait beside free slots for half a minute, and nothing goes out', () => {
    const stuck = Array.from({ length: 6 }, (_, index) => sample(index, { items_queued: 3 }))
    expect(ids({ samples: stuck })).toEqual(['nobody-takes'])
    expect(ids({ samples: stuck.slice(1) })).toEqual([])
    expect(ids({ samples: stuck.with(3, sample(3, { items_queued: 3, wait_p50_ms: 1 })) })).toEqual(
      []
    )
  })

  test('most tasks fail', () => {
    expect(ids({ samples: [sample(0, { items_completed: 2, items_failed: 6 })] })).toEqual([
      'many-fail'
    ])
  })
})
