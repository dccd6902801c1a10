/**
 * A room where people talk: a topic on which texts are what is said, and small objects who comes and who goes. Whoever
 * is not heard of for a while is gone.
 */
import { MeshError } from '../core/errors.ts'
import { RecentMap } from '../core/recent-map.ts'
import { repeat } from '../core/repeat.ts'
import { sleep } from '../core/abort.ts'
import { asRecord } from '../core/json.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { AnyJson, HeardMessage } from './topic-message.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Topics } from './topics.ts'

export interface ChatEvent {
  kind: 'came' | 'said' | 'went'
  from: string
  name?: string
  role?: string
  at_ms: number
  /** Of what was said: a text as it is, what else a program says as JSON. */
  text?: string
}

export interface ChatRoomComponents {
  topics: Pick<Topics, 'publish' | 'subscribe'>
  clock: Clock
  random: Random
}

/** Says that it is there still. */
const BEAT_MS = 30_000
/** Three that were lost. */
const SILENCE_MS = 100_000
/** Of a crowd not everybody need answer who asks who is there: the next beats tell. */
const ANSWERING_MAX = 64
const ANSWER_WITHIN_MS = 500
const PEOPLE_MAX = 1_000

type Person = Pick<ChatEvent, 'from' | 'name' | 'role'> & { heardAtMs: number }

export class ChatRoom {
  readonly #components: ChatRoomComponents
  readonly #room: string
  readonly #people = new RecentMap<string, Person>(PEOPLE_MAX)

  constructor(components: ChatRoomComponents, { room }: { room: string }) {
    this.#components = components
    this.#room = room
  }

  /** Who is here beside oneself. */
  get people(): Omit<Person, 'heardAtMs'>[] {
    return [...this.#people.values()].map(({ heardAtMs: _at, ...person }) => person)
  }

  /** All that goes on, until the signal. */
  async *enter({ signal }: { signal: AbortSignal }): AsyncGenerator<ChatEvent, void, undefined> {
    const { clock, random, topics } = this.#components
    const heard = topics.subscribe(this.#room, { signal })
    void this.#tell({ chat: 'here', ask: true }, { signal })
    const beats = { clock, random, signal, periodMs: BEAT_MS }
    let isFirst = true
    void repeat(beats, async () => {
      if (!isFirst) await this.#tell({ chat: 'here' }, { signal, anyway: true })
      isFirst = false
    })
    for await (const message of heard) {
      yield* this.#silent()
      yield* this.#eventsOf(message, signal)
    }
  }

  /** @returns how many peers it went to. @throws MeshError REQUEST_TOO_LARGE, TOO_MANY_REQUESTS */
  async say(text: string): Promise<number> {
    const { peers } = await this.#components.topics.publish(this.#room, text, { anyway: true })
    return peers.length
  }

  /** Says goodbye. */
  async leave(): Promise<void> {
    await this.#tell({ chat: 'gone' }, { anyway: true })
  }

  *#eventsOf(message: HeardMessage, signal: AbortSignal): Generator<ChatEvent> {
    const { at_ms, body, from, name, role } = message
    const who = {
      from,
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role })
    }
    const { ask, chat } = asRecord(body)
    if (chat === 'gone') {
      if (this.#people.delete(from)) yield { kind: 'went', ...who, at_ms }
      return
    }
    const isKnown = this.#people.has(from)
    this.#people.set(from, { ...who, heardAtMs: this.#components.clock.monotonicMs() })
    if (!isKnown) yield { kind: 'came', ...who, at_ms }
    if (chat !== 'here') yield { kind: 'said', ...who, at_ms, text: textOf(body) }
    else if (ask === true && this.#people.size <= ANSWERING_MAX) void this.#answer(signal)
  }

  *#silent(): Generator<ChatEvent> {
    const { clock } = this.#components
    for (const { heardAtMs, ...who } of this.#people.values()) {
      if (clock.monotonicMs() - heardAtMs <= SILENCE_MS) continue
      this.#people.delete(who.from)
      yield { kind: 'went', ...who, at_ms: clock.wallMs() }
    }
  }

  /** A little later than the others. */
  async #answer(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#components
    await sleep(clock, random.next() * ANSWER_WITHIN_MS, { signal }).catch(() => {})
    if (!signal.aborted) await this.#tell({ chat: 'here' }, { anyway: true })
  }

  /** Nobody waits for it, and it may be that nobody hears it. */
  async #tell(body: AnyJson, options: AbortOptions & { anyway?: boolean }): Promise<void> {
    try {
      await this.#components.topics.publish(this.#room, body, options)
    } catch (cause) {
      if (options.signal?.aborted === true) return
      const { code } = MeshError.from(cause)
      if (code !== 'NOBODY_LISTENS' && code !== 'TOO_MANY_REQUESTS') throw cause
    }
  }
}

function textOf(body: AnyJson): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}
