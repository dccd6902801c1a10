/**
 * One hard condition on workers, compiled from a request: a cheap test for every worker, and words
 * for the few that somebody asks about. Words are never made on the way of a task.
 */
import type { Candidate } from './candidate.ts'

/** Why a worker stands where it stands in a decision record. Codes never change their meaning. */
export type RefusalCode =
  | 'WORKER_STOPPING'
  | 'WORKER_DRAINING'
  | 'WORKER_CORDONED'
  | 'ENGINE_MISSING'
  | 'FUNCTION_MISSING'
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

/** The same words said of one worker and of several: `needs 2 GPUs`, `need 2 GPUs`. */
export interface Wording {
  one: string
  many: string
}

/** A number that falls short; the best one of several workers stands for all in a summary. */
export interface Figure {
  readonly of: (candidate: Candidate) => number
  unit: string
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

/** `needs 4096 MB memory, has 1024 MB`: asked for against there, of one worker. */
export function describeRefusal(rule: Rule, candidate: Candidate): string {
  const { one } = rule.wording()
  if (rule.figure !== undefined) {
    return `${one}, has ${formatFigure(rule.figure, rule.figure.of(candidate))}`
  }
  return rule.instead === undefined ? one : `${one}, ${rule.instead(candidate)}`
}

/** Rounded to the worse side, so that what falls short never reads as if it were enough. */
export function formatFigure({ unit, isMoreBetter }: Omit<Figure, 'of'>, value: number): string {
  const scale = Math.abs(value) < 100 ? 100 : 1
  const rounded = (isMoreBetter ? Math.floor : Math.ceil)(value * scale) / scale
  return unit === '' ? String(rounded) : `${rounded} ${unit}`
}

/** What an asked for number looks like: two decimals at most. */
export function formatNumber(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/**
 * A rule that wants at least `needed` of something; nothing wanted makes no rule.
 * @param what names the need: `4096 MB memory`
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
    wording: () => demand(what(formatNumber(needed))),
    figure: { ...figure, isMoreBetter: true }
  }
}

/** `needs …` and `need …`. */
export function demand(what: string): Wording {
  return { one: `needs ${what}`, many: `need ${what}` }
}
