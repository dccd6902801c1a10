/** Peers that somebody has named: their addresses become known here, so that they can be asked. */
import { peerOf } from '../../model/file-link.ts'
import type { FileSource } from '../../model/generated/commands-execute-task.ts'

export type LearnAddresses = (peer: string, addresses: readonly string[]) => Promise<void>

/** Those whom a link names, by addresses that end in their peer ids. */
export function sourcesAt(addresses: readonly string[]): FileSource[] {
  return addresses.map((address) => ({ peer_id: peerOf(address), addresses: [address] }))
}

/** @returns the peers, each once */
export async function learnPeers(
  named: readonly FileSource[],
  learnAddresses: LearnAddresses
): Promise<string[]> {
  await Promise.all(
    named.map(async ({ addresses = [], peer_id: peer }) => {
      // An address that is none, or not to be reached, is a hint that did not help.
      await learnAddresses(peer, addresses).catch(() => {})
    })
  )
  return [...new Set(named.map((source) => source.peer_id))]
}
