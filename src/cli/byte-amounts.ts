/** How far something is that is counted in bytes, in words: the figure, the rate, the time that is left. */
import { formatBytes, formatDuration } from '../core/units.ts'

export interface ByteAmounts {
  bytes: number
  /** Undefined while nobody knows. */
  totalBytes: number | undefined
  bytesPerSecond: number
}

/** `42%  1.2GiB of 2.9GiB  110MiB/s  16s left` */
export function renderAmounts({ bytes, bytesPerSecond, totalBytes }: ByteAmounts): string {
  if (totalBytes === undefined) return 'looking for it'
  const percent = totalBytes === 0 ? 100 : Math.floor((100 * bytes) / totalBytes)
  const parts = [`${percent}%`, `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`]
  if (bytesPerSecond > 0) parts.push(renderRate(bytesPerSecond))
  const leftMs = millisecondsLeft({ bytes, bytesPerSecond, totalBytes })
  if (leftMs !== undefined && leftMs > 0) parts.push(`${formatDuration(roundUp(leftMs))} left`)
  return parts.join('  ')
}

export function renderRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`
}

/** Undefined while nobody can tell. */
export function millisecondsLeft(amounts: ByteAmounts): number | undefined {
  const { bytes, bytesPerSecond, totalBytes } = amounts
  if (totalBytes === undefined || bytesPerSecond <= 0) return undefined
  return Math.round(((totalBytes - bytes) * 1_000) / bytesPerSecond)
}

/** To whole seconds: more would be guessing. */
function roundUp(milliseconds: number): number {
  return Math.ceil(milliseconds / 1_000) * 1_000
}
