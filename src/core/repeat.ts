/** The same work again and again, at times that differ a little, so that many nodes do not do it all at once. */
import { sleep } from './abort.ts'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

export interface Repetition {
  clock: Clock
  random: Random
  /** Between two times, jittered by a third; asked anew each time where it changes. */
  periodMs: number | (() => number)
  signal: AbortSignal
}

/** At once, and then until the signal. Never rejects, and neither may the work. */
export async function repeat(
  { clock, periodMs, random, signal }: Repetition,
  work: () => Promise<void>
): Promise<void> {
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await work()
    const jitter = 2 / 3 + (2 / 3) * random.next()
    const pauseMs = jitter * (typeof periodMs === 'number' ? periodMs : periodMs())
    // oxlint-disable-next-line no-await-in-loop -- only the signal ends it early
    await sleep(clock, pauseMs, { signal }).catch(() => {})
  }
}
