/**
 * Judges what is said on topics before this node hears it or passes it on. That it is signed by who it says it is from,
 * gossip has checked already; here follow its pace, its time, its number, and whether its author belongs to the mesh.
 */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { Pace } from '../core/pace.ts'
import { RecentMap } from '../core/recent-map.ts'
import { NumberWindow } from './number-window.ts'
import { TOPIC_MESSAGE_BYTES_MAX, openTopicMessage } from './topic-message.ts'
import type { Message } from '@libp2p/gossipsub'
import type { Access } from '../protocol/access.ts'
import type { Clock } from '../core/clock.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { TopicMessage } from './topic-message.ts'

/** As far as clocks of good machines differ; what is older was said before, or waited too long. */
export const CLOCK_TOLERANCE_MS = 300_000

/** What one author may say, on all topics together: `Topics` keeps to half of it, so that no honest one is cut short. */
export const AUTHOR_PACE = { burst: 400, perSecond: 40 }
const AUTHOR_BYTES = { burst: 4 * 1_048_576, perSecond: 262_144 }

/** What no version publishes; anything else that cannot be read may be a newer one's. */
const LIES: ReadonlySet<string> = new Set([
  'REQUEST_NOT_JSON',
  'REQUEST_TOO_DEEP',
  'REQUEST_TOO_LARGE'
] satisfies ErrorCode[])

export interface TopicGateComponents {
  access: Pick<Access, 'memberOf' | 'vouchesFor'>
  clock: Clock
}

export class TopicGate {
  readonly #components: TopicGateComponents
  readonly #pace: Pace
  readonly #bytes: Pace
  /** By author and topic. */
  readonly #windows = new RecentMap<string, NumberWindow>(LIMITS.topicAuthorsMax)
  readonly #said = new WeakMap<Message, TopicMessage>()

  constructor(components: TopicGateComponents) {
    this.#components = components
    this.#pace = new Pace(components.clock, AUTHOR_PACE)
    this.#bytes = new Pace(components.clock, AUTHOR_BYTES)
  }

  /** What a message says that was let in. */
  saidBy(message: Message): TopicMessage | undefined {
    return this.#said.get(message)
  }

  /** Rejects what no honest node sends; ignores what is old, comes twice or too fast, or from outside the mesh. */
  async judge(
    topic: { namespace: string; name: string },
    message: Message
  ): Promise<TopicValidatorResult> {
    if (message.type !== 'signed') return TopicValidatorResult.Reject
    const { byteLength } = message.data
    if (byteLength > TOPIC_MESSAGE_BYTES_MAX) return TopicValidatorResult.Reject
    const author = message.from.toString()
    if (!this.#pace.take(author, 1) || !this.#bytes.take(author, byteLength)) {
      return TopicValidatorResult.Ignore
    }
    let said: TopicMessage
    try {
      said = openTopicMessage(message.data)
    } catch (cause) {
      return isLie(cause) ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore
    }
    const isMisplaced = said.namespace !== topic.namespace || said.topic !== topic.name
    if (said.from !== author || isMisplaced) return TopicValidatorResult.Reject
    if (!this.#isTimely(said)) return this.#ignoreEcho(author, byteLength)
    if (!(await this.#isMember(said))) return TopicValidatorResult.Ignore
    if (!this.#isNew(said)) return this.#ignoreEcho(author, byteLength)
    this.#said.set(message, said)
    return TopicValidatorResult.Accept
  }

  /** Anybody may say again what an author said once: that must not silence the author. */
  #ignoreEcho(author: string, bytes: number): TopicValidatorResult {
    this.#pace.giveBack(author, 1)
    this.#bytes.giveBack(author, bytes)
    return TopicValidatorResult.Ignore
  }

  #isTimely({ at_ms: atMs }: TopicMessage): boolean {
    return Math.abs(atMs - this.#components.clock.wallMs()) <= CLOCK_TOLERANCE_MS
  }

  async #isMember({ certificate, from }: TopicMessage): Promise<boolean> {
    const { access } = this.#components
    return access.memberOf(from) !== undefined || (await access.vouchesFor(from, certificate))
  }

  #isNew({ from, number, session, topic }: TopicMessage): boolean {
    const key = `${from}/${topic}`
    const known = this.#windows.get(key)
    if (known !== undefined && session < known.session) return false
    const window = known?.session === session ? known : new NumberWindow(session)
    this.#windows.set(key, window)
    return window.take(number)
  }
}

function isLie(cause: unknown): boolean {
  return cause instanceof MeshError && LIES.has(cause.code)
}
