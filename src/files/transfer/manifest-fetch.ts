/** Asks peers for a file's manifest, page by page, one peer after the other, until one gives the right one. */
import { MeshError, messageOf } from '../../core/errors.ts'
import { sleep, withTimeLimit } from '../../core/abort.ts'
import { ManifestGathering } from '../content/manifest-reading.ts'
import type { Clock } from '../../core/clock.ts'
import type { Candidates } from './candidates.ts'
import type { FileManifest } from '../content/manifest.ts'
import type { PieceSources } from './piece-sources.ts'

export interface ManifestFetchComponents {
  clock: Clock
  sources: Pick<PieceSources, 'askManifest'>
  candidates: Candidates
  onMisbehaviour: (peer: string, reason: string) => void
}

export interface FetchedManifest {
  manifest: FileManifest
  /** What the file is called where it came from. */
  name: string
}

const PAGE_TIMEOUT_MS = 10_000
/** Somebody who failed may be asked again by then. */
const POLL_MS = 50

/**
 * @param timeoutMs how long nobody may be there who has it
 * @throws MeshError FILE_UNAVAILABLE, or the signal's reason
 */
export async function fetchManifest(
  components: ManifestFetchComponents,
  fileId: string,
  { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number }
): Promise<FetchedManifest> {
  const { candidates, clock, onMisbehaviour } = components
  let lastFailure: string | undefined
  const endsAtMs = clock.monotonicMs() + timeoutMs
  while (clock.monotonicMs() < endsAtMs) {
    signal.throwIfAborted()
    const peer = candidates.take()
    // One after the other: the first is right, as a rule.
    /* oxlint-disable no-await-in-loop */
    if (peer === undefined) {
      await Promise.race([candidates.added, sleep(clock, POLL_MS, { signal })])
      continue
    }
    try {
      const fetched = await fetchFrom(components, { fileId, peer, signal })
      candidates.leave(peer, 'fine')
      return fetched
    } catch (cause) {
      signal.throwIfAborted()
      lastFailure = messageOf(cause)
      if (cause instanceof WrongManifest) {
        candidates.ban(peer)
        onMisbehaviour(peer, lastFailure)
      } else candidates.leave(peer, 'failed')
    }
    /* oxlint-enable no-await-in-loop */
  }
  const why =
    lastFailure === undefined
      ? `nobody is known to have ${fileId}`
      : `nobody gives the list of the pieces of ${fileId}: ${lastFailure}`
  throw new MeshError('FILE_UNAVAILABLE', why)
}

/** What the peer itself has wrong, in contrast to the way to it. */
class WrongManifest extends Error {}

async function fetchFrom(
  { clock, sources }: ManifestFetchComponents,
  { fileId, peer, signal }: { fileId: string; peer: string; signal: AbortSignal }
): Promise<FetchedManifest> {
  const limit = {
    clock,
    timeoutMs: PAGE_TIMEOUT_MS,
    code: 'RESPONSE_TIMED_OUT',
    message: 'a peer did not give its manifest in time',
    signal
  } as const
  let gathering: ManifestGathering | undefined
  for (;;) {
    const fromPiece = gathering?.next ?? 0
    // Each page begins where the one before it has ended.
    // oxlint-disable-next-line no-await-in-loop
    const answer = await withTimeLimit(limit, (inTime) =>
      sources.askManifest(peer, { fileId, fromPiece }, { signal: inTime })
    )
    try {
      if (answer.head.id !== fileId) throw new Error('it is of another file')
      gathering ??= new ManifestGathering(answer.head)
      const before = gathering.next
      if (before !== undefined) gathering.add(answer.page)
      if (gathering.next === undefined) {
        return { manifest: gathering.finish(), name: answer.name }
      }
      if (gathering.next === before) throw new Error('a page of it is empty')
    } catch (cause) {
      throw new WrongManifest(`its manifest is wrong: ${messageOf(cause)}`, { cause })
    }
  }
}
