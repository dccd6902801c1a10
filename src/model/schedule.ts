/** `schedule` of a job document: once at a moment, or again and again by cron. */
import { checkCron } from './cron.ts'
import { MeshError } from '../core/errors.ts'
import { parseMoment } from '../core/moment.ts'
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
  return { kind: 'at', atMs: parseMoment(at, 'schedule.at') }
}

function onlyForCron(key: string): MeshError {
  return new MeshError('FIELD_INVALID', `schedule.${key} does not go with "at"`, {
    path: `schedule.${key}`,
    hint: key === 'zone' ? 'write the offset into "at": …+01:00' : 'it is for "cron"'
  })
}
