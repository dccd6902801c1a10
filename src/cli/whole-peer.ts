/** Finds the worker that is meant by a part of its peer id, among those that the router has seen. */
import { withoutEllipsis } from './render.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ApiClient } from '../client/api-client.ts'

/** What tables show is the end of an id; the router wants whole ones here. One that names no worker, or several, stays as it is. */
export async function wholePeer(
  text: string,
  client: Pick<ApiClient, 'reputation'>,
  options: AbortOptions
): Promise<string> {
  const part = withoutEllipsis(text)
  const found = (await client.reputation(options)).filter(
    ({ peer_id }) => peer_id.startsWith(part) || peer_id.endsWith(part)
  )
  return found.length === 1 ? (found[0]?.peer_id ?? part) : part
}
