/** An event in one line, for people. */
import { printable } from '../core/plain-text.ts'
import { timeOf } from './columns.ts'
import { shortPeer, shorten } from './render.ts'
import type { MeshEvent } from '../model/generated/api-event.ts'
import type { Style } from './render.ts'

/** The longest type, so that what follows stands below itself. */
const TYPE_LETTERS = 'peer:disconnected'.length
const TEXT_LETTERS = 100

/** `2026-01-02 03:04:05.006  17  attempt:changed    j-7m2k9x04tqhe item a attempt 1 running on …GYkZzB` */
export function renderEvent(event: MeshEvent, style: Style): string {
  const { at_ms: atMs, number, type } = event
  const head = `${timeOf(atMs)}  ${number}  ${style.cyan(type.padEnd(TYPE_LETTERS))}`
  return `${style.dim(head)}  ${printable(bodyOf(event))}`.trimEnd()
}

function bodyOf(event: MeshEvent): string {
  const { attempt, availability, counts, item, job_id: jobId, peer, reason, state, text } = event
  const parts = [
    jobId,
    item === undefined ? undefined : `item ${item}`,
    attempt === undefined ? undefined : `attempt ${attempt}`,
    peer === undefined ? undefined : shortPeer(peer),
    state,
    availability,
    event.worker === undefined ? undefined : `on ${shortPeer(event.worker)}`,
    event.type === 'gap' ? 'some events are missing here' : undefined,
    counts === undefined ? undefined : countsText(counts),
    progressText(event.progress),
    reason,
    text === undefined ? undefined : shorten(text, TEXT_LETTERS)
  ]
  return parts.filter((part) => part !== undefined && part !== '').join(' ')
}

function countsText(counts: NonNullable<MeshEvent['counts']>): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
  return parts.length === 0
    ? ''
    : `(${parts.map(([state, count]) => `${count} ${state}`).join(', ')})`
}

function progressText(progress: MeshEvent['progress']): string | undefined {
  if (progress === undefined) return undefined
  const { ratio, text = '' } = progress
  const share = ratio === undefined ? '' : `${Math.floor(ratio * 100)}%`
  return [share, shorten(text, TEXT_LETTERS)].filter((part) => part !== '').join(' ')
}
