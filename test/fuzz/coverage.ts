/**
 * Which blocks of `src/` have run so far, by V8's own precise block coverage. Asking for it costs a
 * millisecond or two, a thousand times what a small decoder takes: so it is asked for a batch of inputs, and of each
 * input only where the batch has reached something new.
 */
import { Session } from 'node:inspector'
import type { Profiler } from 'node:inspector'

/** What one question has shown to be new: positions in the text of scripts, by their number. */
export type NewBlocks = ReadonlyMap<string, readonly [from: number, to: number][]>

export class Coverage {
  readonly #session = new Session()
  /** Of each script's text, what has run. */
  readonly #seen = new Map<string, Uint8Array>()
  readonly #isOurs: (url: string) => boolean

  /** Counts what is loaded from now on: code that was compiled before has no counters. */
  constructor(isOurs: (url: string) => boolean) {
    this.#isOurs = isOurs
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  stop(): void {
    this.#session.disconnect()
  }

  /** Forgets what has run. */
  reset(): void {
    this.#post('Profiler.takePreciseCoverage')
    this.#seen.clear()
  }

  /** What has run since the last question and never before. It stays new until it is noted. */
  take(): NewBlocks {
    const { result } = this.#post('Profiler.takePreciseCoverage') as {
      result: Profiler.ScriptCoverage[]
    }
    const found = new Map<string, [number, number][]>()
    for (const { functions, scriptId, url } of result) {
      if (!this.#isOurs(url)) continue
      const fresh = newStretches(ranStretches(functions), this.#seen.get(scriptId))
      if (fresh.length > 0) found.set(scriptId, fresh)
    }
    return found
  }

  /** @returns how many blocks were new */
  note(blocks: NewBlocks): number {
    let count = 0
    for (const [script, stretches] of blocks) {
      const end = Math.max(...stretches.map(([, to]) => to))
      const seen = atLeast(this.#seen.get(script), end)
      this.#seen.set(script, seen)
      for (const [from, to] of stretches) seen.fill(1, from, to)
      count += stretches.length
    }
    return count
  }

  #post(method: string, params: object = {}): unknown {
    let answer: unknown
    this.#session.post(method, params, (error, result) => {
      if (error !== null) throw error
      answer = result
    })
    return answer
  }
}

/** The text that has run, as one byte for each letter: of ranges inside each other, the innermost counts. */
function ranStretches(functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const ranges = functions.flatMap((one) => one.ranges)
  ranges.sort(
    (left, right) => left.startOffset - right.startOffset || right.endOffset - left.endOffset
  )
  const ran = new Uint8Array(Math.max(0, ...ranges.map(({ endOffset }) => endOffset)))
  for (const { count, endOffset, startOffset } of ranges) {
    ran.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  }
  return ran
}

function newStretches(ran: Uint8Array, seen: Uint8Array | undefined): [number, number][] {
  const stretches: [number, number][] = []
  let from = -1
  for (let at = 0; at <= ran.length; at += 1) {
    const isNew = ran[at] === 1 && seen?.[at] !== 1
    if (isNew && from === -1) from = at
    if (isNew || from === -1) continue
    stretches.push([from, at])
    from = -1
  }
  return stretches
}

function atLeast(bytes: Uint8Array | undefined, length: number): Uint8Array {
  if (bytes !== undefined && bytes.length >= length) return bytes
  const longer = new Uint8Array(length)
  if (bytes !== undefined) longer.set(bytes)
  return longer
}
