/** What docs/monitoring.md, the dashboard and the alerts name is what nodes tell. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { METRICS } from '../../../src/observe/metrics.ts'
import type { MetricSpec } from '../../../src/observe/metrics.ts'

const read = (name: string): string =>
  readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8')

/** A part of a histogram is told by the histogram. */
const namesIn = (text: string): string[] =>
  [...text.matchAll(/\btaskmesh_[a-z0-9_]+/g)].map(([name]) => {
    const whole = name.replace(/_(bucket|sum|count)$/, '')
    return Object.hasOwn(METRICS, whole) ? whole : name
  })

test('the table of docs/monitoring.md is that of the code', () => {
  const rows = read('docs/monitoring.md')
    .split('\n')
    .filter((line) => line.startsWith('| `taskmesh_'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name, type, labels, help]) => [name, type, labels, help])
  const table = Object.entries<MetricSpec>(METRICS).map(([name, { help, labels, type }]) => {
    const shown = Object.keys(labels).map((label) => `\`${label}\``)
    return [`\`${name}\``, type, shown.join(', '), help]
  })
  expect(rows).toEqual(table)
})

test.each(['deploy/grafana/taskmesh.json', 'deploy/prometheus/alerts.yml'])(
  '%s names metrics that there are, and labels that they have',
  (file) => {
    const text = read(file)
    const names = namesIn(text)
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !Object.hasOwn(METRICS, name))).toEqual([])
    for (const [, name = '', label = ''] of text.matchAll(
      /(taskmesh_[a-z_]+)\{(?:instance=~\\?"\$instance\\?",)?([a-z]+)[!=]/g
    )) {
      const spec: MetricSpec | undefined = METRICS[name as keyof typeof METRICS]
      expect(['instance', ...Object.keys(spec?.labels ?? {})]).toContain(label)
    }
  }
)

test('the dashboard shows every metric of the table, can be imported, and has no panel twice', () => {
  const text = read('deploy/grafana/taskmesh.json')
  const shown = new Set(namesIn(text))
  expect(Object.keys(METRICS).filter((name) => !shown.has(name))).toEqual([])
  const { panels, templating, uid } = JSON.parse(text) as {
    uid: string
    panels: { id: number; title: string; gridPos: { w: number; x: number } }[]
    templating: { list: { name: string }[] }
  }
  expect(uid).toBe('taskmesh')
  expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'instance'])
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  expect(panels.every(({ gridPos: { w, x } }) => x + w <= 24)).toBe(true)
})
