/** When each attempt waited, fetched, ran and published, as stretches of one scale. Pure. */
import type { AttemptView } from '../../model/generated/api-job.ts'

export type Phase = 'waiting' | 'sent' | 'fetching' | 'running' | 'publishing'

export interface Stretch {
  phase: Phase
  fromMs: number
  toMs: number
}

export interface TimelineRow {
  attempt: AttemptView
  stretches: readonly Stretch[]
}

export interface Timeline {
  fromMs: number
  toMs: number
  rows: readonly TimelineRow[]
}

export interface TimelineInit {
  /** Where the scale begins, and what first attempts waited from. */
  createdAtMs: number
  nowMs: number
}

const PHASES: Readonly<Record<string, Phase>> = {
  offered: 'sent',
  accepted: 'sent',
  fetching: 'fetching',
  running: 'running',
  publishing: 'publishing',
  unknown: 'running'
}

export function layTimeline(attempts: readonly AttemptView[], init: TimelineInit): Timeline {
  const ends = new Map<string, number>()
  const rows = attempts.map((attempt) => {
    const isCopy = attempt.role !== 'primary'
    // A copy is made while the first one runs: it waited for nothing.
    const waitedFromMs = isCopy
      ? attempt.offered_at_ms
      : (ends.get(attempt.item) ?? init.createdAtMs)
    const endMs = attempt.ended_at_ms ?? init.nowMs
    ends.set(attempt.item, Math.max(ends.get(attempt.item) ?? 0, endMs))
    return {
      attempt,
      stretches: stretchesOf(attempt, Math.min(waitedFromMs, attempt.offered_at_ms), endMs)
    }
  })
  const lastMs = rows.reduce(
    (last, { stretches }) => Math.max(last, stretches.at(-1)?.toMs ?? 0),
    0
  )
  return { fromMs: init.createdAtMs, toMs: Math.max(lastMs, init.createdAtMs + 1), rows }
}

function stretchesOf(attempt: AttemptView, waitedFromMs: number, endMs: number): Stretch[] {
  const marks: { phase: Phase; atMs: number }[] = [
    { phase: 'waiting', atMs: waitedFromMs },
    { phase: 'sent', atMs: attempt.offered_at_ms }
  ]
  for (const { at_ms, state } of attempt.history) {
    const phase = PHASES[state]
    if (phase !== undefined && phase !== marks.at(-1)?.phase) marks.push({ phase, atMs: at_ms })
  }
  return marks.flatMap(({ atMs, phase }, index) => {
    const toMs = Math.max(atMs, marks[index + 1]?.atMs ?? endMs)
    return toMs > atMs ? [{ phase, fromMs: atMs, toMs }] : []
  })
}

/** Round steps, so that marks stand at times that people say. */
const STEPS_MS: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5,
  36e5, 72e5, 216e5, 432e5, 864e5
]

/** Where marks stand on a scale of that length: so many at most, from its beginning. */
export function ticksOf(lengthMs: number, countMax = 6): readonly number[] {
  const least = lengthMs / countMax
  const days = Math.ceil(least / 864e5) * 864e5
  const step = STEPS_MS.find((each) => each >= least) ?? days
  return Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, index) => index * step)
}

const WORDS: Readonly<Record<Phase, string>> = {
  waiting: 'waited',
  sent: 'on its way',
  fetching: 'fetched inputs',
  running: 'ran',
  publishing: 'published outputs'
}

/** `waited 3ms, ran 1.2s`. */
export function describeStretches(
  stretches: readonly Stretch[],
  format: (ms: number) => string
): string {
  return stretches
    .map(({ fromMs, phase, toMs }) => `${WORDS[phase]} ${format(toMs - fromMs)}`)
    .join(', ')
}
