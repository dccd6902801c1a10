/**
 * The time that a task sees. The engine asks its host for it, by `Date.now`, and nothing else does in a
 * sandbox host: so that is where the task's own clock stands, and all that the language says of time
 * follows it.
 */
import { RepeatableClock } from '../repeatable.ts'

let clock = new RepeatableClock(0)
Date.now = () => clock.lookUs() / 1_000

/** A new task's clock, which is what the engine sees from now on. */
export function startTaskClock(timeMs: number): RepeatableClock {
  clock = new RepeatableClock(timeMs)
  return clock
}
