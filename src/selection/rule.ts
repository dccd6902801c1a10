/**
 * One hard condition on workers, compiled from a request: a cheap test for every worker, and words
 * for the few that somebody asks about. Words are never made on the way of a task.
 */
import { BYTES_PER_MB, formatBytesTo, roundTo } from '../core/units.ts'
import type { Candidate } from './candidate.ts'
import type { RoundingSide } from '../core/units.ts'

/** Why a worker stands where it stands in a decision record. Codes never change their meaning. */
export type RefusalCode =
  | 'WORKER_STOPPING'
  | 'WORKER_DRAINING'
  | 'WORKER_CORDONED'
  | 'OWNER_LIMITS'
  | 'ENGINE_MISSING'
  | 'FUNCTION_MISSING'
  | 'PROGRAM_MISSING'
  | 'IMAGE_MISSING'
  | 'NETWORK_REFUSED'
  | 'CPU_TOO_SMALL'
  | 'MEMORY_TOO_SMALL'
  | 'DISK_TOO_SMALL'
  | 'GPU_TOO_FEW'
  | 'CONDITION_UNMET'
  | 'NOT_IN_ONLY'
  | 'IN_NEVER'
  | 'LATENCY_TOO_HIGH'
  | 'REPUTATION_TOO_LOW'
  | 'EVIDENCE_TOO_LITTLE'
  | 'TRIED_BEFORE'
  | 'REFUSED_LATELY'
  | 'HAS_COPY'
  | 'QUARANTINED'
  | 'NOT_TRUSTED'
  | 'SUSPECTED'
  | 'FIGURES_ABSURD'

/** The same words said of one worker and of several: `has too few GPUs`, `have too few GPUs`. */
export interface Wording {
  one: string
  many: string
}

/** A number on the wrong side of the one that was asked for; the best of several workers stands for all in a summary. */
export interface Figure {
  readonly of: (candidate: Candidate) => number
  readonly format: (value: number, side: RoundingSide) => string
  readonly asked: number
  readonly isMoreBetter: boolean
}

export interface Rule {
  code: RefusalCode
  refuses(candidate: Candidate): boolean
  /** What is wrong with the worker. */
  wording(): Wording
  /** What the worker has instead: as a figure beside the one that was asked for, or in words such as `has zone = office`. */
  figure?: Figure
  instead?(candidate: Candidate): string
}

/** `has too little memory (1GiB of 4GiB)`: of one worker. */
export function describeRefusal(rule: Rule, candidate: Candidate): string {
  const { one } = rule.wording()
  const instead = describeInstead(rule, candidate)
  return instead === undefined ? one : `${one} (${instead})`
}

/** `1GiB of 4GiB`: what one worker has instead. */
export function describeInstead(rule: Rule, candidate: Candidate): string | undefined {
  const { figure } = rule
  if (figure === undefined) return rule.instead?.(candidate)
  return describeFigure(figure, figure.of(candidate))
}

/** What there is beside what was asked for, each rounded away from the other: what falls short never reads as if it were enough. */
export function describeFigure({ asked, format, isMoreBetter }: Figure, value: number): string {
  return isMoreBetter
    ? `${format(value, 'down')} of ${format(asked, 'up')}`
    : `${format(value, 'up')} of at most ${format(asked, 'down')}`
}

/** A plain number, to two decimals at most. */
export const formatCount: Figure['format'] = (value, side) =>
  String(roundTo(value, Math.abs(value) < 100 ? 2 : 0, side))

/** Megabytes of the wire, in the units that people ask in. */
export const formatMb: Figure['format'] = (mb, side) => formatBytesTo(mb * BYTES_PER_MB, side)

/** A plain number where no side is the worse one. */
export function formatNumber(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/**
 * A rule that wants at least `needed` of something; nothing wanted makes no rule.
 * @param short says what falls short: `too little memory`
 */
export function atLeast(
  code: RefusalCode,
  needed: number,
  short: string,
  figure: Pick<Figure, 'of' | 'format'>
): Rule | undefined {
  if (needed <= 0) return undefined
  return {
    code,
    // Written so that a figure that is not a number refuses.
    refuses: (candidate) => !(figure.of(candidate) >= needed),
    wording: () => ({ one: `has ${short}`, many: `have ${short}` }),
    figure: { ...figure, asked: needed, isMoreBetter: true }
  }
}

/** `does not meet zone = home`. */
export function unmet(condition: string): Wording {
  return { one: `does not meet ${condition}`, many: `do not meet ${condition}` }
}
