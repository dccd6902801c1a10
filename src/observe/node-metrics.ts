/**
 * A node's page for Prometheus: what its parts have counted, in the words of `metrics.ts`, what Node.js says of the
 * process, and what libp2p counts, where it was asked to. Nothing is loaded, and nothing measured beyond what the
 * parts count anyway, before somebody asks.
 */
import { Histogram } from './histogram.ts'
import { METRICS, OTHER } from './metrics.ts'
import type { Metric, Registry } from 'prom-client'
import type { MetricName, MetricSpec } from './metrics.ts'
import type { MetricSource, Reading, Sample } from './readings.ts'

export interface MetricsPage {
  readonly type: string
  readonly text: string
}

/** A line of the page, as prom-client writes them. */
interface Line {
  labels: Record<string, string>
  value: number
  metricName?: string
}

export class NodeMetrics {
  readonly #sources: MetricSource[] = []
  #registry: Promise<Registry> | undefined

  /** Read at each look; may be called before what it reads has started. */
  add(source: MetricSource): void {
    this.#sources.push(source)
  }

  async page(): Promise<MetricsPage> {
    const { Registry: Page } = await import('prom-client')
    const registry = await this.registry()
    const page = new Page()
    for (const [name, lines] of linesOf(this.#sources)) {
      page.registerMetric(asMetric(name, lines))
    }
    const texts = await Promise.all([page.metrics(), registry.metrics()])
    return { type: registry.contentType, text: texts.join('\n') }
  }

  /** Names that are told now. */
  names(): MetricName[] {
    return [...linesOf(this.#sources).keys()]
  }

  /** For what counts by itself. */
  async registry(): Promise<Registry> {
    this.#registry ??= openRegistry()
    return await this.#registry
  }
}

async function openRegistry(): Promise<Registry> {
  const { Registry: Kept, collectDefaultMetrics } = await import('prom-client')
  const register = new Kept()
  collectDefaultMetrics({ register })
  return register
}

function linesOf(sources: readonly MetricSource[]): Map<MetricName, Line[]> {
  const all = new Map<MetricName, Line[]>()
  for (const source of sources) {
    for (const [key, reading] of Object.entries(source())) {
      const name = key as MetricName
      all.set(name, [...(all.get(name) ?? []), ...readingLines(name, reading)])
    }
  }
  return new Map([...all].map(([name, lines]) => [name, summed(lines)]))
}

function readingLines(name: MetricName, reading: Reading): Line[] {
  if (typeof reading === 'number' || reading instanceof Histogram) {
    return sampleLines(name, { labels: {}, value: reading })
  }
  return reading.flatMap((sample) => sampleLines(name, sample))
}

function sampleLines(name: MetricName, { labels, value }: Sample): Line[] {
  const known = knownLabels(METRICS[name], labels)
  if (typeof value === 'number') return [{ labels: known, value }]
  const cumulated = value.cumulated()
  const buckets = cumulated.map(([end, count]) => {
    const le = end === Infinity ? '+Inf' : String(end)
    return { metricName: `${name}_bucket`, labels: { ...known, le }, value: count }
  })
  const count = cumulated.at(-1)?.[1] ?? 0
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: known, value: value.seconds },
    { metricName: `${name}_count`, labels: known, value: count }
  ]
}

/** Every label of the table, each with a value of its set. */
function knownLabels(
  { labels: allowed }: MetricSpec,
  labels: Sample['labels']
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(allowed).map(([label, values]) => {
      const value = labels[label] ?? OTHER
      const isKnown = values instanceof RegExp ? values.test(value) : values.includes(value)
      return [label, isKnown ? value : OTHER]
    })
  )
}

/** What has come down to the same labels is one line. */
function summed(lines: readonly Line[]): Line[] {
  const sums = new Map<string, Line>()
  for (const line of lines) {
    const key = `${line.metricName ?? ''} ${Object.values(line.labels).join(' ')}`
    const known = sums.get(key)
    if (known === undefined) sums.set(key, { ...line })
    else known.value += line.value
  }
  return [...sums.values()]
}

/** prom-client asks no more of a metric than its name and what `get` gives. */
function asMetric(name: MetricName, values: Line[]): Metric {
  const { help, type } = METRICS[name]
  return { name, get: async () => ({ name, help, type, values }) } as unknown as Metric
}
