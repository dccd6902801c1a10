/**
 * Text units as people write them (`512MiB`, `30m`) to plain numbers and back.
 * Bare numbers are refused for times: seconds against milliseconds is a classic mistake.
 */
import { MeshError } from './errors.ts'

/** The `…_mb` figures of the command protocol are decimal, as the unit's name says. */
export const BYTES_PER_MB = 1e6

const BYTE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: BYTES_PER_MB,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40
}

const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000
}

const QUANTITY = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/

/** `512MiB` → 536870912. A bare number is taken as bytes. @throws MeshError FIELD_INVALID */
export function parseBytes(text: string | number, path: string): number {
  if (typeof text === 'number') return text
  const bytes = quantity(text, BYTE_UNITS)
  if (bytes === undefined) {
    throw new MeshError('FIELD_INVALID', `"${text}" is not an amount of bytes`, {
      path,
      hint: 'write a number with a unit, such as "512MiB" or "2GB"'
    })
  }
  return bytes
}

/** `30m` → 1800000 milliseconds, whole ones. @throws MeshError FIELD_INVALID */
export function parseDurationMs(text: string, path: string): number {
  const milliseconds = quantity(text, TIME_UNITS)
  if (milliseconds === undefined) {
    throw new MeshError('FIELD_INVALID', `"${text}" is not a duration`, {
      path,
      hint: 'write a number with a unit: ms, s, m, h or d, such as "30s" or "10m"'
    })
  }
  return milliseconds
}

/** 1536 → `1.5KiB`; three figures, or four before the point. */
export function formatBytes(bytes: number): string {
  return inByteUnits(bytes, shorten)
}

/** The same, but never more than there is, or never less. */
export function formatBytesTo(bytes: number, side: RoundingSide): string {
  return inByteUnits(bytes, (value) =>
    String(roundTo(value, value >= 100 ? 0 : value >= 10 ? 1 : 2, side))
  )
}

export type RoundingSide = 'down' | 'up'

/** To so many decimals, to one side; 1.1 is not a little more than 1.1 for being binary. */
export function roundTo(value: number, decimals: number, side: RoundingSide): number {
  const scale = 10 ** decimals
  const scaled = Number((value * scale).toPrecision(15))
  return (side === 'up' ? Math.ceil : Math.floor)(scaled) / scale
}

/** 90500 → `1m30s`; 1234 → `1.23s`; 0.25 → `0.25ms`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${shorten(milliseconds)}ms`
  if (milliseconds < 60_000) return `${shorten(milliseconds / 1_000)}s`
  const seconds = Math.floor(milliseconds / 1_000)
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's']
  ]
  return parts
    .filter(([count]) => count > 0)
    .slice(0, 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join('')
}

function inByteUnits(bytes: number, write: (value: number) => string): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${write(value)}${units[unit]}`
}

function shorten(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}

function quantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = QUANTITY.exec(text.trim())
  if (match === null) return undefined
  const unit = match[2] as string
  if (!Object.hasOwn(units, unit)) return undefined
  // Rounded, as 2.3 × 1000 is a little less than 2300 in binary.
  return Math.round(Number(match[1]) * (units[unit] as number))
}
