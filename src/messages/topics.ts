/**
 * Topics as people and programs use them: publish, subscribe, see what there is. Nothing is kept: who comes later has
 * missed what was said before.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { Pace } from '../core/pace.ts'
import { RecentMap } from '../core/recent-map.ts'
import { openTopic } from '../protocol/ids.ts'
import { sleep, whenAborted } from '../core/abort.ts'
import { AUTHOR_PACE } from './topic-gate.ts'
import { TopicNeighbours } from './topic-neighbours.ts'
import { Unread } from './unread.ts'
import { readTopicName, writeTopicMessage } from './topic-message.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Access } from '../protocol/access.ts'
import type { AnyJson, HeardMessage, TopicMessage } from './topic-message.ts'
import type { Clock } from '../core/clock.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { TopicHub } from './topic-hub.ts'

export interface TopicsComponents {
  access: Pick<Access, 'certificate' | 'memberOf'>
  clock: Clock
  hub: TopicHub
  node: MeshNode
}

export interface TopicsInit {
  namespace: string
  /** What this one calls itself. */
  name?: string | undefined
}

export interface PublishOptions extends AbortOptions {
  /** Publish where nobody is known to listen, too. @default false */
  anyway?: boolean
  /** For a listener that has just come to be known of. @default 3,000 */
  waitMs?: number
}

/** What became of a message. */
export interface Published {
  topic: string
  number: number
  at_ms: number
  /** Peers that it went to; each passes it on. */
  peers: string[]
}

/** A topic as it is seen from here. */
export interface TopicView {
  topic: string
  /** Connected peers that listen themselves. */
  listeners: number
  /** Connected peers that carry it for others, who listen. */
  carriers: number
}

const WAIT_MS = 3_000
const POLL_MS = 25

export class Topics {
  readonly #components: TopicsComponents
  readonly #init: TopicsInit
  readonly #neighbours: TopicNeighbours
  readonly #numbers = new RecentMap<string, number>(LIMITS.topicAuthorsMax)
  readonly #pace: Pace
  readonly #session: number

  constructor(components: TopicsComponents, init: TopicsInit) {
    this.#components = components
    this.#init = init
    this.#neighbours = new TopicNeighbours(components.node, init.namespace)
    this.#pace = new Pace(components.clock, {
      burst: AUTHOR_PACE.burst / 2,
      perSecond: AUTHOR_PACE.perSecond / 2
    })
    this.#session = components.clock.wallMs()
  }

  /**
   * Says something to all who listen now.
   * @throws MeshError NOBODY_LISTENS, REQUEST_TOO_LARGE, TOO_MANY_REQUESTS, FIELD_INVALID
   */
  async publish(topic: string, body: AnyJson, options: PublishOptions = {}): Promise<Published> {
    const { access, clock, node } = this.#components
    const { name, namespace } = this.#init
    readTopicName(topic)
    const { certificate } = access
    const said = {
      version: 1,
      namespace,
      topic,
      from: node.selfPeer,
      session: this.#session,
      at_ms: clock.wallMs(),
      ...(name === undefined ? {} : { name }),
      ...(certificate === undefined ? {} : { certificate }),
      body
    } as const
    // What cannot be said takes no number and nobody's time.
    writeTopicMessage({ ...said, number: 1 })
    if (options.anyway !== true) await this.#someone(topic, options)
    this.#requirePace()
    const message: TopicMessage = { ...said, number: this.#nextNumber(topic) }
    const bytes = writeTopicMessage(message)
    const { pubsub } = node.libp2p.services
    const { recipients } = await pubsub.publish(openTopic(namespace, topic), bytes)
    const peers = recipients.map(String)
    if (peers.length === 0 && options.anyway !== true) throw nobodyListens(topic)
    return { topic, number: message.number, at_ms: message.at_ms, peers }
  }

  /**
   * All that is said from now on, until the reader leaves its loop or the signal is aborted.
   * @throws MeshError FIELD_INVALID
   */
  subscribe(
    topic: string,
    { signal }: AbortOptions = {}
  ): AsyncIterableIterator<HeardMessage, undefined> {
    const { hub } = this.#components
    readTopicName(topic)
    const ends: (() => void)[] = []
    const unread = new Unread(() => {
      for (const end of ends.splice(0)) end()
    })
    ends.push(
      hub.listen((said) => {
        if (said.topic === topic) unread.push(this.#heard(said))
      }),
      hub.join(topic)
    )
    if (signal !== undefined) ends.push(whenAborted(signal, () => unread.end()))
    return unread
  }

  /** What connected peers listen to, or carry for others, by name. */
  list(): TopicView[] {
    return this.#neighbours
      .names()
      .map((topic) => ({ topic, ...this.#countsOf(topic) }))
      .filter(({ carriers, listeners }) => listeners + carriers > 0)
      .toSorted((left, right) => (left.topic < right.topic ? -1 : 1))
  }

  #countsOf(topic: string): Omit<TopicView, 'topic'> {
    const { carriers, listeners } = this.#neighbours.of(topic)
    return { listeners: listeners.length, carriers: carriers.size }
  }

  #heard({ at_ms, body, from, name, number, session, topic }: TopicMessage): HeardMessage {
    const role = this.#components.access.memberOf(from)?.role
    return {
      topic,
      from,
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role }),
      session,
      number,
      at_ms,
      body
    }
  }

  /** Who has just come has not heard yet who listens. */
  async #someone(topic: string, { signal, waitMs = WAIT_MS }: PublishOptions): Promise<void> {
    const { clock } = this.#components
    const untilMs = clock.monotonicMs() + waitMs
    const options = signal === undefined ? {} : { signal }
    for (;;) {
      const { carriers, listeners } = this.#countsOf(topic)
      if (listeners + carriers > 0) return
      if (clock.monotonicMs() >= untilMs) throw nobodyListens(topic)
      // oxlint-disable-next-line no-await-in-loop -- until somebody is there
      await sleep(clock, POLL_MS, options)
    }
  }

  #requirePace(): void {
    const { selfPeer } = this.#components.node
    if (this.#pace.take(selfPeer, 1)) return
    throw new MeshError('TOO_MANY_REQUESTS', 'this is more than one author may say on topics', {
      hint: `${AUTHOR_PACE.perSecond / 2} messages a second, ${AUTHOR_PACE.burst / 2} at once; put several into one`,
      retryAfterMs: this.#pace.waitMs(selfPeer, 1)
    })
  }

  #nextNumber(topic: string): number {
    const number = (this.#numbers.get(topic) ?? 0) + 1
    this.#numbers.set(topic, number)
    return number
  }
}

function nobodyListens(topic: string): MeshError {
  return new MeshError('NOBODY_LISTENS', `nobody listens to the topic "${topic}"`, {
    path: 'topic',
    hint: `start a listener: taskmesh topic subscribe ${topic}`
  })
}
