/**
 * The first words on every connection: whoever has dialled shows its certificate and sees the other's. Peers that
 * met stay introduced for as long as they are connected.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { RecentMap } from '../core/recent-map.ts'
import { unlessAborted } from '../core/abort.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { CommandBinding } from '../protocol/command-binding.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { Connection, PeerId } from '@libp2p/interface'
import type { Credentials } from './credentials.ts'
import type { Logger } from '../observe/logger.ts'
import type { Members } from '../membership/members.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Notices } from '../membership/notices.ts'
import type { Startable } from '../core/startable.ts'

export interface IntroductionsComponents {
  binding: () => Pick<CommandBinding, 'ask'>
  credentials: Credentials
  logger: Logger
  members: Members
  node: MeshNode
  notices: Notices
  /** Called when a peer knows of other bans than this node does. */
  onDifference: (peer: string) => void
  /** Called when a peer has shown its certificate, whoever began. */
  onMet: (peer: string) => void
}

const ANSWER_TIMEOUT_MS = 10_000

export class Introductions implements Startable {
  readonly #components: IntroductionsComponents
  /** Of connected peers: who has seen our certificate, or is about to. */
  readonly #met = new RecentMap<string, Promise<void>>(LIMITS.membersMax)
  readonly #controller = new AbortController()

  constructor(components: IntroductionsComponents) {
    this.#components = components
    // Certificates that have changed are shown anew.
    components.credentials.onRenewed(() => void this.#meetAllAgain())
  }

  async start(): Promise<void> {
    const { libp2p } = this.#components.node
    libp2p.addEventListener('connection:open', this.#onOpen)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  async stop(): Promise<void> {
    const { libp2p } = this.#components.node
    libp2p.removeEventListener('connection:open', this.#onOpen)
    libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#controller.abort(new MeshError('STOPPING', 'this node is stopping'))
  }

  handlers(): CommandHandlers {
    return {
      INTRODUCE: async ({ certificate, notices: digest }, { remotePeer }) => {
        const { credentials, members, notices, onDifference, onMet } = this.#components
        await members.admit(remotePeer, certificate)
        this.#met.set(remotePeer, Promise.resolve())
        onMet(remotePeer)
        if (digest !== notices.digest) onDifference(remotePeer)
        const own = credentials.certificate
        return {
          result: { ...(own === undefined ? {} : { certificate: own }), notices: notices.digest }
        }
      }
    }
  }

  /** Resolves when both know who the other is. @throws as `Access.introduce` */
  async meet(peer: string, options: AbortOptions = {}): Promise<void> {
    const known = this.#met.get(peer)
    const meeting = known ?? this.#begin(peer)
    await unlessAborted(meeting, options)
    this.#components.members.require(peer)
  }

  #begin(peer: string): Promise<void> {
    const meeting = this.#introduce(peer)
    this.#met.set(peer, meeting)
    meeting.catch((cause: unknown) => {
      if (this.#met.get(peer) === meeting) this.#met.delete(peer)
      const { code, message } = MeshError.from(cause)
      this.#components.logger.debug({ peer, code, why: message }, 'not introduced')
    })
    return meeting
  }

  async #introduce(peer: string): Promise<void> {
    const { binding, credentials, members, notices, onDifference, onMet } = this.#components
    const { certificate } = credentials
    if (certificate === undefined) {
      throw new MeshError('NOT_A_MEMBER', 'this node has not joined its mesh yet')
    }
    const shown = await binding().ask(
      peer,
      'INTRODUCE',
      { certificate, notices: notices.digest },
      { timeoutMs: ANSWER_TIMEOUT_MS, signal: this.#controller.signal }
    )
    if (shown.certificate === undefined) {
      throw new MeshError('NOT_A_MEMBER', `${peer} belongs to no mesh`, {
        hint: 'start it with --join TOKEN'
      })
    }
    await members.admit(peer, shown.certificate)
    onMet(peer)
    if (shown.notices !== notices.digest) onDifference(peer)
  }

  async #meetAllAgain(): Promise<void> {
    for (const peer of this.#components.node.libp2p.getPeers().map(String)) {
      if (this.#components.members.of(peer) !== undefined) this.#begin(peer)
    }
  }

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    if (detail.direction !== 'outbound' || this.#met.has(peer)) return
    if (this.#components.credentials.certificate !== undefined) void this.#begin(peer)
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#met.delete(detail.toString())
  }
}
