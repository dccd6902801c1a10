/**
 * The client library in Node.js: a visitor to the mesh that joins as a peer with a passing identity, dials, asks, watches,
 * hands in jobs, and leaves. `taskmesh dial`, `command` and `peers` are made of it. `browser/` has the one for tabs.
 */
import { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import type { CommandBinding } from '../protocol/command-binding.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import { givenNetworkKey } from '../network/wire/network-key.ts'
import { PeerTracker } from '../network/paths/peer-tracker.ts'
import { MeshError } from '../core/errors.ts'
import { silentLogger } from '../observe/logger.ts'
import { sleep, withTimeLimit } from '../core/abort.ts'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { createVisitor } from '../enrolment/linked-node.ts'
import { startVisit } from '../enrolment/visit-start.ts'
import { findVisit, strangerVisit } from '../enrolment/visit.ts'
import { ApiClient } from './api-client.ts'
import { MeshWork, notAPeer } from './mesh-work.ts'
import { createMeshTalk } from './mesh-talk.ts'
import { createPeerFetch } from '../protocol/http/peer-fetch.ts'
import { expandHome } from '../config/compile.ts'
import { findRouter } from './router-search.ts'
import { homeSigner } from '../enrolment/home-signer.ts'
import { Recipes } from './recipes.ts'
import { reportDial } from './dial-report.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ApiClientInit } from './api-caller.ts'
import type { DialReport } from './dial-report.ts'
import type { RouterReach } from './mesh-work.ts'
import type { CommandName, Params, Result } from '../protocol/commands.ts'
import type { Exchange } from '../model/generated/envelope.ts'
import type { MeshTalk, Messages } from './mesh-talk.ts'
import type { Signer } from '../receipts/signer.ts'
import type { Topics } from '../messages/topics.ts'
import type { Logger } from '../observe/logger.ts'
import type { PeerChange } from '../network/paths/peer-tracker.ts'
import type { PeerView } from '../model/generated/api-peer.ts'
import type { Visit } from '../enrolment/visit.ts'

export interface MeshClientInit extends AbortOptions {
  /** Multiaddrs, with or without `/p2p/<id>`. Without any, only peers named by address can be reached. */
  bootstrap?: readonly string[] | undefined
  /** Multiaddrs to listen on; none by default. */
  listen?: readonly string[]
  /** Waits to be let in for as long as it takes. @default false */
  isPatient?: boolean
  /** The text of a join token for a client or an operator. It is exchanged once; what comes of it is kept in `home`. */
  join?: string | undefined
  /** Whose member it is: that of this folder, such as `~/.taskmesh`, whose authority or earlier token counts, and whose key signs recipes. @default nobody's */
  home?: string | undefined
  /** The router to use: its PeerId, or a multiaddr of it. @default one that is found */
  router?: string | undefined
  /** Who it is, where that is known. @default as `join` and `home` say; else a stranger, for meshes that take anyone */
  visit?: Visit | undefined
  logger?: Logger
  /** The mesh within the mesh whose routers it uses and whose topics it hears. @default that of its token or certificate, else `default` */
  namespace?: string | undefined
  /** What it calls itself in messages. @default nothing */
  name?: string | undefined
  /** Others may connect to it, through a relay where it cannot be dialled: for those that take messages. @default false */
  isReachable?: boolean
  /** File with the key of a private network, if a join token has not brought it. */
  networkKeyFile?: string | undefined
}

/** Of a client that calls one router's HTTP API. */
export interface MeshCallerInit extends Omit<ApiClientInit, 'url'> {
  /** By whose key it signs recipes: that of this folder, such as `~/.taskmesh`. @default it signs none */
  home?: string | undefined
}

const DEFAULT_TIMEOUT_MS = 15_000
/** Two places, so that one relay may go; and a direct way where there is one. */
const REACHABLE = { relays: 2, punches: true } as const

interface Parts {
  node: MeshNode
  binding: CommandBinding
  tracker: PeerTracker
  talk: MeshTalk
  stop: () => Promise<void>
}

/**
 * A program's way into a mesh: as a peer of it, by its bootstraps, or as a caller of one router's HTTP API.
 * @example
 * const client = await MeshClient.connect(['/ip4/127.0.0.1/tcp/51820'], 'default')
 * const answer = await client.run({ task: { engine: 'javascript', source: 'function main (n) { return n * n }', input: 7 } })
 * await client.close()
 */
export class MeshClient extends MeshWork implements AsyncDisposable {
  /** Job templates of the namespace, signed by their authors: `list`, `get`, `run`, `publish`, `retract`, `refuse`. */
  readonly recipes: Recipes
  readonly #held: Parts | undefined

  private constructor(reach: RouterReach, home: string | undefined, parts?: Parts) {
    super(reach)
    this.#held = parts
    const router = this.api.bind(this)
    this.recipes = new Recipes({ router, signer: () => signerAt(home) })
  }

  /**
   * Joins the mesh as a peer; waits until a bootstrap has answered, if any were named. A router of the namespace is looked for
   * when there is something for it to do.
   * @param bootstraps multiaddrs, with or without `/p2p/<id>`
   * @throws MeshError PEER_UNREACHABLE when none of the bootstraps answers in time; NOT_A_MEMBER and its kin
   * @example
   * const client = await MeshClient.connect('/dns4/mesh.example/tcp/51820', 'photos', { home: '~/.taskmesh', join: token })
   */
  static async connect(
    bootstraps: string | readonly string[],
    namespace?: string,
    init?: Omit<MeshClientInit, 'bootstrap' | 'namespace'>
  ): Promise<MeshClient>
  /**
   * Calls a router's HTTP API, and is no peer itself.
   * @example
   * const client = await MeshClient.connect('http://127.0.0.1:51880', { token })
   */
  static async connect(url: string, init: MeshCallerInit): Promise<MeshClient>
  /**
   * As the first, with everything by its name.
   * @example
   * const client = await MeshClient.connect({ bootstrap: ['/ip4/127.0.0.1/tcp/51820'] })
   */
  static async connect(init?: MeshClientInit): Promise<MeshClient>
  static async connect(
    to: string | readonly string[] | MeshClientInit = {},
    second?: string | MeshCallerInit,
    init: MeshClientInit = {}
  ): Promise<MeshClient> {
    if (typeof to === 'string' && /^https?:/.test(to)) {
      const { home, ...caller } = (second ?? {}) as MeshCallerInit
      const api = new ApiClient({ ...caller, url: to })
      return new MeshClient(async () => api, home)
    }
    if (typeof to !== 'string' && !Array.isArray(to)) return await this.#join(to as MeshClientInit)
    const namespace = second as string | undefined
    return await this.#join({ ...init, bootstrap: [to].flat() as string[], namespace })
  }

  static async #join(init: MeshClientInit): Promise<MeshClient> {
    const { listen = [], logger = silentLogger, visit = await visitOf(init) } = init
    const bootstrap = [...new Set([...(init.bootstrap ?? []), ...(visit.entry?.bootstrap ?? [])])]
    const linked = await createVisitor(visit, {
      contacts: bootstrap,
      listen,
      logger,
      ...(init.isReachable === true ? { reach: REACHABLE } : {}),
      networkKey: givenNetworkKey(init.networkKeyFile)
    })
    const { binding, membership, node } = linked
    const clock = systemClock
    const namespace = init.namespace ?? visit.entry?.namespace ?? 'default'
    const ask = (...words: Parameters<MeshClient['ask']>): ReturnType<MeshClient['ask']> =>
      client.ask(...words)
    const talk = createMeshTalk({ ...linked, clock, ask }, { namespace, name: init.name })
    linked.server.register(talk.handlers)
    const tracker = new PeerTracker({ node, clock })
    const keeper = new BootstrapKeeper({ node, clock, logger, random: systemRandom }, bootstrap)
    const parts = [node, binding, ...membership.parts, ...talk.parts, tracker, keeper]
    const stop = await startVisit(parts, membership, init)
    const fetch = createPeerFetch({ ...linked, clock, link: node })
    const reach: RouterReach = async (options) => {
      const router = init.router && (await client.#peerAt(init.router, options))
      return await findRouter({ fetch, logger, node }, { namespace, router }, options)
    }
    const held = { node, binding, tracker, talk, stop }
    const client: MeshClient = new MeshClient(reach, init.home, held)
    try {
      if (bootstrap.length > 0) await client.#joined(keeper, bootstrap, init)
      return client
    } catch (cause) {
      await stop()
      throw cause
    }
  }

  /** @throws MeshError CONFIG_INVALID for a client that came by HTTP, as all that only a peer can do */
  get selfPeer(): string {
    return this.#parts.node.selfPeer
  }

  /** What all hear who listen. */
  get topics(): Topics {
    return this.#parts.talk.topics
  }

  /** What goes to one peer, and comes from one. */
  get messages(): Messages {
    return this.#parts.talk.messages
  }

  /** Where it can be reached now; those through relays come once one has given it a place. */
  addresses(): string[] {
    return this.#parts.node.addresses()
  }

  /**
   * Connects by multiaddr or peer id and says who is there.
   * @throws MeshError PEER_UNREACHABLE, FIELD_INVALID
   */
  async connectToPeer(target: string, options: AbortOptions = {}): Promise<DialReport> {
    const { node } = this.#parts
    return await this.#limited(`${target} did not answer`, options, (signal) =>
      reportDial(node.libp2p, () => node.connect(target, { signal }), { signal })
    )
  }

  /**
   * Sends one command and waits for its answer, whole; the peer's own error is inside the response.
   * @param peer peer id (looked up in the DHT) or multiaddr
   * @throws MeshError PEER_UNREACHABLE, RESPONSE_TIMED_OUT, RESPONSE_INVALID
   */
  async sendAndWait(
    peer: string,
    command: string,
    params: object,
    options: AbortOptions & { timeoutMs?: number } = {}
  ): Promise<Exchange> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const { signal } = options
    const id = await this.#peerAt(peer, options)
    return await this.#parts.binding.call(id, command, params, { timeoutMs, signal, to: id })
  }

  /**
   * Sends one command and gives back its result, checked.
   * @throws MeshError as `sendAndWait`, and what the peer answers as an error
   */
  async ask<C extends CommandName>(
    peer: string,
    command: C,
    params: Params<C>,
    options: AbortOptions & { timeoutMs?: number } = {}
  ): Promise<Result<C>> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const id = await this.#peerAt(peer, options)
    return await this.#parts.binding.ask(id, command, params, { ...options, timeoutMs })
  }

  /** Peers connected now. */
  peers(): PeerView[] {
    return this.#parts.tracker.list()
  }

  /** Calls back at every connect, disconnect and measurement. @returns what ends it */
  watchPeers(onEvent: (event: PeerChange) => void): () => void {
    return this.#parts.tracker.watch(onEvent)
  }

  async close(): Promise<void> {
    await this.#held?.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #parts(): Parts {
    if (this.#held === undefined) throw notAPeer('PeerId, and no other peers')
    return this.#held
  }

  /** @param peer peer id or multiaddr */
  async #peerAt(peer: string, options: AbortOptions): Promise<string> {
    if (!peer.startsWith('/')) return peer
    const { node } = this.#parts
    const message = `${peer} did not answer`
    return await this.#limited(message, options, (signal) => node.dial(peer, { signal }))
  }

  async #joined(
    keeper: BootstrapKeeper,
    bootstrap: readonly string[],
    options: AbortOptions
  ): Promise<void> {
    const message = `none of the bootstraps answers: ${bootstrap.join(', ')}`
    await this.#limited(message, options, async (signal) => {
      while (!keeper.isConnected) await sleep(systemClock, 20, { signal })
    })
  }

  async #limited<T>(
    message: string,
    options: AbortOptions,
    work: (signal: AbortSignal) => Promise<T>
  ): Promise<T> {
    const limit = {
      clock: systemClock,
      timeoutMs: DEFAULT_TIMEOUT_MS,
      code: 'PEER_UNREACHABLE'
    } as const
    try {
      return await withTimeLimit({ ...limit, message, signal: options.signal }, work)
    } catch (cause) {
      throw MeshError.from(cause, 'PEER_UNREACHABLE')
    }
  }
}

/** A key that is gone with the program could never publish the next revision. */
async function signerAt(home: string | undefined): Promise<Signer> {
  if (home !== undefined) return await homeSigner(expandHome(home))
  throw new MeshError(
    'CONFIG_INVALID',
    'recipes are signed by a key that lasts, and this client has none',
    {
      path: 'home',
      hint: "connect with a home: MeshClient.connect(…, { home: '~/.taskmesh' })"
    }
  )
}

async function visitOf({ bootstrap = [], home, join }: MeshClientInit): Promise<Visit> {
  if (home === undefined && join === undefined) return await strangerVisit()
  const folder = expandHome(home ?? '~/.taskmesh')
  return await findVisit({ home: folder, join, bootstrap, nowMs: systemClock.wallMs() })
}
