/** A wait that holds the whole thread, as a guest that can't be left must wait, and looks up now and then. */
import { systemClock } from '../../core/clock.ts'

/** Often enough for logs that are read while they are written. */
const LOOK_PERIOD_MS = 20

const cell = new Int32Array(new SharedArrayBuffer(4))

/** Returns after that time, or as soon as it finds that it may not go on. */
export function waitWhile(mayGoOn: () => boolean, ms: number): void {
  const endMs = systemClock.monotonicMs() + ms
  for (;;) {
    const leftMs = endMs - systemClock.monotonicMs()
    if (leftMs <= 0 || !mayGoOn()) return
    Atomics.wait(cell, 0, 0, Math.min(leftMs, LOOK_PERIOD_MS))
  }
}
