/**
 * The rules by which a worker's owner limits routers, as they stand in its settings: `PEERID slots=2 rate=60/1m`,
 * `label:team=a engines=wasm+javascript`, `* deny`. Whoever no rule is for is not limited.
 */
import { ENGINES } from './engines.ts'
import { MeshError } from '../core/errors.ts'
import { nearestName } from './validate.ts'
import { parseBytes, parseDurationMs } from '../core/units.ts'
import type { RouterLimits } from './router-limits.ts'

/** Whom a rule is for. */
export type RuleSubject =
  | { kind: 'peer'; peer: string }
  | { kind: 'label'; key: string; value: string }
  | { kind: 'all' }

export interface RouterRule {
  subject: RuleSubject
  limits: RouterLimits
}

type Labels = Readonly<Record<string, string>>

/**
 * Checked, and in the order in which they count: those for one router, then those for labels as they were
 * written, then the one for all.
 * @param path of the list
 * @throws MeshError FIELD_INVALID
 */
export function readRouterRules(texts: readonly string[], path: string): RouterRule[] {
  const seen = new Set<string>()
  const rules = texts.map((text, index) => {
    const place = { text, path: `${path}[${index}]` }
    const [subject = '', ...terms] = text.split(/\s+/).filter((part) => part !== '')
    if (seen.has(subject)) throw wrong(place, `there are two rules for ${subject}`, 'join them')
    seen.add(subject)
    return { subject: readSubject(subject, place), limits: readLimits(terms, place) }
  })
  return rules.toSorted((left, right) => RANKS[left.subject.kind] - RANKS[right.subject.kind])
}

const RANKS: Readonly<Record<RuleSubject['kind'], number>> = { peer: 0, label: 1, all: 2 }

/**
 * What one router may ask for; undefined: anything.
 * @param labelsOf those of its certificate; only asked for where a rule is about labels
 */
export function limitsFor(
  rules: readonly RouterRule[],
  router: string,
  labelsOf: () => Labels | undefined
): RouterLimits | undefined {
  return rules.find(({ subject }) => {
    switch (subject.kind) {
      case 'peer':
        return subject.peer === router
      case 'label': {
        const labels = labelsOf()
        return labels !== undefined && Object.hasOwn(labels, subject.key)
          ? labels[subject.key] === subject.value
          : false
      }
      case 'all':
        return true
    }
  })?.limits
}

/** A rule and where it stands, for whoever has to put it right. */
interface Place {
  text: string
  path: string
}

const PEER_ID = /^[1-9A-HJ-NP-Za-km-z]{40,70}$/
const LABEL = /^label:([^=]+)=(.+)$/
const SHOWN_LETTERS_MAX = 100

function wrong({ path, text }: Place, why: string, hint: string): MeshError {
  const shown = text.slice(0, SHOWN_LETTERS_MAX)
  return new MeshError('FIELD_INVALID', `router limit "${shown}": ${why}`, { path, hint })
}

function readSubject(text: string, place: Place): RuleSubject {
  if (text === '*') return { kind: 'all' }
  const [, key, value] = LABEL.exec(text) ?? []
  if (key !== undefined && value !== undefined) return { kind: 'label', key, value }
  if (PEER_ID.test(text)) return { kind: 'peer', peer: text }
  throw wrong(
    place,
    'it does not begin with whom it is for',
    'begin it with the peer id of a router, label:KEY=VALUE, or * for all others'
  )
}

function readLimits(terms: readonly string[], place: Place): RouterLimits {
  const limits: RouterLimits = {}
  const seen = new Set<string>()
  for (const text of terms) {
    const at = text.indexOf('=')
    const name = at === -1 ? text : text.slice(0, at)
    if (seen.has(name)) throw wrong(place, `${name} is in it twice`, 'leave one of them')
    seen.add(name)
    Object.assign(limits, readTerm(name, at === -1 ? undefined : text.slice(at + 1), place))
  }
  if (limits.denied === true && terms.length > 1) {
    throw wrong(place, 'a router that is denied has no other limits', 'leave out the rest, or deny')
  }
  return limits
}

function readTerm(name: string, value: string | undefined, place: Place): RouterLimits {
  if (name === 'deny' && value === undefined) return { denied: true }
  const known = TERMS.get(name)
  if (known === undefined) {
    const names = [...TERMS.keys(), 'deny']
    const nearest = nearestName(name, names)
    const hint = nearest === undefined ? `known: ${names.join(', ')}` : `did you mean "${nearest}"?`
    throw wrong(place, `it knows no "${name}"`, hint)
  }
  const limits = value === undefined ? undefined : known.read(value)
  if (limits !== undefined) return limits
  throw wrong(place, `"${value ?? ''}" is no value of ${name}`, `write it as ${known.example}`)
}

interface Term {
  example: string
  /** Undefined for a text that makes no sense. */
  read: (text: string) => RouterLimits | undefined
}

const TERMS: ReadonlyMap<string, Term> = new Map<string, Term>([
  ['engines', { example: 'engines=wasm+javascript', read: readEngines }],
  ['cpu', term('cpu=2', readCores, (value) => ({ cpu_cores: value }))],
  ['memory', term('memory=1GiB', readBytes(1), (value) => ({ memory_bytes: value }))],
  ['disk', term('disk=10GiB', readBytes(0), (value) => ({ disk_bytes: value }))],
  ['gpu', term('gpu=0', readCount(0, 64), (value) => ({ gpu_count: value }))],
  ['slots', term('slots=2', readCount(1, 4_096), (value) => ({ slots: value }))],
  ['queued', term('queued=10', readCount(0, 65_536), (value) => ({ queued: value }))],
  ['rate', { example: 'rate=60/1m', read: readRate }],
  ['run', term('run=10m', readMs, (value) => ({ run_timeout_ms: value }))],
  ['network', { example: 'network=no', read: readNetwork }]
])

function term(
  example: string,
  read: (text: string) => number | undefined,
  toLimits: (value: number) => RouterLimits
): Term {
  return {
    example,
    read: (text) => {
      const value = read(text)
      return value === undefined ? undefined : toLimits(value)
    }
  }
}

function readEngines(text: string): RouterLimits | undefined {
  const names = [...new Set(text.split('+'))]
  const engines = ENGINES.filter((engine) => names.includes(engine))
  return engines.length === names.length ? { engines } : undefined
}

const CORES_MAX = 65_536

function readCores(text: string): number | undefined {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  return value > 0 && value <= CORES_MAX ? value : undefined
}

function readCount(min: number, max: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : -1
    return value >= min && value <= max ? value : undefined
  }
}

function readBytes(min: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : quantity(parseBytes, text)
    return value !== undefined && Number.isSafeInteger(value) && value >= min ? value : undefined
  }
}

function readMs(text: string): number | undefined {
  const value = quantity(parseDurationMs, text)
  return value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : undefined
}

const RATE_MAX = 1_000_000

function readRate(text: string): RouterLimits | undefined {
  const at = text.indexOf('/')
  const count = readCount(1, RATE_MAX)(text.slice(0, Math.max(0, at)))
  const perMs = readMs(text.slice(at + 1))
  return count === undefined || perMs === undefined ? undefined : { rate: { count, per_ms: perMs } }
}

/** `yes` is as if it were not there. */
function readNetwork(text: string): RouterLimits | undefined {
  if (text === 'no') return { network: false }
  return text === 'yes' ? {} : undefined
}

/** Its errors know nothing of the rule. */
function quantity(parse: (text: string, path: string) => number, text: string): number | undefined {
  try {
    return parse(text, '')
  } catch {
    return undefined
  }
}
