/** What the parts of a node keep count of, in the words of the table: read when somebody asks, never pushed. */
import { Histogram } from './histogram.ts'
import type { MetricName } from './metrics.ts'

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number | Histogram
}

export type Reading = number | Histogram | readonly Sample[]
export type Readings = { readonly [N in MetricName]?: Reading }
export type MetricSource = () => Readings

/** One label, and a number for each of its values. */
export function by(
  label: string,
  values: Readonly<Record<string, number | undefined>>
): readonly Sample[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ labels: { [label]: name }, value }]
  )
}

/** Counts of what happens, by labels whose values come from closed sets. */
export class Tally {
  readonly #labels: readonly string[]
  readonly #counts = new Map<string, { values: readonly string[]; count: number }>()

  constructor(...labels: readonly string[]) {
    this.#labels = labels
  }

  /** @param values in the order of the labels */
  add(values: readonly string[], count = 1): void {
    const key = values.join(' ')
    const known = this.#counts.get(key)
    if (known === undefined) this.#counts.set(key, { values, count })
    else known.count += count
  }

  samples(): readonly Sample[] {
    return Array.from(this.#counts.values(), ({ count, values }) => ({
      labels: labelled(this.#labels, values),
      value: count
    }))
  }
}

/** Histograms by one label. */
export class Durations {
  readonly #label: string
  readonly #histograms = new Map<string, Histogram>()

  constructor(label: string) {
    this.#label = label
  }

  note(value: string, tookMs: number): void {
    const known = this.#histograms.get(value) ?? new Histogram()
    known.note(tookMs)
    this.#histograms.set(value, known)
  }

  samples(): readonly Sample[] {
    return Array.from(this.#histograms, ([value, histogram]) => ({
      labels: { [this.#label]: value },
      value: histogram
    }))
  }
}

function labelled(
  labels: readonly string[],
  values: readonly string[]
): Readonly<Record<string, string>> {
  return Object.fromEntries(labels.map((label, place) => [label, values[place] ?? '']))
}
