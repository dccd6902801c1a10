/**
 * The little language of `where.require` and `where.prefer`: `zone = home`, `arch in (x64, arm64)`,
 * `exists gpu`, `!spot`, `cpu_cores >= 4`, `isolation >= sandbox`. The same text works in job files and on the command line.
 */
import { ISOLATIONS, isIsolationKey, isolationRank } from './isolation.ts'
import { MeshError } from '../core/errors.ts'

type Comparison = '=' | '!=' | '>' | '>=' | '<' | '<='

export type Requirement =
  | { kind: 'compare'; key: string; comparison: Comparison; value: string; text: string }
  | { kind: 'in'; key: string; values: readonly string[]; text: string }
  | { kind: 'exists'; key: string; isNegated: boolean; text: string }

const KEY = '[A-Za-z][A-Za-z0-9_.-]*'
const EXISTS = new RegExp(`^exists\\s+(${KEY})$`)
const ABSENT = new RegExp(`^!\\s*(${KEY})$`)
const IN = new RegExp(`^(${KEY})\\s+in\\s*\\(([^()]+)\\)$`)
/** A value does not begin with a sign of comparison: `k == v` is a slip, and would never hold. */
const COMPARE = new RegExp(`^(${KEY})\\s*(!=|>=|<=|=|>|<)\\s*([^=<>!\\s].*)$`)

/** @throws MeshError FIELD_INVALID */
export function parseRequirement(text: string, path: string): Requirement {
  const trimmed = text.trim()
  const exists = EXISTS.exec(trimmed) ?? ABSENT.exec(trimmed)
  if (exists !== null) {
    return {
      kind: 'exists',
      key: exists[1] as string,
      isNegated: trimmed.startsWith('!'),
      text: trimmed
    }
  }
  const list = IN.exec(trimmed)
  if (list !== null) {
    const values = (list[2] as string).split(',').map((value) => value.trim())
    if (!values.includes('')) return { kind: 'in', key: list[1] as string, values, text: trimmed }
  }
  const comparing = COMPARE.exec(trimmed)
  if (comparing !== null) {
    const [, key, comparison, value] = comparing as unknown as [string, string, Comparison, string]
    if (isIsolationKey(key) && !ISOLATIONS.includes(value)) throw noIsolation(value, path)
    const isOrder = comparison !== '=' && comparison !== '!='
    if (!isOrder || Number.isFinite(measureOf(key)(value))) {
      return { kind: 'compare', key, comparison, value, text: trimmed }
    }
  }
  throw new MeshError('FIELD_INVALID', `"${text}" is not a condition`, {
    path,
    hint: 'write k = v, k != v, k in (a,b), exists k, !k, or k > number'
  })
}

/** Facts are a worker's labels and figures by name; an absent one fulfils only `!k` and `k != v`. */
export function isFulfilled(
  requirement: Requirement,
  facts: Readonly<Record<string, string | number>>
): boolean {
  const fact = Object.hasOwn(facts, requirement.key) ? facts[requirement.key] : undefined
  switch (requirement.kind) {
    case 'exists':
      return (fact !== undefined) !== requirement.isNegated
    case 'in':
      return fact !== undefined && requirement.values.includes(String(fact))
    case 'compare':
      return fact === undefined ? requirement.comparison === '!=' : compare(fact, requirement)
  }
}

function compare(
  fact: string | number,
  { comparison, key, value }: Extract<Requirement, { kind: 'compare' }>
): boolean {
  const measure = measureOf(key)
  switch (comparison) {
    case '=':
      return String(fact) === value
    case '!=':
      return String(fact) !== value
    case '>':
      return measure(fact) > measure(value)
    case '>=':
      return measure(fact) >= measure(value)
    case '<':
      return measure(fact) < measure(value)
    case '<=':
      return measure(fact) <= measure(value)
  }
}

/** What puts the values of a fact in order: their ranks, or their numbers. */
function measureOf(key: string): (value: string | number) => number {
  return isIsolationKey(key) ? (value) => isolationRank(String(value)) : Number
}

function noIsolation(value: string, path: string): MeshError {
  return new MeshError('FIELD_INVALID', `"${value}" is no isolation`, {
    path,
    hint: `one of ${ISOLATIONS.join(', ')}`
  })
}
