/** What a run has shown, held against what a mesh under attack has to hold. Pure. */
import type { AttackResult } from './attackers.ts'
import type { Glimpse } from './witness.ts'
import type { JobKind, Sample } from './load.ts'
import type { LogFinding } from './logs.ts'

export interface Period {
  fromMs: number
  untilMs: number
  /** Of the system, in the last minute of it: how many wanted a processor, whoever they belong to. */
  loadAverage: number
  /** How long the harness itself, which has little to do, did not get a processor at the most. */
  stallMs: number
}

export interface VictimEvidence {
  name: string
  death: string | undefined
  /** Memory that was in use after a collection, at the end of each quiet period. */
  before: Glimpse | undefined
  after: Glimpse | undefined
  /** At the end of the attack. */
  during: Glimpse | undefined
  peakBytes: number
}

export interface Evidence {
  samples: readonly Sample[]
  quiet: Period
  /** The processor was taken as attackers take it, and nothing was done with it. */
  control: Period
  attack: Period
  quietAgain: Period
  /** What the router has of the load's jobs afterwards: id → state. */
  states: ReadonlyMap<string, string>
  victims: readonly VictimEvidence[]
  findings: readonly LogFinding[]
  attacks: readonly AttackResult[]
  complaints: readonly string[]
}

export interface Verdict {
  question: string
  isMet: boolean
  /** The figures, or what was found. */
  details: string
}

/** An attack may cost honest jobs this much more than peace does, or than the processor time that attackers take. */
const P99_RATIO_MAX = 2

/**
 * Memory in use may be so much more afterwards. The load itself leaves some: a router remembers 16,384 events and
 * all jobs of these minutes, a worker its results; code that only attacks have called is compiled and kept, and
 * caches that are bounded by number (peers that misbehaved, paces, members) fill. A leak shows far beyond that: two
 * minutes of attack send some hundred MiB and open tens of thousands of streams.
 */
const MEMORY_RATIO_MAX = 1.25
const MEMORY_MARGIN_BYTES = 24 * 1_024 * 1_024

const SHOWN_MAX = 5

export function judge(evidence: Evidence): Verdict[] {
  return [
    jobsVerdict(evidence),
    p99Verdict(evidence),
    memoryVerdict(evidence),
    verdict(
      'no victim died',
      evidence.victims.flatMap(({ death }) => death ?? [])
    ),
    verdict(
      'logs are clean: JSON, no control characters, no error that nobody foresaw',
      evidence.findings.map(({ line, victim, what }) => `${victim}: ${what}: ${line}`)
    ),
    verdict('no attacker was told INTERNAL', internalAnswers(evidence)),
    verdict('honest peers were never shunned', shunnedHonest(evidence)),
    verdict('the attackers did what they were to', idleAttacks(evidence))
  ]
}

/** The `share`-th of the times of one kind in some periods; NaN where there is none. */
export function percentile(
  samples: readonly Sample[],
  periods: readonly Pick<Period, 'fromMs' | 'untilMs'>[],
  { kind, share }: { kind: JobKind; share: number }
): number {
  const times = samples
    .filter((sample) => sample.kind === kind)
    .filter(({ startedAtMs }) =>
      periods.some(({ fromMs, untilMs }) => startedAtMs >= fromMs && startedAtMs < untilMs)
    )
    .map(({ tookMs }) => tookMs)
    .toSorted((left, right) => left - right)
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN
}

function jobsVerdict({ samples, states }: Evidence): Verdict {
  const faults = samples.flatMap(({ fault, jobId, kind }) => {
    if (fault !== undefined) return [`${kind} ${jobId ?? 'not acknowledged'}: ${fault}`]
    const state = states.get(jobId ?? '')
    return state === 'completed' ? [] : [`${kind} ${jobId}: it is ${state ?? 'gone'}`]
  })
  const told = verdict('no acknowledged job was lost', faults)
  return { ...told, details: told.details || `${samples.length} of ${samples.length} completed` }
}

function p99Verdict({ attack, control, quiet, quietAgain, samples }: Evidence): Verdict {
  const of = (...periods: Period[]): number =>
    percentile(samples, periods, { kind: 'short', share: 0.99 })
  const peace = of(quiet, quietAgain)
  const [during, idle] = [of(attack), of(control)]
  const ratio = during / (idle > peace ? idle : peace)
  return {
    question: `p99 of short jobs at most ${P99_RATIO_MAX} times that of peace, or of the same use of the processor`,
    isMet: ratio <= P99_RATIO_MAX,
    details: `${ms(peace)} in peace (${ms(of(quiet))} before, ${ms(of(quietAgain))} after), ${ms(idle)} where only the processor was taken, ${ms(during)} under attack: ratio ${(during / peace).toFixed(2)} to peace, ${(during / idle).toFixed(2)} to the same use of the processor`
  }
}

function memoryVerdict({ victims }: Evidence): Verdict {
  const faults = victims.flatMap(({ after, before, death, name }) => {
    if (before === undefined || after === undefined || death !== undefined) return []
    const allowed = before.usedBytes * MEMORY_RATIO_MAX + MEMORY_MARGIN_BYTES
    if (after.usedBytes <= allowed) return []
    return [`${name}: ${mib(before.usedBytes)} before, ${mib(after.usedBytes)} after`]
  })
  return verdict('memory of each victim is back at its level', faults)
}

function shunnedHonest({ victims }: Evidence): string[] {
  return victims.flatMap(({ after, name }) =>
    (after?.shunned ?? []).map((peer) => {
      const why = JSON.stringify(after?.blamed[peer] ?? {})
      return `${name} has shunned ${peer} for ${why}`
    })
  )
}

function internalAnswers({ attacks }: Evidence): string[] {
  return attacks
    .filter(({ counts }) => (counts.got['INTERNAL'] ?? counts.got['500']) !== undefined)
    .map(({ name }) => name)
}

/** A harness that attacks nobody proves nothing. */
function idleAttacks({ attacks, complaints }: Evidence): string[] {
  const idle = attacks
    .filter(({ counts }) => counts.steps === 0)
    .map(({ name }) => `${name} did nothing`)
  if (attacks.length === 0) idle.push('nobody has attacked')
  return [...complaints, ...idle]
}

function verdict(question: string, faults: readonly string[]): Verdict {
  const more = faults.length > SHOWN_MAX ? `\n  and ${faults.length - SHOWN_MAX} more` : ''
  const details = faults.slice(0, SHOWN_MAX).join('\n  ') + more
  return { question, isMet: faults.length === 0, details }
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`
}

export function mib(bytes: number): string {
  return `${(bytes / 1_024 / 1_024).toFixed(1)} MiB`
}
