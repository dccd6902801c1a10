/**
 * The little language of `where.require` and `where.prefer`: `zone = home`, `arch in (x64, arm64)`,
 * `exists gpu`, `!spot`, `cpu_cores >= 4`, `isolation >= sandbox`. The same text works in job files and on the command line.
 */
import { ENFORCED, RESOURCES, isEnforcementKey } from './enforcement.ts'
import { ENGINES } from './engines.ts'
import { ISOLATIONS, isIsolationKey, isolationRank } from './isolation.ts'
import { MeshError } from '../core/errors.ts'
import { nearestName } from './validate.ts'

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
  const requirement = readRequirement(text.trim())
  if (requirement === undefined) {
    throw new MeshError('FIELD_INVALID', `"${text}" is not a condition`, {
      path,
      hint: 'write k = v, k != v, k in (a,b), exists k, !k, or k > number'
    })
  }
  const wrong = wrongName(requirement)
  if (wrong === undefined) return requirement
  const { known, what, word } = wrong
  const nearest = nearestName(word, known)
  throw new MeshError('FIELD_INVALID', `"${word}" in "${text.trim()}" is no ${what}`, {
    path,
    hint: `${nearest === undefined ? '' : `did you mean "${nearest}"? `}known: ${known.join(', ')}`
  })
}

function readRequirement(trimmed: string): Requirement | undefined {
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
    const isOrder = comparison !== '=' && comparison !== '!='
    if (!isOrder || isIsolationKey(key) || Number.isFinite(Number(value))) {
      return { kind: 'compare', key, comparison, value, text: trimmed }
    }
  }
  return undefined
}

interface WrongName {
  word: string
  what: string
  known: readonly string[]
}

/** What a condition on engines says that no worker could: misspelt, it would refuse everybody, or nobody. */
function wrongName(requirement: Requirement): WrongName | undefined {
  const [fact, ...names] = requirement.key.split('.')
  if (isIsolationKey(requirement.key)) {
    const engine = names.length === 0 ? undefined : unknown(names.join('.'), 'engine', ENGINES)
    return engine ?? wrongValue(requirement, 'isolation', ISOLATIONS)
  }
  if (fact === undefined || !isEnforcementKey(requirement.key)) return undefined
  const resource = names.pop() ?? ''
  const engine = names.length === 0 ? undefined : unknown(names.join('.'), 'engine', ENGINES)
  return (
    engine ??
    unknown(resource, 'resource', RESOURCES) ??
    wrongValue(requirement, `word on ${fact}`, [ENFORCED])
  )
}

function wrongValue(
  requirement: Requirement,
  what: string,
  known: readonly string[]
): WrongName | undefined {
  const wrong = valuesOf(requirement).find((value) => !known.includes(value))
  return wrong === undefined ? undefined : { word: wrong, what, known }
}

function valuesOf(requirement: Requirement): readonly string[] {
  switch (requirement.kind) {
    case 'exists':
      return []
    case 'in':
      return requirement.values
    case 'compare':
      return [requirement.value]
  }
}

function unknown(word: string, what: string, known: readonly string[]): WrongName | undefined {
  return known.includes(word) ? undefined : { word, what, known }
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
