/** The table of metrics, and the page that is made of it. */
import { expect, test } from 'vitest'
import { Histogram } from '../../../src/observe/histogram.ts'
import { METRICS, OWN_NAME } from '../../../src/observe/metrics.ts'
import { NodeMetrics } from '../../../src/observe/node-metrics.ts'
import { OFFENCES } from '../../../src/protocol/offence.ts'
import { OPERATIONS } from '../../../src/http/operations.ts'
import { COMMAND_NAMES } from '../../../src/protocol/commands.ts'
import { PATH_KINDS } from '../../../src/network/paths/paths.ts'
import { ROLES } from '../../../src/config/options.ts'
import { Tally, by } from '../../../src/observe/readings.ts'
import { readPrometheusText } from '../../support/prometheus-text.ts'
import type { MetricSpec } from '../../../src/observe/metrics.ts'
import type { Readings } from '../../../src/observe/readings.ts'

const SPECS = Object.entries<MetricSpec>(METRICS)

async function pageOf(...sources: readonly Readings[]) {
  const metrics = new NodeMetrics()
  for (const source of sources) metrics.add(() => source)
  const { text } = await metrics.page()
  return readPrometheusText(text)
}

test.each(SPECS)('%s says what it is', (name, { help, labels, type }) => {
  expect(name).toMatch(/^taskmesh_[a-z0-9]+_[a-z_]+$/)
  expect(name.endsWith('_total')).toBe(type === 'counter')
  expect(name).not.toMatch(/_(count|sum|bucket|ms|mib|milliseconds)$/)
  expect(type !== 'histogram' || name.endsWith('_seconds')).toBe(true)
  expect(help).toMatch(/\.$/)
  const forbidden = [
    'peer',
    'worker',
    'job',
    'item',
    'id',
    'name',
    'file',
    'submitter',
    'namespace'
  ]
  expect(Object.keys(labels).filter((label) => forbidden.includes(label))).toEqual([])
})

test('the sets of values are those of the rooms that they come from', () => {
  expect(METRICS.taskmesh_network_offences_total.labels).toEqual({ offence: Object.keys(OFFENCES) })
  expect(METRICS.taskmesh_network_peers.labels).toEqual({ path: [...PATH_KINDS] })
  expect(METRICS.taskmesh_node_info.labels).toMatchObject({ role: [...ROLES] })
  const ours = [...Object.keys(OPERATIONS), ...COMMAND_NAMES]
  expect(ours.filter((name) => !OWN_NAME.test(name))).toEqual([])
})

test('what a stranger calls things makes no series', async () => {
  const names = [
    '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB',
    'j-mjba05xsh4t0',
    'x"} 1\n'
  ]
  const tally = new Tally('operation', 'status')
  for (const name of names) tally.add([name, '200'])
  tally.add(['submitJob', '201'])
  tally.add(['submitJob', '299'])
  const page = await pageOf({
    taskmesh_http_requests_total: tally.samples(),
    taskmesh_network_offences_total: by('offence', { frame: 1, [names[0] as string]: 5 })
  })
  expect(page.get('taskmesh_http_requests_total')?.series).toMatchObject([
    { labels: { operation: 'other', status: '200' }, value: 3 },
    { labels: { operation: 'submitJob', status: '201' }, value: 1 },
    { labels: { operation: 'submitJob', status: 'other' }, value: 1 }
  ])
  const offences = page.get('taskmesh_network_offences_total')?.series
  expect(offences?.map(({ labels }) => labels['offence'])).toEqual(['frame', 'other'])
})

test('what several parts count of the same is one series', async () => {
  const one = { taskmesh_network_strangers: 2, taskmesh_network_peers: by('path', { lan: 1 }) }
  const page = await pageOf(one, one)
  expect(page.get('taskmesh_network_strangers')?.series).toMatchObject([{ value: 4 }])
  expect(page.get('taskmesh_network_peers')?.series).toMatchObject([{ value: 2 }])
})

test('a histogram says how many took no longer', async () => {
  const histogram = new Histogram()
  for (const tookMs of [-1, 2, 3, 900, 90_000_000]) histogram.note(tookMs)
  const page = await pageOf({ taskmesh_queue_wait_seconds: histogram })
  const series = page.get('taskmesh_queue_wait_seconds')?.series ?? []
  const upTo = (le: string) => series.find(({ labels }) => labels['le'] === le)?.value
  expect([upTo('0.002'), upTo('0.005'), upTo('1'), upTo('86400'), upTo('+Inf')]).toEqual([
    2, 3, 4, 4, 5
  ])
  expect(series.at(-1)).toMatchObject({ name: 'taskmesh_queue_wait_seconds_count', value: 5 })
})

test('the process itself is on the page, and nothing else is loaded before it is asked for', async () => {
  const metrics = new NodeMetrics()
  expect(metrics.names()).toEqual([])
  const page = readPrometheusText((await metrics.page()).text)
  expect(page.has('nodejs_eventloop_lag_p99_seconds')).toBe(true)
  expect(page.has('process_resident_memory_bytes')).toBe(true)
})
