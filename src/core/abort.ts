/** Waiting that can be called off: timeouts and signals joined in one place. */
import { MeshError } from './errors.ts'
import type { Clock } from './clock.ts'
import type { ErrorCode } from './errors.ts'

export interface AbortOptions {
  signal?: AbortSignal | undefined
}

/** A promise together with its two ends. */
export type Deferred<T> = PromiseWithResolvers<T>

export function deferred<T>(): Deferred<T> {
  return Promise.withResolvers<T>()
}

/** Resolves after `delayMs`; rejects with the signal's reason if that comes first. */
export function sleep(clock: Clock, delayMs: number, options: AbortOptions = {}): Promise<void> {
  const { promise, resolve, reject } = deferred<void>()
  const { signal } = options
  if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
  const cancel = clock.after(delayMs, finish)
  function finish(): void {
    signal?.removeEventListener('abort', stop)
    resolve()
  }
  function stop(): void {
    cancel()
    reject(signal?.reason as Error)
  }
  signal?.addEventListener('abort', stop, { once: true })
  return promise
}

/** As the promise, unless the signal fires first: then it rejects with its reason, and what was waited for goes on. */
export async function unlessAborted<T>(promise: Promise<T>, { signal }: AbortOptions): Promise<T> {
  if (signal === undefined) return await promise
  signal.throwIfAborted()
  const { promise: stopped, reject } = deferred<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, stopped])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Calls the listener once the signal fires, at once if it has. @returns what ends the listening */
export function whenAborted(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener('abort', listener, { once: true })
  if (signal.aborted) listener()
  return () => signal.removeEventListener('abort', listener)
}

export interface TimeLimit {
  clock: Clock
  timeoutMs: number
  code: ErrorCode
  message: string
  signal?: AbortSignal | undefined
}

/**
 * Runs `work` with a signal that fires at the time limit or with the caller's own signal.
 * @throws MeshError with `limit.code` when the time is up, whether or not `work` listens to its signal.
 */
export async function withTimeLimit<T>(
  limit: TimeLimit,
  work: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  limit.signal?.throwIfAborted()
  const controller = new AbortController()
  const { promise: stopped, reject } = deferred<never>()
  const stop = (reason: unknown): void => {
    controller.abort(reason)
    reject(reason)
  }
  const onAbort = (): void => stop(limit.signal?.reason)
  const cancel = limit.clock.after(limit.timeoutMs, () =>
    stop(new MeshError(limit.code, limit.message))
  )
  limit.signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work(controller.signal), stopped])
  } finally {
    cancel()
    limit.signal?.removeEventListener('abort', onAbort)
  }
}
