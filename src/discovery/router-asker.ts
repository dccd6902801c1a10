/**
 * Asks routers who has a file: those among the connected peers, and where there is none, some that the DHT
 * names. Which peers serve no such question is remembered, as a node does not change its role.
 */
import { COMMANDS } from '../protocol/commands.ts'
import { findRouters } from './find-routers.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import type { FindNodesResult } from '../model/generated/commands-find-nodes.ts'
import type { HolderNews } from './holder-news.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { SessionService } from '../protocol/session-service.ts'

export interface RouterAskerComponents {
  node: MeshNode
  sessions: Pick<SessionService, 'open'>
  logger: Logger
}

/** They all follow the same nodes. */
const ROUTERS_MAX = 3
/** Peers of which it is not known what they are, asked in one round. */
const STRANGERS_MAX = 16
const ANSWER_TIMEOUT_MS = 10_000
const LOOKUP_TIMEOUT_MS = 15_000

export class RouterAsker {
  readonly #components: RouterAskerComponents
  readonly #namespace: string
  readonly #routers = new Set<string>()
  readonly #others = new Set<string>()

  constructor(components: RouterAskerComponents, { namespace }: { namespace: string }) {
    this.#components = components
    this.#namespace = namespace
  }

  /** One round. Never rejects. */
  async ask(fileId: string, news: HolderNews, signal: AbortSignal): Promise<void> {
    const answers = await Promise.all(
      this.#connected().map((peer) => this.#askOne(peer, { fileId, news, signal }))
    )
    if (answers.some(Boolean) || signal.aborted) return
    const search = { countMax: ROUTERS_MAX, others: this.#others, timeoutMs: LOOKUP_TIMEOUT_MS }
    const namespace = this.#namespace
    for (const peer of await findRouters(this.#components, { ...search, namespace, signal })) {
      // oxlint-disable-next-line no-await-in-loop -- one that answers is enough
      if (await this.#askOne(peer, { fileId, news, signal })) return
    }
  }

  /** Routers first. */
  #connected(): string[] {
    const peers = this.#components.node.libp2p.getPeers().map(String)
    const routers = peers.filter((peer) => this.#routers.has(peer))
    if (routers.length > 0) return routers.slice(0, ROUTERS_MAX)
    return peers.filter((peer) => !this.#others.has(peer)).slice(0, STRANGERS_MAX)
  }

  /** @returns whether it is a router, and has answered */
  async #askOne(
    peer: string,
    { fileId, news, signal }: { fileId: string; news: HolderNews; signal: AbortSignal }
  ): Promise<boolean> {
    const { logger, node } = this.#components
    try {
      const holders = await this.#request(peer, fileId, signal)
      noteOne(this.#routers, peer)
      const others = holders.filter((holder) => holder.peer_id !== node.selfPeer)
      for (const { addresses = [], peer_id } of others) {
        // oxlint-disable-next-line no-await-in-loop -- a note in memory
        await node.learnAddresses(peer_id, addresses)
      }
      news.listed(
        peer,
        others.map((holder) => holder.peer_id)
      )
      return true
    } catch (cause) {
      const { code } = MeshError.from(cause)
      if (code === 'COMMAND_NOT_SERVED' || code === 'COMMAND_UNKNOWN') noteOne(this.#others, peer)
      this.#routers.delete(peer)
      if (!signal.aborted)
        logger.debug({ peer, fileId, code }, 'a peer does not say who has a file')
      return false
    }
  }

  async #request(
    peer: string,
    fileId: string,
    signal: AbortSignal
  ): Promise<NonNullable<FindNodesResult['holders']>> {
    const session = await this.#components.sessions.open(peer, { signal })
    const answer = await session.request(
      { command: 'FIND_NODES', params: { file_hash: fileId } },
      { signal, timeoutMs: ANSWER_TIMEOUT_MS }
    )
    if (answer.error !== undefined) throw answer.error
    return COMMANDS.FIND_NODES.checkResult(answer.result).holders ?? []
  }
}

/** Peers come and go without end. */
function noteOne(peers: Set<string>, peer: string): void {
  peers.add(peer)
  const [oldest] = peers
  if (oldest !== undefined && peers.size > LIMITS.directoryWorkersMax) peers.delete(oldest)
}
