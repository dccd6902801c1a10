/** Figures and moments as people read them. Pure; units are those of the command line. */
import { formatBytes, formatDuration } from '../../core/units.ts'

export { formatBytes, formatDuration }

const COUNT = new Intl.NumberFormat('en')
const SECOND_MS = 1_000

/** 12345 → `12,345`. */
export function formatCount(count: number): string {
  return COUNT.format(count)
}

/** 0.973 → `97%`; nearly all is not all. */
export function formatShare(ratio: number): string {
  const percent = ratio * 100
  if (percent > 99 && percent < 100) return '99%'
  if (percent > 0 && percent < 1) return '<1%'
  return `${Math.round(percent)}%`
}

/** `just now`, `42s ago`, `3m ago`, `5d2h ago`. */
export function formatAgo(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs
  if (ms < 2 * SECOND_MS) return 'just now'
  return `${formatSpan(ms)} ago`
}

/** As `formatDuration`, but in whole seconds, for what moves on: `4s`, `1m30s`. */
export function formatSpan(ms: number): string {
  return formatDuration(Math.max(0, Math.floor(ms / SECOND_MS)) * SECOND_MS).replace(/^0ms$/, '0s')
}

/** How long something took, or has been going on. */
export function formatTook(
  { from, to }: { from: number | null | undefined; to: number | null | undefined },
  nowMs: number
): string {
  if (from === null || from === undefined) return '–'
  if (to === null || to === undefined) return formatSpan(nowMs - from)
  return formatDuration(Math.max(0, Math.round(to - from)))
}

/** A moment in full, in the reader's own zone. */
export function formatMoment(atMs: number): string {
  const date = new Date(atMs)
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join(
    '-'
  )
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

/** The end of a PeerId, by which people tell them apart: its beginning is the same for all. */
export function shortPeer(peer: string): string {
  return /^(12D3Koo|Qm)/.test(peer) && peer.length > 20 ? `…${peer.slice(-8)}` : peer
}

/** `1 job`, `2 jobs`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
