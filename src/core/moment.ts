/** Moments as people write them: `2026-12-24T18:00:00Z` to Unix milliseconds. */
import { MeshError } from './errors.ts'
import { parseDurationMs } from './units.ts'

/** ISO 8601 with its zone. Without one it would mean another moment on every machine. */
const MOMENT = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/
const WITHOUT_ZONE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$/

/** @throws MeshError FIELD_INVALID */
export function parseMoment(text: string, path: string): number {
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

/** A moment, or how long it is until then, such as `7d`. @throws MeshError FIELD_INVALID */
export function parseUntil(text: string, path: string, nowMs: number): number {
  const isMoment = /^\s*\d{4}-/.test(text)
  return isMoment ? parseMoment(text, path) : nowMs + parseDurationMs(text.trim(), path)
}

function toDay(atMs: number): string | undefined {
  return Number.isFinite(atMs) ? new Date(atMs).toISOString().slice(0, 10) : undefined
}
