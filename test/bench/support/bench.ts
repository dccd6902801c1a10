/**
 * What a bench is: cells (a design under a variant, such as `session` with 64 in flight) that are
 * measured in turn, round after round, so that a busy moment of the machine hits all alike.
 */

/** One measurement: metric → value. */
export type Sample = Readonly<Record<string, number>>

export interface Cell {
  variant: string
  design: string
  measure: () => Promise<Sample>
}

export interface Skipped {
  what: string
  why: string
}

export interface Prepared {
  cells: Cell[]
  skipped: Skipped[]
  /** Lines that figures cannot say, printed below them; they may come while it is measured. */
  remarks?: readonly string[]
  stop: () => Promise<void>
}

export interface Column {
  metric: string
  title: string
  digits: number
}

/** `metric` of one design over that of another, taken round by round. */
export interface Comparison {
  label: string
  metric: string
  variant: string
  of: string
  to: string
  /** What performance.md hopes for; printed, never enforced. */
  goal?: string
}

export interface BenchOptions {
  isQuick: boolean
  /** Folder for CPU profiles of every process. */
  profileFolder: string | undefined
  /** A temporary folder, removed afterwards. */
  home: string
}

export interface Bench {
  name: string
  title: string
  /** What it is compared with, what it leaves out. */
  notes: readonly string[]
  columns: readonly Column[]
  /** The metric that the table shows as a ratio, and the design it is a ratio to. */
  primary: string
  reference: string
  comparisons: readonly Comparison[]
  rounds: { quick: number; full: number }
  /** Rounds before the counted ones, for the compiler and the caches to settle. */
  warmUpRounds: number
  prepare: (options: BenchOptions) => Promise<Prepared>
}
