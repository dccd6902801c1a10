/**
 * Judges what is published on presence topics before this node takes it in or passes it on: size and
 * pace first, the costly signature last. Garbage stops at the first node that it reaches.
 */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { Pace } from '../core/pace.ts'
import type { Message } from '@libp2p/gossipsub'
import type { Access } from '../protocol/access.ts'
import type { Clock } from '../core/clock.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { PresenceKind, PresenceNews } from './presence-kind.ts'

/** A node gathers for longer than this before it publishes again; who is faster is heard less. */
const PACE_MS = 100

/** Publishers never heard of before that one neighbour may bring: each costs two signatures, and a key is made in no time. */
const NEWCOMERS = { burst: 2_000, perSecond: 100 }

/** What no version publishes; anything else that cannot be read may be a newer one's. */
const LIES: ReadonlySet<string> = new Set([
  'FROM_MISMATCH',
  'REQUEST_NOT_JSON',
  'REQUEST_TOO_DEEP',
  'REQUEST_TOO_LARGE'
] satisfies ErrorCode[])

export interface PresenceGateComponents {
  access: Pick<Access, 'memberOf' | 'vouchesFor'>
  node: MeshNode
  clock: Clock
}

interface Heard {
  seq: number
  atMs: number
}

export class PresenceGate<T extends PresenceNews> {
  readonly #components: PresenceGateComponents
  readonly #kind: PresenceKind<T>
  /** Publishers by the time of their last good news, oldest first. */
  readonly #heard = new Map<string, Heard>()
  readonly #news = new WeakMap<Message, T>()
  readonly #newcomers: Pace

  constructor(components: PresenceGateComponents, kind: PresenceKind<T>) {
    this.#components = components
    this.#newcomers = new Pace(components.clock, NEWCOMERS)
    this.#kind = kind
  }

  /** Judges all that comes on a namespace's topic from now on. */
  guard(namespace: string): void {
    const { topicValidators } = this.#components.node.libp2p.services.pubsub
    topicValidators.set(
      this.#kind.topic(namespace),
      async (neighbour, message) => await this.judge(namespace, message, neighbour.toString())
    )
  }

  release(namespace: string): void {
    this.#components.node.libp2p.services.pubsub.topicValidators.delete(this.#kind.topic(namespace))
  }

  /** What a message says that was let in. */
  newsOf(message: Message): T | undefined {
    return this.#news.get(message)
  }

  /**
   * Rejects what no honest node sends, ignores what is old or comes too fast.
   * @param neighbour who has passed it on
   */
  async judge(
    namespace: string,
    message: Message,
    neighbour: string
  ): Promise<TopicValidatorResult> {
    if (message.type !== 'signed') return TopicValidatorResult.Reject
    if (message.data.byteLength > this.#kind.bytesMax) return TopicValidatorResult.Reject
    const publisher = message.from.toString()
    const nowMs = this.#components.clock.monotonicMs()
    const heard = this.#heard.get(publisher)
    if (heard !== undefined && nowMs - heard.atMs < PACE_MS) return TopicValidatorResult.Ignore
    if (heard === undefined && !this.#newcomers.take(neighbour, 1)) {
      return TopicValidatorResult.Ignore
    }
    let news: T
    try {
      news = await this.#kind.open(message.data)
    } catch (cause) {
      return isLie(cause) ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore
    }
    if (news.namespace !== namespace || news.peer_id !== publisher) {
      return TopicValidatorResult.Reject
    }
    if (heard !== undefined && news.seq <= heard.seq) return TopicValidatorResult.Ignore
    // Whoever passed it on may not have heard of a ban yet, or of another role.
    if (!(await this.#mayPublish(publisher, news))) return TopicValidatorResult.Ignore
    this.#remember(publisher, { seq: news.seq, atMs: nowMs })
    this.#news.set(message, news)
    return TopicValidatorResult.Accept
  }

  async #mayPublish(publisher: string, { certificate }: T): Promise<boolean> {
    const { access } = this.#components
    // A beat comes without a certificate: it counts once its publisher has shown one.
    const isKnown = certificate === undefined && access.memberOf(publisher) !== undefined
    if (!isKnown && !(await access.vouchesFor(publisher, certificate))) return false
    const member = access.memberOf(publisher)
    return member === undefined || this.#kind.roles.includes(member.role)
  }

  #remember(publisher: string, heard: Heard): void {
    this.#heard.delete(publisher)
    this.#heard.set(publisher, heard)
    if (this.#heard.size <= LIMITS.directoryWorkersMax) return
    const [oldest] = this.#heard.keys()
    if (oldest !== undefined) this.#heard.delete(oldest)
  }
}

function isLie(cause: unknown): boolean {
  return cause instanceof MeshError && LIES.has(cause.code)
}
