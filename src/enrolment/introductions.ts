/**
 * The first words on every connection: whoever has dialled shows its certificate and sees the other's, and so does
 * the other before it says anything of its own accord: only who was answered knows that it was understood. Peers
 * that met stay introduced for as long as they are connected.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { Pace } from '../core/pace.ts'
import { RecentMap } from '../core/recent-map.ts'
import { isForged } from '../membership/signed-claims.ts'
import { unlessAborted } from '../core/abort.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { CommandBinding } from '../protocol/command-binding.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { Connection, PeerId } from '@libp2p/interface'
import type { Credentials } from './credentials.ts'
import type { Exclusion } from './exclusion.ts'
import type { IntroduceResult } from '../model/generated/commands-introduce.ts'
import type { Logger } from '../observe/logger.ts'
import type { Members } from '../membership/members.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Notices } from '../membership/notices.ts'
import type { Startable } from '../core/startable.ts'

export interface IntroductionsComponents {
  binding: () => Pick<CommandBinding, 'ask'>
  clock: Clock
  credentials: Credentials
  exclusion: Exclusion
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
/** Each costs two signatures to check. A peer needs one for each connection, and one when it has a new certificate. */
const PACE = { burst: 20, perSecond: 1 }

interface Meeting {
  over: Promise<void>
  isOver: boolean
}

export class Introductions implements Startable {
  readonly #components: IntroductionsComponents
  /** Of connected peers: who has answered to our certificate, or is about to. */
  readonly #meetings = new RecentMap<string, Meeting>(LIMITS.membersMax)
  readonly #pace: Pace
  readonly #controller = new AbortController()

  constructor(components: IntroductionsComponents) {
    this.#components = components
    this.#pace = new Pace(components.clock, PACE)
    // Certificates that have changed are shown anew.
    components.credentials.onRenewed(() => this.#meetAllAgain())
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
        const { credentials, notices, onDifference, onMet } = this.#components
        this.#requirePace(remotePeer)
        await this.#admit(remotePeer, certificate)
        onMet(remotePeer)
        if (digest !== notices.digest) onDifference(remotePeer)
        const own = credentials.certificate
        if (own === undefined) throw notYetJoined()
        return { result: { certificate: own, notices: notices.digest } }
      }
    }
  }

  /** Resolves when both know who the other is. @throws as `Access.introduce` */
  async meet(peer: string, options: AbortOptions = {}): Promise<void> {
    const { members } = this.#components
    const known = this.#meetings.get(peer)
    // What the peer has shown may have run out since, and it may have another by now.
    const isGood = known !== undefined && !(known.isOver && members.of(peer) === undefined)
    await unlessAborted((isGood ? known : this.#begin(peer)).over, options)
    members.require(peer)
  }

  #begin(peer: string): Meeting {
    const end = (): void => {
      meeting.isOver = true
    }
    const meeting: Meeting = { over: this.#introduce(peer).then(end), isOver: false }
    this.#meetings.set(peer, meeting)
    meeting.over.catch((cause: unknown) => {
      if (this.#meetings.get(peer) === meeting) this.#meetings.delete(peer)
      const { code, message } = MeshError.from(cause)
      this.#components.logger.debug({ peer, code, why: message }, 'not introduced')
    })
    return meeting
  }

  #requirePace(peer: string): void {
    if (this.#pace.take(peer, 1)) return
    throw new MeshError('TOO_MANY_REQUESTS', 'you have shown a certificate often enough for now')
  }

  /** What nobody of the mesh has signed was made up; anything else may be an honest node in the wrong place. */
  async #admit(peer: string, certificate: string): Promise<void> {
    const { members, node } = this.#components
    try {
      await members.admit(peer, certificate)
    } catch (cause) {
      if (isForged(cause)) node.complain(peer, MeshError.from(cause))
      throw cause
    }
  }

  async #introduce(peer: string): Promise<void> {
    const { exclusion, notices, onDifference, onMet } = this.#components
    const shown = await this.#show(peer)
    exclusion.welcomed(peer)
    if (shown.certificate === undefined) {
      throw new MeshError('NOT_A_MEMBER', `${peer} belongs to no mesh`, {
        hint: 'start it with --join TOKEN'
      })
    }
    await this.#admit(peer, shown.certificate)
    onMet(peer)
    if (shown.notices !== notices.digest) onDifference(peer)
  }

  /** Of two connections by one address libp2p cuts off the second as soon as it is open: there still is the first. */
  async #show(peer: string): Promise<IntroduceResult> {
    try {
      return await this.#ask(peer)
    } catch (cause) {
      const isCutOff = MeshError.from(cause).code === 'PEER_UNREACHABLE'
      if (!isCutOff || !this.#components.node.isConnected(peer)) throw cause
      return await this.#ask(peer)
    }
  }

  async #ask(peer: string): Promise<IntroduceResult> {
    const { binding, credentials, exclusion, notices } = this.#components
    const { certificate } = credentials
    if (certificate === undefined) throw notYetJoined()
    const own = { certificate, notices: notices.digest }
    const options = { timeoutMs: ANSWER_TIMEOUT_MS, signal: this.#controller.signal }
    try {
      return await binding().ask(peer, 'INTRODUCE', own, options)
    } catch (cause) {
      exclusion.refused(peer, MeshError.from(cause))
      throw cause
    }
  }

  /** Also whom this node has dialled before it had a certificate to show: the bootstrap that has just given it one. */
  #meetAllAgain(): void {
    const { members, node } = this.#components
    const peers = node.libp2p
      .getConnections()
      .map(({ direction, remotePeer }) => ({ direction, peer: remotePeer.toString() }))
      .filter(({ direction, peer }) => direction === 'outbound' || members.of(peer) !== undefined)
      .map(({ peer }) => peer)
    for (const peer of new Set(peers)) this.#begin(peer)
  }

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    if (detail.direction !== 'outbound' || this.#meetings.get(peer)?.isOver === false) return
    // Whoever answers there may have been started anew since we met.
    if (this.#components.credentials.certificate !== undefined) this.#begin(peer)
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#meetings.delete(detail.toString())
  }
}

function notYetJoined(): MeshError {
  return new MeshError('NOT_A_MEMBER', 'this node has not joined its mesh yet')
}
