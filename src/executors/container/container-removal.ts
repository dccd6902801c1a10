/**
 * Sees to it that a container is gone, by its name: also one that is only being made, also when podman
 * or docker hangs or fails. What can't be removed now is tried again and again, and nobody waits for it.
 */
import { deferred, sleep } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { ContainerCli } from './container-cli.ts'

export interface RemovalInit {
  name: string
  /** Whether the command that runs the container has ended. */
  hasClosed: () => boolean
  /** Resolves once it has. */
  closed: Promise<unknown>
  /** Makes that command end, if it does not by itself. */
  endChild: () => void
  /** Fires when it is no longer tried again. */
  signal: AbortSignal
}

export interface Departure {
  /** Only of a container that is still there: resolves once it is gone. */
  lingering?: Promise<void>
}

/** A container is made or taken down in less as a rule, on a busy machine too. */
const GONE_MS_MAX = 20_000
const RETRY_MS = 100
const LINGER_PERIOD_MS = 10_000

export async function removeContainer(
  { cli, clock }: { cli: ContainerCli; clock: Clock },
  { closed, endChild, hasClosed, name, signal }: RemovalInit
): Promise<Departure> {
  const deadlineMs = clock.monotonicMs() + GONE_MS_MAX
  while (clock.monotonicMs() < deadlineMs) {
    // Whatever was made before the command ended is there by now.
    const wasClosed = hasClosed()
    if ((await cli.remove([name])) && wasClosed) return {}
    await (wasClosed ? sleep(clock, RETRY_MS) : either(clock, closed, RETRY_MS))
  }
  endChild()
  if (await cli.remove([name])) return {}
  return { lingering: removeAtLast() }

  async function removeAtLast(): Promise<void> {
    while (!signal.aborted) {
      await sleep(clock, LINGER_PERIOD_MS, { signal }).catch(() => {})
      if (await cli.remove([name])) return
    }
  }
}

async function either(clock: Clock, promise: Promise<unknown>, delayMs: number): Promise<void> {
  const { promise: waited, resolve } = deferred<void>()
  const cancel = clock.after(delayMs, resolve)
  await Promise.race([promise, waited])
  cancel()
}
