/** Finds the member that is meant by a part of its peer id, among those that the mesh knows. */
import { MeshError } from '../core/errors.ts'
import { publicKeyOfPeer } from '../core/peer-keys.ts'
import { withoutEllipsis } from './render.ts'
import type { KnownMember } from './operator-visit.ts'

/** @throws MeshError NODE_NOT_FOUND, ID_AMBIGUOUS */
export function memberOf(text: string, members: readonly KnownMember[]): KnownMember {
  const part = withoutEllipsis(text)
  const found = members.filter(({ peer_id: id }) => id.startsWith(part) || id.endsWith(part))
  const [member] = found
  if (member === undefined) {
    throw new MeshError('NODE_NOT_FOUND', `nobody in the mesh goes by "${part}"`, {
      path: 'peer',
      hint: '`taskmesh node list --members` shows who is known; a whole peer id can be banned unseen'
    })
  }
  if (found.length === 1) return member
  throw new MeshError('ID_AMBIGUOUS', `"${part}" names ${found.length} members`, {
    path: 'peer',
    hint: 'write more letters of its peer id'
  })
}

/** Its peer id. Whole ones need not be known. @throws MeshError NODE_NOT_FOUND, ID_AMBIGUOUS */
export function peerMeant(text: string, members: readonly KnownMember[]): string {
  return publicKeyOfPeer(text) === undefined ? memberOf(text, members).peer_id : text
}
