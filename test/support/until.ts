/** Waiting for a condition, with a deadline: what the harness and its tests do instead of sleeping. */
import { sleep } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'

/** Far above what anything here takes, even on a machine that does something else besides. */
const DEADLINE_MS = 90_000

const POLL_MS = 25

export interface UntilInit {
  /** @default 90_000 */
  deadlineMs?: number
  /** @default 25 */
  pollMs?: number
}

/**
 * Looks again and again until it holds, and gives what was seen then.
 * @param what names what is waited for, in case it never comes
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean,
  init: UntilInit = {}
): Promise<T> {
  const { deadlineMs = DEADLINE_MS, pollMs = POLL_MS } = init
  const endsAtMs = systemClock.monotonicMs() + deadlineMs
  for (;;) {
    // Each look waits for the one before it.
    /* oxlint-disable no-await-in-loop */
    const seen = await look()
    if (holds(seen)) return seen
    if (systemClock.monotonicMs() > endsAtMs) {
      throw new Error(`no ${what} within ${deadlineMs} ms; last seen: ${excerptOf(seen)}`)
    }
    await sleep(systemClock, pollMs)
    /* oxlint-enable no-await-in-loop */
  }
}

function excerptOf(seen: unknown): string {
  return (JSON.stringify(seen) ?? String(seen)).slice(0, 4_000)
}
