/**
 * Lets the hours of this process pass in seconds, for the libraries in it as well as for us: whatever waits for a
 * minute or more, and whatever is dated, goes by a clock that runs so many times faster. What takes seconds takes
 * seconds, as answers here take what they always take. The fast clock goes on in steps and never by itself: where the
 * machine is busy, all wait for each other, and nobody is late.
 */
import { performance } from 'node:perf_hooks'

export interface TimeLapseInit {
  /** How far the clock goes with each step. */
  stepMs: number
}

/** Between two steps, of real time. */
const TICK_MS = 8
/** Turns of the event loop that a step takes at the least: a question over the wire and its answer take some ten. */
const TURNS = 4
/** Timers from this on go by the fast clock. */
const LONG_MS = 60_000

interface LongTimer {
  dueMs: number
  periodMs: number | undefined
  callback: () => void
}

type Words = unknown[]
type SetTimer = (callback: (...words: Words) => void, delayMs?: number, ...words: Words) => unknown

const real = {
  Date,
  setTimeout,
  setInterval,
  clearTimeout,
  clearInterval,
  signalTimeout: AbortSignal.timeout.bind(AbortSignal)
}

export class TimeLapse {
  readonly #stepMs: number
  readonly #timers = new Map<object, LongTimer>()
  #nowMs = real.Date.now()
  #steppedAtMs = performance.now()
  #isOver = false

  constructor({ stepMs }: TimeLapseInit) {
    this.#stepMs = stepMs
  }

  /** Milliseconds since 1970, as all in this process see it. */
  get nowMs(): number {
    // Within a step as the real time goes on, so that nothing happens at the same time.
    const sinceMs = Math.floor(performance.now() - this.#steppedAtMs)
    return this.#nowMs + Math.min(sinceMs, this.#stepMs - 1)
  }

  begin(): void {
    const nowMs = (): number => this.nowMs
    globalThis.Date = class LapsedDate extends real.Date {
      constructor(...words: Words) {
        super(...((words.length === 0 ? [nowMs()] : words) as [number]))
      }
      static override now = nowMs
    } as DateConstructor
    globalThis.setTimeout = this.#setTimer(real.setTimeout as SetTimer, false) as never
    globalThis.setInterval = this.#setTimer(real.setInterval as SetTimer, true) as never
    globalThis.clearTimeout = this.#clearTimer(real.clearTimeout) as never
    globalThis.clearInterval = this.#clearTimer(real.clearInterval) as never
    AbortSignal.timeout = (delayMs) => this.#signal(delayMs)
    this.#isOver = false
    void this.#run()
  }

  end(): void {
    const { signalTimeout, ...globals } = real
    Object.assign(globalThis, globals)
    AbortSignal.timeout = signalTimeout
    this.#isOver = true
    this.#timers.clear()
  }

  /** Resolves once so much time has passed by the fast clock. */
  async pass(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#add({ dueMs: this.#nowMs + delayMs, periodMs: undefined, callback: resolve })
    })
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      this.#step()
      // One step after the other, however long the machine takes.
      /* oxlint-disable no-await-in-loop */
      await new Promise<void>((resolve) => void real.setTimeout(resolve, TICK_MS))
      for (let turn = 0; turn < TURNS; turn += 1) {
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
      /* oxlint-enable no-await-in-loop */
    }
  }

  #step(): void {
    this.#nowMs += this.#stepMs
    this.#steppedAtMs = performance.now()
    for (const [handle, timer] of this.#timers) {
      if (timer.dueMs > this.#nowMs) continue
      // What was late comes once, as with the system's timers.
      if (timer.periodMs === undefined) this.#timers.delete(handle)
      else timer.dueMs = this.#nowMs + timer.periodMs
      timer.callback()
    }
  }

  #setTimer(short: SetTimer, repeats: boolean): SetTimer {
    return (callback, delayMs = 0, ...words) => {
      if (delayMs < LONG_MS) return short(callback, delayMs, ...words)
      const periodMs = repeats ? delayMs : undefined
      const dueMs = this.#nowMs + delayMs
      return this.#add({ dueMs, periodMs, callback: () => callback(...words) })
    }
  }

  #add(timer: LongTimer): object {
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => false }
    this.#timers.set(handle, timer)
    return handle
  }

  #clearTimer(short: (timer: never) => void): (timer: never) => void {
    return (timer) => {
      if (!this.#timers.delete(timer)) short(timer)
    }
  }

  #signal(delayMs: number): AbortSignal {
    if (delayMs < LONG_MS) return real.signalTimeout(delayMs)
    const controller = new AbortController()
    const callback = (): void => controller.abort(new DOMException('timed out', 'TimeoutError'))
    this.#add({ dueMs: this.#nowMs + delayMs, periodMs: undefined, callback })
    return controller.signal
  }
}
