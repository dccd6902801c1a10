/**
 * Query parameters, read against a table of the ones that a route knows. An unknown, a repeated or a
 * wrong one is refused by name: a filter that is silently ignored would show the wrong rows.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { parseDurationMs } from '../core/units.ts'
import { nearestName } from '../model/validate.ts'
import type { Clock } from '../core/clock.ts'

/** Rows of a page if the caller names no number. */
const PAGE_ROWS_DEFAULT = 100

/** One parameter: how its texts are read, and what it is for whoever reads the API's description. */
export interface QueryReader<T> {
  readonly schema: Readonly<Record<string, unknown>>
  /** Turns the texts given (none if it was left out) into its value. */
  readonly read: (texts: readonly string[], name: string, clock: Clock) => T
}

/** The parameters that an operation knows. */
export type QuerySpec = Readonly<Record<string, QueryReader<unknown>>>

export type QueryOf<S> = { [K in keyof S]: S[K] extends QueryReader<infer T> ? T : never }

/** @throws MeshError FIELD_UNKNOWN or FIELD_INVALID with the parameter as `path` */
export function readQuery<S extends QuerySpec>(query: unknown, spec: S, clock: Clock): QueryOf<S> {
  const given = new Map(Object.entries(query as Record<string, string | string[]>))
  const known = Object.keys(spec)
  for (const name of given.keys()) {
    if (!known.includes(name)) throw unknownParameter(name, known)
  }
  const values = known.map((name) => {
    const reader = spec[name] as QueryReader<unknown>
    return [name, reader.read([given.get(name) ?? []].flat(), name, clock)] as const
  })
  return Object.fromEntries(values) as QueryOf<S>
}

export function text(): QueryReader<string | undefined> {
  return { schema: { type: 'string', minLength: 1 }, read: single }
}

export function oneOf<const T extends string>(allowed: readonly T[]): QueryReader<T | undefined> {
  const read = (texts: readonly string[], name: string): T | undefined => {
    const value = single(texts, name)
    if (value === undefined) return undefined
    const found = allowed.find((known) => known === value)
    if (found !== undefined) return found
    const nearest = nearestName(value, allowed)
    const hint = nearest === undefined ? undefined : `did you mean "${nearest}"?`
    throw invalid(name, `must be one of ${allowed.join(', ')}`, hint)
  }
  return { schema: { enum: allowed }, read }
}

export function integer(bounds: { min: number; max: number }): QueryReader<number | undefined> {
  const read = (texts: readonly string[], name: string): number | undefined => {
    const value = single(texts, name)
    if (value === undefined) return undefined
    const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
    if (number >= bounds.min && number <= bounds.max) return number
    throw invalid(name, `must be a whole number from ${bounds.min} to ${bounds.max}`)
  }
  return { schema: { type: 'integer', minimum: bounds.min, maximum: bounds.max }, read }
}

/** The `limit` that lists have. */
export function pageLimit(
  rowsDefault: number = PAGE_ROWS_DEFAULT,
  rowsMax: number = LIMITS.pageRowsMax
): QueryReader<number> {
  const { read, schema } = integer({ min: 1, max: rowsMax })
  return {
    schema: { ...schema, default: rowsDefault },
    read: (texts, name, clock) => read(texts, name, clock) ?? rowsDefault
  }
}

/** A time such as `30s`. */
export function duration(bounds: { default: string; max: string }): QueryReader<number> {
  const defaultMs = parseDurationMs(bounds.default, 'default')
  const maxMs = parseDurationMs(bounds.max, 'max')
  const read = (texts: readonly string[], name: string): number => {
    const value = single(texts, name)
    if (value === undefined) return defaultMs
    const milliseconds = parseDurationMs(value, name)
    if (milliseconds <= maxMs) return milliseconds
    throw invalid(name, `must be at most ${bounds.max}`, 'ask again when the time is up')
  }
  const description = `A time such as \`30s\`; at most ${bounds.max}.`
  return { schema: { type: 'string', default: bounds.default, description }, read }
}

/** A time of day, `2026-01-02T03:04:05Z`, or how long ago it was, `1h`; in milliseconds since 1970. */
export function moment(): QueryReader<number | undefined> {
  const description = 'A moment, `2026-01-02T03:04:05Z`, or how long ago it was, `1h`.'
  return { schema: { type: 'string', description }, read: readMoment }
}

function readMoment(texts: readonly string[], name: string, clock: Clock): number | undefined {
  const value = single(texts, name)
  if (value === undefined) return undefined
  const isDate = /^\d{4}-/.test(value)
  const atMs = isDate ? Date.parse(value) : clock.wallMs() - parseDurationMs(value, name)
  if (Number.isFinite(atMs)) return atMs
  throw invalid(name, 'is no moment', 'write how long ago, such as 1h, or 2026-01-02T03:04:05Z')
}

/** May be given several times. */
export function list(countMax: number): QueryReader<string[]> {
  const read = (texts: readonly string[], name: string): string[] => {
    if (texts.length <= countMax) return [...texts]
    throw invalid(name, `may be given ${countMax} times at most`)
  }
  return { schema: { type: 'array', items: { type: 'string' }, maxItems: countMax }, read }
}

/** `label=team=media`, several times for several labels. */
export function labels(countMax: number): QueryReader<Record<string, string> | undefined> {
  const { read, schema } = list(countMax)
  return {
    schema: { ...schema, description: 'As `key=value`, several times for several.' },
    read: (texts, name, clock) => {
      const pairs = read(texts, name, clock).map((pair) => {
        const at = pair.indexOf('=')
        if (at < 1) throw invalid(name, 'must be key=value', `such as ${name}=team=media`)
        return [pair.slice(0, at), pair.slice(at + 1)] as const
      })
      return pairs.length === 0 ? undefined : Object.fromEntries(pairs)
    }
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
