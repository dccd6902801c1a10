/** A router's API with its door to the mesh, in front of fake services, and peers that ask by it. */
import { ApiClient } from '../../src/client/api-client.ts'
import { createPeerFetch, peerUrl } from '../../src/protocol/http/peer-fetch.ts'
import { startApi } from './start-api.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { ApiServerInit } from '../../src/http/server.ts'
import type { PeerCallers } from '../../src/http/peer-door.ts'
import type { RunningApi } from './start-api.ts'
import type { SpawnedNode } from './spawn-mesh.ts'

export interface PeerApi extends RunningApi {
  /** How another node asks it, with a token or without. */
  askedBy: (node: SpawnedNode, token?: string) => ApiClient
  fetchOf: (node: SpawnedNode) => (path: string, init?: RequestInit) => Promise<Response>
}

/** @param scopeOf by default everybody may operate */
export async function startPeerApi(
  router: SpawnedNode,
  scopeOf: PeerCallers['scopeOf'] = () => 'operate',
  init: Partial<ApiServerInit> = {}
): Promise<PeerApi> {
  const api = await startApi(init, { peers: { link: router.node, scopeOf } })
  const url = peerUrl(router.peer)
  return {
    ...api,
    askedBy: (node, token) => new ApiClient({ url, token }, { fetch: fetchBy(node) }),
    fetchOf: (node) => (path, request) => fetchBy(node)(`${url}${path}`, request)
  }
}

function fetchBy({ access, node: link }: SpawnedNode): typeof globalThis.fetch {
  return createPeerFetch({ access, clock: systemClock, link })
}
