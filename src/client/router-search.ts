/**
 * Finds a router of a namespace for a client that was given none: among the peers that it is connected to, and those that the
 * DHT names. Whoever answers as a router of that namespace is one.
 */
import { ApiClient } from './api-client.ts'
import { HTTP_PROTOCOL_V1 } from '../protocol/ids.ts'
import { MeshError } from '../core/errors.ts'
import { findRouters } from '../discovery/find-routers.ts'
import { peerUrl } from '../protocol/http/peer-fetch.ts'
import { sleep, withTimeLimit } from '../core/abort.ts'
import { systemClock } from '../core/clock.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { RouterFinding } from '../discovery/find-routers.ts'

export interface RouterSearchComponents extends RouterFinding {
  fetch: typeof globalThis.fetch
}

export interface RouterSearchInit {
  namespace: string
  /** The PeerId of the router, where it is known. */
  router?: string | undefined
  /** @default 15_000 */
  timeoutMs?: number | undefined
}

const TIMEOUT_MS = 15_000
/** One look at the DHT; a router that has just started is there within some seconds. */
const LOOK_MS = 5_000
const PAUSE_MS = 250
const ROUTERS_MAX = 4
/** A router that does not answer a question about its health in that time is none to hand a job to. */
const HEALTH_TIMEOUT_MS = 5_000

/**
 * @throws MeshError PEER_UNREACHABLE where none is found in time; what the one that was named answers; the signal's reason
 */
export async function findRouter(
  components: RouterSearchComponents,
  { namespace, router, timeoutMs = TIMEOUT_MS }: RouterSearchInit,
  { signal }: AbortOptions = {}
): Promise<ApiClient> {
  if (router !== undefined) return apiOf(router, components)
  const limit = {
    clock: systemClock,
    timeoutMs,
    code: 'PEER_UNREACHABLE',
    message: `no router of namespace "${namespace}" was found`,
    signal
  } as const
  return await withTimeLimit(limit, async (inTime) => {
    const passed = new Set<string>()
    for (;;) {
      /* oxlint-disable no-await-in-loop -- one look after the other */
      for await (const peer of candidates(components, namespace, inTime)) {
        const api = apiOf(peer, components)
        if (!passed.has(peer) && (await isRouterOf(api, namespace, inTime))) return api
        passed.add(peer)
      }
      await sleep(systemClock, PAUSE_MS, { signal: inTime })
      /* oxlint-enable no-await-in-loop */
    }
  })
}

function apiOf(peer: string, { fetch }: RouterSearchComponents): ApiClient {
  return new ApiClient({ url: peerUrl(peer) }, { fetch })
}

/** Connected peers that speak HTTP first: they cost nothing to find. */
async function* candidates(
  components: RouterSearchComponents,
  namespace: string,
  signal: AbortSignal
): AsyncGenerator<string, void, undefined> {
  const { libp2p } = components.node
  for (const id of libp2p.getPeers()) {
    // oxlint-disable-next-line no-await-in-loop -- a look into memory
    const { protocols } = await libp2p.peerStore.get(id)
    if (protocols.includes(HTTP_PROTOCOL_V1)) yield id.toString()
  }
  if (libp2p.getPeers().length === 0) return
  const search = { namespace, countMax: ROUTERS_MAX, timeoutMs: LOOK_MS, signal }
  yield* await findRouters(components, search)
}

async function isRouterOf(
  api: ApiClient,
  namespace: string,
  signal: AbortSignal
): Promise<boolean> {
  const timely = AbortSignal.any([signal, AbortSignal.timeout(HEALTH_TIMEOUT_MS)])
  try {
    const { namespace: served } = await api.health({ signal: timely })
    return served === namespace
  } catch (cause) {
    signal.throwIfAborted()
    // Whoever this mesh keeps out is kept out of every router of it.
    if (MeshError.from(cause).blame === 'caller') throw cause
    return false
  }
}
