/** A run as a person reads it: each attack with what it sent and got, each victim's figures, the verdicts. */
import { renderGrid } from '../../src/cli/render.ts'
import { ATTACKS } from './attacks.ts'
import { mib, percentile } from './verdicts.ts'
import type { Evidence, Period, Verdict, VictimEvidence } from './verdicts.ts'
import type { JobKind } from './load.ts'

const KINDS: readonly JobKind[] = ['short', 'array', 'file']
const ANSWERS_SHOWN = 6

export function renderReport(evidence: Evidence, verdicts: readonly Verdict[]): string {
  return [
    renderAttacks(evidence),
    renderVictims(evidence),
    renderLoad(evidence),
    ...verdicts.map(renderVerdict)
  ].join('\n')
}

function renderAttacks({ attacks, samples }: Evidence): string {
  const rows = attacks.map(({ counts, name, ...period }) => {
    const { what = '', who = '' } = ATTACKS.find((attack) => attack.name === name) ?? {}
    const got = Object.entries(counts.got)
      .toSorted(([, left], [, right]) => right - left)
      .slice(0, ANSWERS_SHOWN)
      .map(([answer, count]) => `${answer} ${count}`)
    const p99Ms = percentile(samples, [period], { kind: 'short', share: 0.99 })
    return [
      name,
      who,
      what,
      `${p99Ms.toFixed(0)} ms`,
      String(counts.steps),
      mib(counts.sentBytes),
      got.join(', ')
    ]
  })
  return renderGrid(rows, {
    head: ['attack', 'who', 'what', 'p99 meanwhile', 'steps', 'sent', 'got'],
    aligns: ['left', 'left', 'left', 'right', 'right', 'right', 'left']
  })
}

function renderVictims({ victims }: Evidence): string {
  const rows = victims.map((victim) => [
    victim.name,
    ...memoryOf(victim),
    ...effortOf(victim),
    ...countsOf(victim)
  ])
  return renderGrid(rows, {
    head: [
      'victim',
      'used before',
      'during',
      'after',
      'peak RSS',
      'longest stall',
      'CPU',
      'offences',
      'shuns',
      'refused',
      'stored'
    ],
    aligns: Array.from({ length: 11 }, () => 'left' as const)
  })
}

function effortOf({ before, during }: VictimEvidence): string[] {
  if (before === undefined || during === undefined) return ['-', '-']
  const cpuS = (during.cpuMs - before.cpuMs) / 1_000
  return [`${during.lagMaxMs.toFixed(0)} ms`, `${cpuS.toFixed(1)} s`]
}

function countsOf({ after }: VictimEvidence): string[] {
  const counts = after?.counts
  if (counts === undefined) return ['-', '-', '-', '-']
  const { conduct, refused, stored } = counts
  return [
    JSON.stringify(conduct.offences),
    String(conduct.shuns),
    JSON.stringify(refused),
    JSON.stringify(stored)
  ]
}

function memoryOf({ after, before, during, peakBytes }: VictimEvidence): string[] {
  const used = [before, during, after].map((glimpse) =>
    glimpse === undefined ? '-' : mib(glimpse.usedBytes)
  )
  return [...used, mib(peakBytes)]
}

function renderLoad({ attack, control, quiet, quietAgain, samples }: Evidence): string {
  const periods: [string, Period][] = [
    ['quiet', quiet],
    ['processor taken', control],
    ['attack', attack],
    ['quiet again', quietAgain]
  ]
  const rows = KINDS.flatMap((kind) =>
    periods.map(([name, period]) => [
      kind,
      name,
      period.loadAverage.toFixed(1),
      `${period.stallMs.toFixed(0)} ms`,
      ...[0.5, 0.95, 0.99, 1].map(
        (share) => `${percentile(samples, [period], { kind, share }).toFixed(0)} ms`
      )
    ])
  )
  return renderGrid(rows, {
    head: ['honest jobs', 'period', 'load average', 'harness stall', 'p50', 'p95', 'p99', 'max'],
    aligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right']
  })
}

function renderVerdict({ details, isMet, question }: Verdict): string {
  return `${isMet ? 'YES' : 'NO '}  ${question}${details === '' ? '' : `\n  ${details}`}`
}
