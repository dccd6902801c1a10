/** Waiting for the end. */
import { once } from 'node:events'

/** Resolves when the signal is aborted. Something else (a server, a child) keeps the process alive. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
