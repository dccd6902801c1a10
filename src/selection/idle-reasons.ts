/**
 * Why tasks went elsewhere, for the owner of a worker: how often each reason was met over a sliding hour. At
 * each decision a few workers are looked at in turn, which costs a microsecond, and counts every decision
 * where there are no more than that; in a larger fleet the counts are a sample of them.
 */
import { LIMITS } from '../core/limits.ts'
import type { Candidate } from './candidate.ts'
import type { Selection } from './select.ts'

/** Workers looked at in each decision. */
const SAMPLE_COUNT = 4
/** What counts are kept by. */
export const IDLE_SPAN_MS = 300_000
/** Twelve spans that have passed, and the one that runs. */
const SPAN_COUNT = 13
export const IDLE_REASONS_MS = IDLE_SPAN_MS * (SPAN_COUNT - 1)
/** An example in words is made anew no more often. */
const EXAMPLE_MS = 10_000

/** Of one worker, as far as it was looked at. */
export interface IdleTally {
  peerId: string
  /** How many decisions, and to how many of them it was chosen. */
  looks: number
  chosen: number
  /** The most frequent first. */
  reasons: { code: string; count: number; lastAtMs: number; example: string }[]
}

interface Reason {
  /** By span, in a ring. */
  counts: Uint32Array
  lastAtMs: number
  example: string
  exampleAtMs: number
}

export class IdleReasons {
  /** By worker, then code. The one looked at last comes last. */
  readonly #workers = new Map<string, Map<string, Reason>>()
  #cursor = 0

  note(selection: Selection, nowMs: number): void {
    const { candidates } = selection
    const count = Math.min(SAMPLE_COUNT, candidates.length)
    for (let taken = 0; taken < count; taken += 1) {
      this.#cursor = (this.#cursor + 1) % candidates.length
      const candidate = candidates[this.#cursor]
      if (candidate !== undefined) this.#noteOne(selection, candidate, nowMs)
    }
  }

  /** @param sinceMs no longer ago than an hour, to five minutes */
  of(peerId: string, sinceMs: number, nowMs: number): IdleTally {
    const tally: IdleTally = { peerId, looks: 0, chosen: 0, reasons: [] }
    for (const [code, reason] of this.#workers.get(peerId) ?? []) {
      const count = countSince(reason, sinceMs, nowMs)
      tally.looks += count
      if (isTaken(code)) tally.chosen += count
      else if (count > 0) {
        const { example, lastAtMs } = reason
        tally.reasons.push({ code, count, lastAtMs, example })
      }
    }
    tally.reasons.sort(
      (left, right) => right.count - left.count || (left.code < right.code ? -1 : 1)
    )
    return tally
  }

  peers(): string[] {
    return [...this.#workers.keys()]
  }

  #noteOne(selection: Selection, candidate: Candidate, nowMs: number): void {
    const code = selection.codeOf(candidate)
    const reason = this.#reasonOf(candidate.peerId, code, nowMs)
    const span = Math.floor(nowMs / IDLE_SPAN_MS)
    clearPassed(reason, span)
    const slot = span % SPAN_COUNT
    reason.counts[slot] = (reason.counts[slot] ?? 0) + 1
    reason.lastAtMs = nowMs
    if (nowMs - reason.exampleAtMs < EXAMPLE_MS) return
    reason.example = selection.reasonOf(candidate)
    reason.exampleAtMs = nowMs
  }

  #reasonOf(peerId: string, code: string, nowMs: number): Reason {
    let codes = this.#workers.get(peerId)
    if (codes === undefined) {
      codes = new Map()
      if (this.#workers.size >= LIMITS.directoryWorkersMax) {
        const [oldest] = this.#workers.keys()
        if (oldest !== undefined) this.#workers.delete(oldest)
      }
      this.#workers.set(peerId, codes)
    }
    let reason = codes.get(code)
    if (reason === undefined) {
      reason = {
        counts: new Uint32Array(SPAN_COUNT),
        lastAtMs: nowMs,
        example: '',
        exampleAtMs: -Infinity
      }
      codes.set(code, reason)
    }
    return reason
  }
}

export function isTaken(code: string): boolean {
  return code === 'PICKED' || code === 'EXPLORED'
}

/** What is left in the ring from more than an hour ago. */
function clearPassed({ counts, lastAtMs }: Reason, span: number): void {
  const last = Math.floor(lastAtMs / IDLE_SPAN_MS)
  const passed = Math.min(SPAN_COUNT, span - last)
  for (let back = 0; back < passed; back += 1) counts[(span - back) % SPAN_COUNT] = 0
}

function countSince({ counts, lastAtMs }: Reason, sinceMs: number, nowMs: number): number {
  const last = Math.floor(lastAtMs / IDLE_SPAN_MS)
  const earliest = Math.max(
    Math.floor(sinceMs / IDLE_SPAN_MS),
    Math.floor(nowMs / IDLE_SPAN_MS) - SPAN_COUNT + 1,
    last - SPAN_COUNT + 1
  )
  let sum = 0
  for (let span = earliest; span <= last; span += 1) sum += counts[span % SPAN_COUNT] ?? 0
  return sum
}
