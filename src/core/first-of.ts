/**
 * Several ways to the same: each begins a little after the one before it, or as soon as that has failed, and the
 * first that gets there ends the others. One that leads nowhere costs no more than that little.
 */
import { MeshError } from './errors.ts'
import { deferred, whenAborted } from './abort.ts'
import type { CancelTimer, Clock } from './clock.ts'

export interface FirstOfInit {
  clock: Clock
  signal: AbortSignal
  /** How much later the next way begins, while those before it are still under way. */
  staggerMs: number
  /** What to throw when all have failed: with their errors, in the order in which they failed. */
  failure: (errors: readonly MeshError[]) => MeshError
}

/** @throws what `failure` makes of it; the signal's reason */
export async function firstOf<Way, Result>(
  ways: readonly Way[],
  work: (way: Way, signal: AbortSignal) => Promise<Result>,
  { clock, failure, signal, staggerMs }: FirstOfInit
): Promise<Result> {
  signal.throwIfAborted()
  if (ways.length === 0) throw failure([])
  const { promise, reject, resolve } = deferred<Result>()
  const over = new AbortController()
  const errors: MeshError[] = []
  const left = ways.values()
  let cancel: CancelTimer | undefined

  function begin(): void {
    cancel?.()
    const { done, value } = left.next()
    if (done === true || over.signal.aborted) return
    cancel = clock.after(staggerMs, begin)
    work(value, over.signal).then(resolve, (cause: unknown) => {
      errors.push(MeshError.from(cause))
      if (errors.length === ways.length) reject(failure(errors))
      else begin()
    })
  }

  const forget = whenAborted(signal, () => reject(signal.reason))
  begin()
  try {
    return await promise
  } finally {
    forget()
    cancel?.()
    over.abort(new MeshError('STOPPING', 'another way was faster'))
  }
}
