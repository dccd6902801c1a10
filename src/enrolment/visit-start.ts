/** Starts a visitor's parts. Nodes wait for ever to be let in; whoever has typed a command is told after a while. */
import { startInOrder } from '../core/startable.ts'
import { systemClock } from '../core/clock.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Membership } from './mesh-membership.ts'
import type { Startable } from '../core/startable.ts'

export interface VisitStartInit extends AbortOptions {
  /** Waits as a node does. @default false */
  isPatient?: boolean | undefined
}

const PATIENCE_MS = 15_000

/**
 * @param parts in their order, those of the membership among them
 * @returns what stops them
 * @throws MeshError APPROVAL_PENDING, PEER_UNREACHABLE and what else has kept it from being let in; the signal's reason
 */
export async function startVisit(
  parts: readonly Startable[],
  membership: Membership,
  { isPatient = false, signal }: VisitStartInit
): Promise<() => Promise<void>> {
  const giveUp = (): void => {
    for (const part of membership.parts) void part.stop()
  }
  const cancel = isPatient ? () => {} : systemClock.after(PATIENCE_MS, giveUp)
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    return await startInOrder(parts)
  } catch (cause) {
    signal?.throwIfAborted()
    throw cause
  } finally {
    cancel()
    signal?.removeEventListener('abort', giveUp)
  }
}
