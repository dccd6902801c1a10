/** Finds the worker that is meant by a part of its peer id, among those that the router has seen at work or knows now. */
import { MeshError } from '../core/errors.ts'
import { withoutEllipsis } from './render.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ApiClient } from '../client/api-client.ts'

/** So many letters are a whole id, which may be that of a worker of long ago. */
const WHOLE_LETTERS = 46

/**
 * What tables show is the end of an id; the router wants whole ones here.
 * @throws MeshError NODE_NOT_FOUND where it names no worker, or several
 */
export async function wholePeer(
  text: string,
  client: Pick<ApiClient, 'nodes' | 'reputation'>,
  options: AbortOptions
): Promise<string> {
  const part = withoutEllipsis(text)
  if (part.length >= WHOLE_LETTERS) return part
  const [seen, known] = await Promise.all([client.reputation(options), client.nodes({}, options)])
  const peers = new Set([...seen, ...known].map(({ peer_id }) => peer_id))
  const found = [...peers].filter((peer) => peer.startsWith(part) || peer.endsWith(part))
  const [peer] = found
  if (peer !== undefined && found.length === 1) return peer
  const what = found.length === 0 ? 'no worker' : `${found.length} workers`
  throw new MeshError('NODE_NOT_FOUND', `"${part}" names ${what}`, {
    path: 'peer',
    hint: 'name one by the first or last letters of its peer id, as `taskmesh node list` shows them'
  })
}
