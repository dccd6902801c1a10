/**
 * Query parameters, read against a table of the ones that a route knows. An unknown, a repeated or a
 * wrong one is refused by name: a filter that is silently ignored would show the wrong rows.
 */
import { MeshError } from '../core/errors.ts'
import { parseDurationMs } from '../core/units.ts'
import { nearestName } from '../model/validate.ts'
import type { Clock } from '../core/clock.ts'

/** Turns the texts given for one parameter (none if it was left out) into its value. */
export type QueryReader<T> = (texts: readonly string[], name: string) => T

export type QueryOf<S> = { [K in keyof S]: S[K] extends QueryReader<infer T> ? T : never }

/** @throws MeshError FIELD_UNKNOWN or FIELD_INVALID with the parameter as `path` */
export function readQuery<S extends Record<string, QueryReader<unknown>>>(
  query: unknown,
  readers: S
): QueryOf<S> {
  const given = new Map(Object.entries(query as Record<string, string | string[]>))
  const known = Object.keys(readers)
  for (const name of given.keys()) {
    if (!known.includes(name)) throw unknownParameter(name, known)
  }
  const values = known.map((name) => {
    const reader = readers[name] as QueryReader<unknown>
    return [name, reader([given.get(name) ?? []].flat(), name)] as const
  })
  return Object.fromEntries(values) as QueryOf<S>
}

export function text(): QueryReader<string | undefined> {
  return single
}

export function oneOf<const T extends string>(allowed: readonly T[]): QueryReader<T | undefined> {
  return (texts, name) => {
    const value = single(texts, name)
    if (value === undefined) return undefined
    const found = allowed.find((known) => known === value)
    if (found !== undefined) return found
    const nearest = nearestName(value, allowed)
    const hint = nearest === undefined ? undefined : `did you mean "${nearest}"?`
    throw invalid(name, `must be one of ${allowed.join(', ')}`, hint)
  }
}

export function integer(bounds: { min: number; max: number }): QueryReader<number | undefined> {
  return (texts, name) => {
    const value = single(texts, name)
    if (value === undefined) return undefined
    const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
    if (number >= bounds.min && number <= bounds.max) return number
    throw invalid(name, `must be a whole number from ${bounds.min} to ${bounds.max}`)
  }
}

/** A time such as `30s`. */
export function duration(bounds: { defaultMs: number; max: string }): QueryReader<number> {
  const maxMs = parseDurationMs(bounds.max, 'max')
  return (texts, name) => {
    const value = single(texts, name)
    if (value === undefined) return bounds.defaultMs
    const milliseconds = parseDurationMs(value, name)
    if (milliseconds <= maxMs) return milliseconds
    throw invalid(name, `must be at most ${bounds.max}`, 'ask again when the time is up')
  }
}

/** A time of day, `2026-01-02T03:04:05Z`, or how long ago it was, `1h`; in milliseconds since 1970. */
export function moment(clock: Clock): QueryReader<number | undefined> {
  return (texts, name) => {
    const value = single(texts, name)
    if (value === undefined) return undefined
    const atMs = /^\d{4}-/.test(value) ? Date.parse(value) : agoMs(value, name, clock)
    if (Number.isFinite(atMs)) return atMs
    throw invalid(name, 'is no moment', 'write how long ago, such as 1h, or 2026-01-02T03:04:05Z')
  }
}

function agoMs(value: string, name: string, clock: Clock): number {
  return clock.wallMs() - parseDurationMs(value, name)
}

/** May be given several times. */
export function list(countMax: number): QueryReader<string[]> {
  return (texts, name) => {
    if (texts.length <= countMax) return [...texts]
    throw invalid(name, `may be given ${countMax} times at most`)
  }
}

/** `label=team=media`, several times for several labels. */
export function labels(countMax: number): QueryReader<Record<string, string> | undefined> {
  const read = list(countMax)
  return (texts, name) => {
    const pairs = read(texts, name).map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw invalid(name, 'must be key=value', `such as ${name}=team=media`)
      return [pair.slice(0, at), pair.slice(at + 1)] as const
    })
    return pairs.length === 0 ? undefined : Object.fromEntries(pairs)
  }
}

/** `record` without the keys whose value is undefined: a filter names only what it filters by. */
export function defined<T extends object>(
  record: T
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

function single(texts: readonly string[], name: string): string | undefined {
  if (texts.length > 1) throw invalid(name, 'is there twice')
  if (texts[0] === '') throw invalid(name, 'is empty', 'leave it out, or give it a value')
  return texts[0]
}

function invalid(name: string, what: string, hint?: string): MeshError {
  return new MeshError('FIELD_INVALID', `the query parameter "${name}" ${what}`, {
    path: name,
    hint
  })
}

function unknownParameter(name: string, known: readonly string[]): MeshError {
  const nearest = nearestName(name, known)
  const all = known.length === 0 ? 'this route has none' : `this route knows ${known.join(', ')}`
  return new MeshError('FIELD_UNKNOWN', `"${name}" is not a query parameter here`, {
    path: name,
    hint: nearest === undefined ? all : `did you mean "${nearest}"?`
  })
}
