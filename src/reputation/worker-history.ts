/**
 * What is remembered of a worker beside its score, for people and for placement by kind of work: counts by
 * task type, a point for each hour in which something happened, and the last events with what each changed.
 */
import { RecentMap } from '../core/recent-map.ts'
import { countInto, evidenceAt, newTally } from './worker-record.ts'
import { reputationOf } from './score.ts'
import type { AttemptOutcome, Change } from './outcomes.ts'
import type { Tally } from './worker-record.ts'

export interface TypeTally extends Tally {
  taskType: string
}

/** The end of an hour in which something was counted. */
export interface HourPoint {
  /** When the hour began. */
  hourMs: number
  reputation: number
  outcomes: number
  faults: number
}

/** One outcome, or several alike in a row. */
export interface HistoryEvent {
  /** The first and the last of them. */
  sinceMs: number
  atMs: number
  count: number
  text: string
  /** Reputation before and after. */
  from: number
  to: number
}

export interface WorkerHistory {
  /** Least recently used first. */
  types: RecentMap<string, TypeTally>
  points: HourPoint[]
  events: HistoryEvent[]
}

/** Types of tasks that are told apart, of each worker; the one unused for longest is forgotten. */
export const TASK_TYPES_MAX = 16
/** Two days of hours. */
export const HOUR_POINTS_MAX = 48
export const HISTORY_EVENTS_MAX = 20

const HOUR_MS = 3_600_000

export function newHistory(): WorkerHistory {
  return { types: new RecentMap(TASK_TYPES_MAX), points: [], events: [] }
}

export interface Happening {
  outcome: AttemptOutcome
  change: Change
  nowMs: number
  /** Reputation before and after. */
  from: number
  to: number
}

export function remember(history: WorkerHistory, happening: Happening): void {
  const { outcome } = happening
  if (outcome.taskType !== undefined) rememberType(history.types, outcome.taskType, happening)
  rememberPoint(history.points, happening)
  rememberEvent(history.events, happening)
}

/** How good a worker is at one type of task alone. */
export function reputationAtType(tally: TypeTally, nowMs: number): number {
  return reputationOf(evidenceAt(tally, nowMs))
}

function rememberType(
  types: RecentMap<string, TypeTally>,
  taskType: string,
  { change, nowMs, outcome }: Happening
): void {
  const tally = types.get(taskType) ?? { taskType, ...newTally(nowMs) }
  countInto(tally, change, outcome, nowMs)
  types.set(taskType, tally)
}

function rememberPoint(points: HourPoint[], { change, nowMs, to }: Happening): void {
  const hourMs = nowMs - (nowMs % HOUR_MS)
  let last = points.at(-1)
  if (last === undefined || hourMs > last.hourMs) {
    last = { hourMs, reputation: to, outcomes: 0, faults: 0 }
    points.push(last)
    if (points.length > HOUR_POINTS_MAX) points.shift()
  }
  last.reputation = to
  last.outcomes += 1
  if (isFault(change)) last.faults += 1
}

/** What is the same as the last within an hour becomes one with it: twenty successes in a row would say nothing. */
function rememberEvent(events: HistoryEvent[], { change, from, nowMs, to }: Happening): void {
  const last = events.at(-1)
  if (last !== undefined && last.text === change.text && nowMs - last.sinceMs < HOUR_MS) {
    last.atMs = nowMs
    last.count += 1
    last.to = to
    return
  }
  events.push({ sinceMs: nowMs, atMs: nowMs, count: 1, text: change.text, from, to })
  if (events.length > HISTORY_EVENTS_MAX) events.shift()
}

function isFault({ bad, wrong }: Change): boolean {
  return bad > 0 || wrong > 0
}
