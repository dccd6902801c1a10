/** The time, once a second: for whatever shows how long ago something was. */
import { signal } from '@preact/signals'
import { systemClock } from '../../core/clock.ts'
import type { ReadonlySignal } from '@preact/signals'

const now = signal(systemClock.wallMs())

/** Reading it draws the reader anew each second. */
export const nowMs: ReadonlySignal<number> = now

setInterval(() => {
  if (!document.hidden) now.value = systemClock.wallMs()
}, 1_000)
document.addEventListener('visibilitychange', () => (now.value = systemClock.wallMs()))
