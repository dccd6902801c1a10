/** To whom a node is connected, as it says it to those who may ask: what the graph of the mesh is drawn from. */
import { basename } from 'node:path'
import { LIMITS } from '../core/limits.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { GetLinksResult, NodeLink } from '../model/generated/commands-get-links.ts'
import type { NodeCore } from './node-core.ts'
import type { NodeFolder } from './node-folder.ts'
import type { PeerView } from '../model/generated/api-peer.ts'

/** As the schema of the command has it. */
const NAME_LETTERS_MAX = 64

type LinkParts = Pick<NodeCore, 'access' | 'tracker'>
type Self = Pick<GetLinksResult, 'name' | 'role'>

export function linkHandlers(core: LinkParts, self: Self): CommandHandlers {
  return { GET_LINKS: ({ limit }) => ({ result: ownLinks(core, self, limit) }) }
}

/** A node is called as its folder is. */
export function nameOf(folder: NodeFolder): string {
  return basename(folder.path).slice(0, NAME_LETTERS_MAX)
}

/** Members of its mesh first, then the newest. */
export function ownLinks(
  { access, tracker }: LinkParts,
  self: Self,
  limit: number = LIMITS.linksToldMax
): GetLinksResult {
  const peers = tracker.list().toReversed()
  const roleOf = ({ peer_id: peer }: PeerView) => access.memberOf(peer)?.role
  const isMember = (peer: PeerView): boolean => roleOf(peer) !== undefined
  const ranked = [...peers.filter(isMember), ...peers.filter((peer) => !isMember(peer))]
  const links = ranked.slice(0, limit).map((peer) => linkOf(peer, roleOf(peer)))
  const more = ranked.length - links.length
  return { ...self, links, ...(more === 0 ? {} : { more }) }
}

function linkOf(
  { latency_ms: latencyMs, path, peer_id: peer, relay }: PeerView,
  role: NodeLink['role']
): NodeLink {
  return {
    peer_id: peer,
    ...(role === undefined ? {} : { role }),
    path,
    ...(relay === undefined ? {} : { relay }),
    ...(latencyMs === null ? {} : { latency_ms: latencyMs })
  }
}
