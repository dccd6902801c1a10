/** How long a worker that has fallen silent is waited for: as the job says, which may rather wait than run twice. */
import { MeshError } from '../core/errors.ts'
import { formatDuration } from '../core/units.ts'
import type { CandidateSource } from './ports.ts'
import type { Clock } from '../core/clock.ts'
import type { JobPlan } from '../model/job.ts'

export interface SilenceComponents {
  clock: Clock
  source: Pick<CandidateSource, 'whenReady'>
}

export interface Silence {
  workerId: string
  /** How it was noticed. */
  error: MeshError
  policy: JobPlan['onDisconnect']
  /** Aborted once the waiting is over for lack of patience. */
  patience: AbortController
  /** Aborted when nobody wants to know any more. */
  letGo: AbortSignal
  /** Whether the task is to end anyway. */
  isEnding: () => boolean
  /** It is waited for longer than somebody should have to look. */
  onAwaited: (lost: MeshError) => void
}

/** Waits until the worker is back, then gives nothing; or what it was lost by. */
export async function awaitWorker(
  { clock, source }: SilenceComponents,
  silence: Silence
): Promise<MeshError | undefined> {
  const { letGo, patience, policy, workerId } = silence
  const cancel = clock.after(policy.waitMs, () => onWaited(silence))
  const signal = AbortSignal.any([patience.signal, letGo])
  try {
    await source.whenReady(workerId, { signal })
    return undefined
  } catch (cause) {
    return letGo.aborted ? undefined : MeshError.from(cause)
  } finally {
    cancel()
  }
}

function onWaited({ error, isEnding, onAwaited, patience, policy }: Silence): void {
  const { then, waitMs } = policy
  const message = `nothing was heard of it for ${formatDuration(waitMs)}: ${error.message}`
  const lost = new MeshError(error.code === 'STOPPING' ? 'PEER_SILENT' : error.code, message)
  if (then === 'reroute' || isEnding()) patience.abort(lost)
  else onAwaited(lost)
}
