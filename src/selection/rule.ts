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

/** The same words said of one worker and of several: `needs 2 GPUs`, `need 2 GPUs`. */
export interface Wording {
  one: string
  many: string
}

/** A number that falls short; the best one of several workers stands for all in a summary. */
export interface Figure {
  readonly of: (candidate: Candidate) => number
  readonly format: (value: number, side: RoundingSide) => string
  isMoreBetter: boolean
}

export interface Rule {
  code: RefusalCode
  refuses(candidate: Candidate): boolean
  /** What was asked for. */
  wording(): Wording
  /** What the worker has instead: as a figure, or in words such as `has zone = office`. */
  figure?: Figure
  instead?(candidate: Candidate): string
}

/** `needs 4GiB memory, has 1GiB`: asked for against there, of one worker. */
export function describeRefusal(rule: Rule, candidate: Candidate): string {
  const { one } = rule.wording()
  const instead = describeInstead(rule, candidate)
  return instead === undefined ? one : `${one}, ${instead}`
}

/** `has 1GiB`: what one worker has instead. */
export function describeInstead(rule: Rule, candidate: Candidate): string | undefined {
  const { figure } = rule
  if (figure === undefined) return rule.instead?.(candidate)
  return `has ${formatFigure(figure, figure.of(candidate))}`
}

/** Rounded to the worse side, so that what falls short never reads as if it were enough. */
export function formatFigure({ format, isMoreBetter }: Omit<Figure, 'of'>, value: number): string {
  return format(value, isMoreBetter ? 'down' : 'up')
}

/** A plain number, to two decimals at most. */
export const formatCount: Figure['format'] = (value, side) =>
  String(roundTo(value, Math.abs(value) < 100 ? 2 : 0, side))

/** Megabytes of the wire, in the units that people ask in. */
export const formatMb: Figure['format'] = (mb, side) => formatBytesTo(mb * BYTES_PER_MB, side)

/** What an asked for number looks like: two decimals at most. */
export function formatNumber(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/**
 * A rule that wants at least `needed` of something; nothing wanted makes no rule.
 * @param what names the need: `4GiB memory`
 */
export function atLeast(
  code: RefusalCode,
  needed: number,
  what: (needed: string) => string,
  figure: Omit<Figure, 'isMoreBetter'>
): Rule | undefined {
  if (needed <= 0) return undefined
  return {
    code,
    // Written so that a figure that is not a number refuses.
    refuses: (candidate) => !(figure.of(candidate) >= needed),
    wording: () => demand(what(figure.format(needed, 'up'))),
    figure: { ...figure, isMoreBetter: true }
  }
}

/** `needs …` and `need …`. */
export function demand(what: string): Wording {
  return { one: `needs ${what}`, many: `need ${what}` }
}
