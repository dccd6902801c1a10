/**
 * A visitor to the mesh: joins as a peer with a passing identity, dials, asks, watches, and leaves.
 * What `taskmesh dial`, `command` and `peers` are made of, and any program that wants no HTTP.
 */
import { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import type { CommandBinding } from '../protocol/command-binding.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import { givenNetworkKey } from '../network/wire/network-key.ts'
import { PeerTracker } from '../network/paths/peer-tracker.ts'
import { MeshError } from '../core/errors.ts'
import { silentLogger } from '../observe/logger.ts'
import { deferred, sleep, withTimeLimit } from '../core/abort.ts'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { createVisitor } from '../enrolment/linked-node.ts'
import { startVisit } from '../enrolment/visit-start.ts'
import { strangerVisit } from '../enrolment/visit.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { CommandName, Params, Result } from '../protocol/commands.ts'
import type { Exchange } from '../model/generated/envelope.ts'
import type { Logger } from '../observe/logger.ts'
import type { PeerChange } from '../network/paths/peer-tracker.ts'
import type { PeerId } from '@libp2p/interface'
import type { PeerView } from '../model/generated/api-peer.ts'
import type { Visit } from '../enrolment/visit.ts'

export interface MeshClientInit extends AbortOptions {
  /** Multiaddrs, with or without `/p2p/<id>`. Without any, only peers named by address can be reached. */
  bootstrap?: readonly string[] | undefined
  /** Multiaddrs to listen on; none by default. */
  listen?: readonly string[]
  /** Waits to be let in for as long as it takes. @default false */
  isPatient?: boolean
  /** Who it is. @default a stranger with a passing identity, for meshes that take anyone */
  visit?: Visit | undefined
  logger?: Logger
  /** File with the key of a private network, if a join token has not brought it. */
  networkKeyFile?: string | undefined
}

/** Who answered at an address, and how. */
export interface DialReport {
  peer_id: string
  address: string
  agent: string | null
  protocols: string[]
  /** From the dial to the secured, identified connection. */
  connect_ms: number
  /** Round trips, each in milliseconds. */
  ping_ms: number[]
}

const DEFAULT_TIMEOUT_MS = 15_000
const PINGS = 4

interface Parts {
  node: MeshNode
  binding: CommandBinding
  tracker: PeerTracker
  stop: () => Promise<void>
}

/**
 * @example
 * const client = await MeshClient.connect({ bootstrap: ['/ip4/127.0.0.1/tcp/51820'] })
 * const { response } = await client.sendAndWait(peerId, 'GET_CAPABILITIES', {})
 * await client.close()
 */
export class MeshClient {
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Joins the mesh; waits until a bootstrap has answered, if any were named.
   * @throws MeshError PEER_UNREACHABLE when none of the bootstraps answers in time
   */
  static async connect(init: MeshClientInit = {}): Promise<MeshClient> {
    const { listen = [], logger = silentLogger, visit = await strangerVisit() } = init
    const bootstrap = [...new Set([...(init.bootstrap ?? []), ...(visit.entry?.bootstrap ?? [])])]
    const { binding, membership, node } = await createVisitor(visit, {
      contacts: bootstrap,
      listen,
      logger,
      networkKey: givenNetworkKey(init.networkKeyFile)
    })
    const clock = systemClock
    const tracker = new PeerTracker({ node, clock })
    const keeper = new BootstrapKeeper({ node, clock, logger, random: systemRandom }, bootstrap)
    const parts = [node, binding, ...membership.parts, tracker, keeper]
    const stop = await startVisit(parts, membership, init)
    const client = new MeshClient({ node, binding, tracker, stop })
    try {
      if (bootstrap.length > 0) await client.#joined(keeper, bootstrap, init)
      return client
    } catch (cause) {
      await stop()
      throw cause
    }
  }

  get selfPeer(): string {
    return this.#parts.node.selfPeer
  }

  /**
   * Connects by multiaddr or peer id and says who is there.
   * @throws MeshError PEER_UNREACHABLE, FIELD_INVALID
   */
  async connectToPeer(target: string, options: AbortOptions = {}): Promise<DialReport> {
    const { node } = this.#parts
    const { ping } = node.libp2p.services
    return await this.#limited(`${target} did not answer`, options, async (signal) => {
      const startedAtMs = systemClock.monotonicMs()
      const connection = await node.connect(target, { signal })
      const about = await this.#identified(connection.remotePeer, { signal })
      const connectMs = systemClock.monotonicMs() - startedAtMs
      const pingMs: number[] = []
      for (let count = 0; count < PINGS; count += 1) {
        pingMs.push(await ping.ping(connection.remotePeer, { signal }))
      }
      return {
        peer_id: connection.remotePeer.toString(),
        address: connection.remoteAddr.toString(),
        ...about,
        connect_ms: connectMs,
        ping_ms: pingMs
      }
    })
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
    await this.#parts.stop()
  }

  /** @param peer peer id or multiaddr */
  async #peerAt(peer: string, options: AbortOptions): Promise<string> {
    if (!peer.startsWith('/')) return peer
    const { node } = this.#parts
    const message = `${peer} did not answer`
    return await this.#limited(message, options, (signal) => node.dial(peer, { signal }))
  }

  /** What a peer says of itself; libp2p asks it on every new connection, and asking twice is refused. */
  async #identified(
    peer: PeerId,
    options: AbortOptions
  ): Promise<Pick<DialReport, 'agent' | 'protocols'>> {
    const { libp2p } = this.#parts.node
    const { promise, resolve, reject } = deferred<void>()
    const onIdentify = (event: CustomEvent<{ peerId: PeerId }>): void => {
      if (event.detail.peerId.equals(peer)) resolve()
    }
    libp2p.addEventListener('peer:identify', onIdentify)
    try {
      const isKnown = (await libp2p.peerStore.get(peer)).protocols.length > 0
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason), {
        once: true
      })
      if (!isKnown) await promise
      const { metadata, protocols } = await libp2p.peerStore.get(peer)
      const agent = metadata.get('AgentVersion')
      return {
        agent: agent === undefined ? null : new TextDecoder().decode(agent),
        protocols: protocols.toSorted()
      }
    } finally {
      libp2p.removeEventListener('peer:identify', onIdentify)
    }
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
