/**
 * Cron lines, as the package `croner` reads them; the one place that knows it. It only reckons here:
 * its own timers, which follow the system's clock, are never used.
 */
import { Cron } from 'croner'
import { MeshError, messageOf } from '../core/errors.ts'

export interface CronLine {
  cron: string
  /** IANA name of the time zone that the line is read in. */
  zone: string
}

/** From here on a line must fire at all. Far back, so that the same line is always judged alike. */
const CHECKED_FROM_MS = Date.UTC(2000, 0, 1)

/** @throws MeshError FIELD_INVALID below `path` */
export function checkCron({ cron, zone }: CronLine, path: string): void {
  checkZone(zone, `${path}.zone`)
  const hint = 'write minute hour day month weekday, such as "30 3 * * *" for half past three'
  // A date would be read too, and fire once.
  if (!cron.startsWith('@') && !/^\S+(\s+\S+){4,5}$/.test(cron.trim())) {
    const message = `"${cron}" is no cron line: it has five fields, or six with seconds`
    throw new MeshError('FIELD_INVALID', message, { path: `${path}.cron`, hint })
  }
  try {
    if (nextFiringMs({ cron, zone }, CHECKED_FROM_MS) !== undefined) return
  } catch (cause) {
    const why = messageOf(cause).replace(/^CronPattern: /, '')
    const message = `"${cron}" is no cron line: ${why}`
    throw new MeshError('FIELD_INVALID', message, { path: `${path}.cron`, hint, cause })
  }
  throw new MeshError('FIELD_INVALID', `"${cron}" never fires: there is no such day`, {
    path: `${path}.cron`,
    hint: 'look at its day and its month'
  })
}

/** The first moment after another at which the line fires; undefined if there is none in sight. */
export function nextFiringMs({ cron, zone }: CronLine, afterMs: number): number | undefined {
  const line = new Cron(cron, { timezone: zone, mode: '5-or-6-parts' })
  return line.nextRun(new Date(afterMs))?.getTime()
}

function checkZone(zone: string, path: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions()
  } catch (cause) {
    throw new MeshError('FIELD_INVALID', `"${zone}" is not a time zone`, {
      path,
      hint: 'write its IANA name, such as "Europe/Berlin", or leave it out for UTC',
      cause
    })
  }
}
