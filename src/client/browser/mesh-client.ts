/**
 * The client library in a browser's tab: the same as in Node.js but for what a page cannot do. It is a peer of the mesh over
 * WebSockets, or calls the router that has given the page out by HTTP.
 */
import { ApiClient } from '../api-client.ts'
import { COMMAND_PROTOCOL_V1 } from '../../protocol/ids.ts'
import { MeshWork, notAPeer } from '../mesh-work.ts'
import { OPEN_ACCESS } from '../../protocol/access.ts'
import { TabNode } from './tab-node.ts'
import { createPeerFetch } from '../../protocol/http/peer-fetch.ts'
import { exchange, requestOf } from '../../protocol/command-call.ts'
import { findRouter } from '../router-search.ts'
import { readResponse } from './read-response.ts'
import { reportDial } from '../dial-report.ts'
import { systemClock } from '../../core/clock.ts'
import { withTimeLimit } from '../../core/abort.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { DialReport } from '../dial-report.ts'
import type { Exchange } from '../../model/generated/envelope.ts'
import type { RouterReach } from '../mesh-work.ts'

export interface TabClientInit extends AbortOptions {
  /** The router to use: its PeerId, or a multiaddr of it. @default one that is found */
  router?: string | undefined
}

const TIMEOUT_MS = 15_000
const SILENT = { debug: () => {} }

/**
 * @example
 * const client = await MeshClient.connect('/dns4/mesh.example/tcp/443/tls/ws', 'photos')
 * const answer = await client.run({ task: { engine: 'javascript', source: 'function main (n) { return n * n }', input: 7 } })
 */
export class MeshClient extends MeshWork implements AsyncDisposable {
  readonly #held: TabNode | undefined
  #nextRequest = 1

  private constructor(reach: RouterReach, node?: TabNode) {
    super(reach)
    this.#held = node
  }

  /**
   * Joins the mesh as a peer with a passing identity, in a mesh that takes anyone.
   * @param bootstraps multiaddrs with `/ws`
   * @throws MeshError PEER_UNREACHABLE when none of the bootstraps answers in time
   */
  static async connect(
    bootstraps: string | readonly string[],
    namespace?: string,
    init?: TabClientInit
  ): Promise<MeshClient>
  /** Calls a router's HTTP API: that of the page's own origin, as it answers no page of another. */
  static async connect(url: string, init: { token?: string }): Promise<MeshClient>
  static async connect(
    to: string | readonly string[],
    second: string | { token?: string } = 'default',
    init: TabClientInit = {}
  ): Promise<MeshClient> {
    if (typeof to === 'string' && /^https?:/.test(to)) {
      const api = new ApiClient({ url: to, ...(second as { token?: string }) })
      return new MeshClient(async () => api)
    }
    return await this.#join([to].flat(), second as string, init)
  }

  static async #join(
    bootstraps: readonly string[],
    namespace: string,
    { router, signal }: TabClientInit
  ): Promise<MeshClient> {
    const node = await TabNode.create(bootstraps)
    try {
      await timely({ signal }, (inTime) => node.join({ signal: inTime }))
    } catch (cause) {
      await node.stop()
      throw cause
    }
    const fetch = createPeerFetch({ access: OPEN_ACCESS, clock: systemClock, link: node })
    const reach: RouterReach = async (options) => {
      const named = router?.startsWith('/') === true ? await node.connect(router, options) : router
      const peer = typeof named === 'object' ? named.remotePeer.toString() : named
      return await findRouter({ fetch, logger: SILENT, node }, { namespace, router: peer }, options)
    }
    return new MeshClient(reach, node)
  }

  /** @throws MeshError CONFIG_INVALID for a client that came by HTTP, as all that only a peer can do */
  get selfPeer(): string {
    return this.#node.selfPeer
  }

  /**
   * Connects by multiaddr or peer id and says who is there.
   * @throws MeshError PEER_UNREACHABLE, FIELD_INVALID
   */
  async connectToPeer(target: string, options: AbortOptions = {}): Promise<DialReport> {
    const node = this.#node
    return await timely(options, (signal) =>
      reportDial(node.libp2p, () => node.connect(target, { signal }), { signal })
    )
  }

  /**
   * Sends one command and waits for its answer, whole; the peer's own error is inside the response.
   * @throws MeshError PEER_UNREACHABLE, RESPONSE_TIMED_OUT, RESPONSE_INVALID
   */
  async sendAndWait(
    peer: string,
    command: string,
    params: object,
    options: AbortOptions & { timeoutMs?: number } = {}
  ): Promise<Exchange> {
    const node = this.#node
    return await timely(options, async (signal) => {
      const to = peer.startsWith('/')
        ? (await node.connect(peer, { signal })).remotePeer.toString()
        : peer
      const id = `${this.#nextRequest++}`
      const nowMs = systemClock.wallMs()
      const request = requestOf({ id, command, params, from: node.selfPeer, to, nowMs })
      const stream = await node.openStream(to, COMMAND_PROTOCOL_V1, { signal })
      const response = await exchange(stream, request, { check: readResponse, signal })
      return { request, response }
    })
  }

  async close(): Promise<void> {
    await this.#held?.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #node(): TabNode {
    if (this.#held === undefined) throw notAPeer('PeerId, and no other peers')
    return this.#held
  }
}

async function timely<T>(
  { signal, timeoutMs = TIMEOUT_MS }: AbortOptions & { timeoutMs?: number },
  work: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  const message = `no answer came within ${timeoutMs} ms`
  const limit = { clock: systemClock, timeoutMs, code: 'RESPONSE_TIMED_OUT', message } as const
  return await withTimeLimit({ ...limit, signal }, work)
}
