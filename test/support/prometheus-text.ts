/**
 * Reads Prometheus' text format strictly: names, labels, numbers, one type per name before its samples, each series
 * once, and histograms that add up.
 */

export interface Series {
  name: string
  labels: Readonly<Record<string, string>>
  value: number
}

export interface Family {
  type: string
  help: string
  series: Series[]
}

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/
const SAMPLE =
  /^([a-zA-Z_][a-zA-Z0-9_]*)(?:\{(.*)\})? ([Nn]a[Nn]|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y
const TYPES = ['counter', 'gauge', 'histogram', 'summary']
const PARTS = /_(bucket|sum|count)$/

/** @throws Error with the line that is wrong */
export function readPrometheusText(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families = new Map<string, Family>()
  const seen = new Set<string>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, what, name = '', rest = ''] = /^# (HELP|TYPE) (\S+)(?: (.*))?$/.exec(line) ?? []
    if (what === undefined) addSample(line, families, seen)
    else if (what === 'HELP') addFamily(line, families, name, rest)
    else setType(line, families.get(name), rest)
  }
  for (const [name, family] of families) checkHistogram(name, family)
  return families
}

function addFamily(line: string, families: Map<string, Family>, name: string, help: string): void {
  if (!NAME.test(name) || families.has(name)) throw new Error(`a name that is wrong: ${line}`)
  families.set(name, { type: '', help, series: [] })
}

function setType(line: string, family: Family | undefined, type: string): void {
  const isFirst = family?.type === '' && family.series.length === 0
  if (!isFirst || !TYPES.includes(type)) throw new Error(`a type that is wrong: ${line}`)
  family.type = type
}

function addSample(line: string, families: Map<string, Family>, seen: Set<string>): void {
  const [, name = '', labelText = '', valueText = ''] = SAMPLE.exec(line) ?? []
  const family = families.get(name) ?? families.get(name.replace(PARTS, ''))
  if (family === undefined || family.type === '') throw new Error(`no such sample: ${line}`)
  const labels = readLabels(line, labelText)
  const pairs = Object.entries(labels).map((pair) => pair.join('='))
  const key = `${name} ${pairs.toSorted((left, right) => (left < right ? -1 : 1)).join()}`
  if (seen.has(key)) throw new Error(`a series twice: ${line}`)
  seen.add(key)
  const value = Number(valueText.replace('Inf', 'Infinity'))
  if (family.type === 'counter' && !(value >= 0)) throw new Error(`a counter below 0: ${line}`)
  family.series.push({ name, labels, value })
}

function readLabels(line: string, text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const [, label, value] = LABEL.exec(text) ?? []
    if (label === undefined || label in labels) throw new Error(`labels that are wrong: ${line}`)
    labels[label] = value ?? ''
  }
  return labels
}

function checkHistogram(name: string, { series, type }: Family): void {
  if (type !== 'histogram') return
  const sums = new Map<string, number[]>()
  for (const { labels, name: part, value } of series) {
    const { le, ...others } = labels
    const key = JSON.stringify(others)
    if (part === `${name}_bucket` && le !== undefined)
      sums.set(key, [...(sums.get(key) ?? []), value])
    if (part === `${name}_count` && sums.get(key)?.at(-1) !== value)
      throw new Error(`${name} does not add up`)
  }
  for (const counts of sums.values()) {
    if (counts.some((count, place) => count < (counts[place - 1] ?? 0)))
      throw new Error(`${name} falls from one bucket to the next`)
  }
}
