/** Whom a worker may ask first for what its task needs: those whom this router knows to have it, and those whom a link names. */
import type { FileSource } from '../model/generated/commands-execute-task.ts'
import type { HolderSource } from './ports.ts'
import type { NeededFiles } from '../model/job-inputs.ts'

/** As in `commands/execute-task.schema.json`; the worker looks for itself too. */
const SOURCES_MAX = 32
const ADDRESSES_MAX = 16
const ADDRESS_LETTERS_MAX = 512

/** An address that says whose it is. */
const PEER_ADDRESS = /\/p2p\/([1-9A-HJ-NP-Za-km-z]{40,70})$/

export async function findSources(
  { files, peers }: NeededFiles,
  holders: HolderSource
): Promise<FileSource[]> {
  if (files.length === 0) return []
  const known = await holders.holdersOf(files)
  return mergeSources([...namedByLinks(peers), ...known])
}

function namedByLinks(addresses: readonly string[]): FileSource[] {
  return addresses.flatMap((address) => {
    const peer = PEER_ADDRESS.exec(address)?.[1]
    return peer === undefined ? [] : [{ peer_id: peer, addresses: [address] }]
  })
}

/** Each peer once, with all its addresses. */
function mergeSources(sources: readonly FileSource[]): FileSource[] {
  const byPeer = new Map<string, Set<string>>()
  for (const { addresses = [], peer_id: peer } of sources) {
    const known = byPeer.get(peer) ?? new Set()
    if (byPeer.size >= SOURCES_MAX && !byPeer.has(peer)) continue
    for (const address of addresses) {
      if (address.length <= ADDRESS_LETTERS_MAX) known.add(address)
    }
    byPeer.set(peer, known)
  }
  return Array.from(byPeer, ([peer, addresses]) => ({
    peer_id: peer,
    ...(addresses.size === 0 ? {} : { addresses: [...addresses].slice(0, ADDRESSES_MAX) })
  }))
}
