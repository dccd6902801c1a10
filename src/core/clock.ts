/**
 * Time, as something that is handed in, so that a test or a simulation can own it.
 * The only place that reads the system's clocks and sets its timers.
 */

/** Cancels a timer; calling it twice does nothing. */
export type CancelTimer = () => void

export interface Clock {
  /** Milliseconds since 1970: for records that people read, never for measuring. */
  wallMs(): number
  /** Milliseconds from an arbitrary start that never jump: for durations. */
  monotonicMs(): number
  /** Calls back once. A system timer never keeps the process alive by itself. */
  after(delayMs: number, callback: () => void): CancelTimer
  /** Calls back again and again until cancelled. */
  every(periodMs: number, callback: () => void): CancelTimer
}

/** Node's timers overflow above this (some 24 days) and would fire at once; longer ones go in steps. */
const TIMER_MS_MAX = 2_147_483_647

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    let timer = loose(setTimeout(onTime, Math.min(delayMs, TIMER_MS_MAX)))
    let leftMs = delayMs - TIMER_MS_MAX
    function onTime(): void {
      if (leftMs <= 0) return callback()
      timer = loose(setTimeout(onTime, Math.min(leftMs, TIMER_MS_MAX)))
      leftMs -= TIMER_MS_MAX
    }
    return () => clearTimeout(timer)
  },
  every(periodMs, callback) {
    const timer = loose(setInterval(callback, periodMs))
    return () => clearInterval(timer)
  }
}

/** It keeps no process alive; in a browser there is none, and a timer is a number. */
function loose(timer: NodeJS.Timeout): NodeJS.Timeout {
  if (typeof timer === 'object') timer.unref()
  return timer
}

/**
 * Whole milliseconds since 1970 that never jump: the wall clock at the start plus the monotonic time since.
 * What is remembered across restarts needs dates, what is subtracted must not leap; this is both.
 */
export function steadyTime(clock: Clock): () => number {
  const originMs = clock.wallMs() - clock.monotonicMs()
  return () => Math.floor(originMs + clock.monotonicMs())
}
