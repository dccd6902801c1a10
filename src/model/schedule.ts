/** `schedule` of a job document: once at a moment, or again and again by cron. */
import { checkCron } from './cron.ts'
import { MeshError } from '../core/errors.ts'
import type { CronLine } from './cron.ts'
import type { ScheduleDocument } from './generated/job.ts'

export interface CronPlan extends CronLine {
  kind: 'cron'
  /** What becomes of runs that fell due while the router was away. */
  missed: 'once' | 'skip'
  /** What becomes of a run while the one before has not ended. */
  overlap: 'skip' | 'allow'
}

export type SchedulePlan = { kind: 'at'; atMs: number } | CronPlan

/** ISO 8601 with its zone. Without one it would mean another moment on every machine. */
const MOMENT = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/
const WITHOUT_ZONE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$/

/** @throws MeshError FIELD_INVALID */
export function compileSchedule(document: ScheduleDocument): SchedulePlan {
  const { at, cron, missed = 'once', overlap = 'skip', zone = 'UTC' } = document
  if (at === undefined) {
    const plan: CronPlan = { kind: 'cron', cron: cron ?? '', zone, missed, overlap }
    checkCron(plan, 'schedule')
    return plan
  }
  for (const key of ['zone', 'missed', 'overlap'] as const) {
    if (document[key] !== undefined) throw onlyForCron(key)
  }
  return { kind: 'at', atMs: parseMoment(at) }
}

function parseMoment(text: string): number {
  const path = 'schedule.at'
  const trimmed = text.trim()
  if (WITHOUT_ZONE.test(trimmed)) {
    throw new MeshError('FIELD_INVALID', `"${text}" names no time zone`, {
      path,
      hint: 'write "2026-12-24T18:00:00Z" for UTC, or end it with an offset such as +01:00'
    })
  }
  const [, day] = MOMENT.exec(trimmed) ?? []
  const atMs = Date.parse(trimmed)
  // The 30th of February would silently become the 2nd of March.
  const isDay = day !== undefined && toDay(Date.parse(`${day}T00:00:00Z`)) === day
  if (isDay && Number.isFinite(atMs)) return atMs
  throw new MeshError('FIELD_INVALID', `"${text}" is not a moment`, {
    path,
    hint: 'write it as 2026-12-24T18:00:00Z'
  })
}

function toDay(atMs: number): string | undefined {
  return Number.isFinite(atMs) ? new Date(atMs).toISOString().slice(0, 10) : undefined
}

function onlyForCron(key: string): MeshError {
  return new MeshError('FIELD_INVALID', `schedule.${key} does not go with "at"`, {
    path: `schedule.${key}`,
    hint: key === 'zone' ? 'write the offset into "at": …+01:00' : 'it is for "cron"'
  })
}
