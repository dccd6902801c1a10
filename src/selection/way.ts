/**
 * How long bytes are on their way to a worker and back: by what was measured on the path there, or by what such
 * paths usually carry. Pure.
 */
import type { Candidate } from './candidate.ts'
import type { PathKind } from '../model/generated/api-peer.ts'

/**
 * Bytes a millisecond that a path is taken to carry until something was moved by it: 2 Gbit/s within a machine,
 * 400 Mbit/s on a local network, 100 Mbit/s to whoever can be dialled, 40 Mbit/s between two homes behind NATs, 8 Mbit/s
 * through a relay, which others share.
 */
const ASSUMED_BYTES_PER_MS: Readonly<Record<PathKind, number>> = {
  local: 250_000,
  lan: 50_000,
  direct: 12_500,
  punched: 5_000,
  relayed: 1_000
}

/** Where nobody is connected, the next dial may find any way; most find a direct one. */
const PATH_ASSUMED: PathKind = 'direct'

/** What a candidate's way there is about. */
export type WayFacts = Pick<Candidate, 'path' | 'bytesPerMsTo' | 'bytesPerMsFrom'>

/** How long so many bytes take to get there. */
export function sendMs({ bytesPerMsTo, path }: WayFacts, bytes: number): number {
  return bytes / (bytesPerMsTo ?? assumed(path))
}

/** How long so many take to come back. */
export function returnMs({ bytesPerMsFrom, path }: WayFacts, bytes: number): number {
  return bytes / (bytesPerMsFrom ?? assumed(path))
}

function assumed(path: PathKind | undefined): number {
  return ASSUMED_BYTES_PER_MS[path ?? PATH_ASSUMED]
}
