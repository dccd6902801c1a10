/** What came of a fetch: a line for people that says who gave how much, all of it for programs. */
import { formatBytes, formatDuration } from '../../core/units.ts'
import { printable } from '../../core/plain-text.ts'
import { plural, shortPeer } from '../render.ts'
import { renderRate } from '../byte-amounts.ts'
import type { CommandContext } from '../command.ts'
import type { Got } from './getter.ts'
import type { PeerShare } from '../../files/transfer/shares.ts'
import type { Tally } from './tally.ts'

export interface FetchEnd {
  got: readonly Got[]
  tally: Tally
  tookMs: number
}

/** Peers named in the one line. */
const GIVERS_SHOWN = 5

/** @param isOnStdout the data itself is: then all that is said goes to stderr */
export function sayEnd({ args, output }: CommandContext, end: FetchEnd, isOnStdout = false): void {
  if (output.isForPrograms) {
    const report = reportOf(end)
    return isOnStdout ? output.noteRecord(report) : output.record(report)
  }
  output.note(lineOf(end))
  if (args.has('verbose')) for (const peer of end.tally.peers()) output.note(peerLine(peer))
  if (!isOnStdout) for (const { path } of end.got) output.line(path)
}

function reportOf({ got, tally, tookMs }: FetchEnd): object {
  const { fetchedBytes, resumedBytes } = tally.sum()
  return {
    files: got.map(({ fileCount, id, isOld, kind, path, sizeBytes }) => ({
      id,
      kind,
      path,
      size: sizeBytes,
      file_count: fileCount,
      was_there: isOld
    })),
    fetched_bytes: fetchedBytes,
    resumed_bytes: resumedBytes,
    ms: Math.round(tookMs),
    peers: tally.peers().map(({ bytes, peer, pieces, reason, state, wastedBytes }) => ({
      peer,
      state,
      bytes,
      pieces,
      wasted_bytes: wastedBytes,
      reason: reason ?? null
    }))
  }
}

/** `2.9GiB in 26s, 113MiB/s: 1.5GiB from …GYkZzB, 1.4GiB from …b8xPq2; 300MiB were here` */
function lineOf({ got, tally, tookMs }: FetchEnd): string {
  const { fetchedBytes, resumedBytes } = tally.sum()
  if (got.length > 0 && got.every(({ isOld }) => isOld)) return 'it is there already, and right'
  const givers = tally.peers().filter(({ bytes }) => bytes > 0)
  const shown = givers
    .slice(0, GIVERS_SHOWN)
    .map(({ bytes, peer }) => `${formatBytes(bytes)} from ${shortPeer(peer)}`)
  const more = givers.length - shown.length
  if (more > 0) shown.push(plural(more, 'more peer'))
  const rate = renderRate((1_000 * fetchedBytes) / Math.max(1, tookMs))
  const came = `${formatBytes(fetchedBytes)} in ${formatDuration(Math.round(tookMs))}, ${rate}`
  const from = shown.length === 0 ? '' : `: ${shown.join(', ')}`
  const resumed = resumedBytes > 0 ? `; ${formatBytes(resumedBytes)} were here` : ''
  return `${came}${from}${resumed}`
}

function peerLine({ bytes, peer, pieces, reason, state, wastedBytes }: PeerShare): string {
  const gave = `${formatBytes(bytes)} in ${plural(pieces, 'piece')}`
  const wasted = wastedBytes > 0 ? `, ${formatBytes(wastedBytes)} of no use` : ''
  return `  ${peer}  ${gave}${wasted}  ${state}${reason === undefined ? '' : `: ${printable(reason)}`}`
}
