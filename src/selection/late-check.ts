/** When a worker that has said nothing of a task for too long is asked whether it is there, and how long it has for the answer. */
import type { Candidate } from './candidate.ts'

/** So many times what was expected may pass without a word, and no less than this. */
const LATE_FACTOR = 2
const LATE_MS_MIN = 100
/** An answer may take two round trips and this; a machine under full load more. */
const ANSWER_TRIPS = 2
const ANSWER_MS = 50
const ANSWER_MS_MIN = 1_000

/** For how long nothing need be heard of a task. */
export function lateAfterMs(expectedMs: number): number {
  return Math.max(LATE_MS_MIN, LATE_FACTOR * expectedMs)
}

/** For how long a worker may be silent when it is asked. */
export function answerWithinMs({ latencyMs = 0 }: Pick<Candidate, 'latencyMs'>): number {
  return Math.max(ANSWER_MS_MIN, ANSWER_TRIPS * latencyMs + ANSWER_MS)
}
