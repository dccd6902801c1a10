/**
 * Messages to this one node: handed to the program that listens here, whose answer goes back. The connection proves
 * who sends them. Each sender has its pace and its places, so that none takes those of others.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { Pace } from '../core/pace.ts'
import { requireShort } from './topic-message.ts'
import { withTimeLimit } from '../core/abort.ts'
import type { Access } from '../protocol/access.ts'
import type { AnyJson } from './topic-message.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { SendMessageResult } from '../model/generated/commands-send-message.ts'

/** A message as the program here reads it. */
export interface DirectMessage {
  from: string
  /** What the sender calls itself. Anybody may take any name. */
  name?: string
  /** Of a closed mesh: as what the sender belongs to it. */
  role?: string
  at_ms: number
  message: AnyJson
}

/** What it gives back is the answer; undefined: that it was taken is answer enough. */
export type MessageHandler = (
  message: DirectMessage,
  options: { signal: AbortSignal }
) => Promise<AnyJson | undefined> | AnyJson | undefined

export interface InboxComponents {
  access: Pick<Access, 'memberOf'>
  clock: Clock
}

/** What one sender may send. */
const SENDER_PACE = { burst: 100, perSecond: 20 }
/** Of the messages that wait for their answers. */
const WAITING_PER_SENDER_MAX = 16
/** A program that never answers holds no places for ever. */
const ANSWER_TIMEOUT_MS = 60_000

export class Inbox {
  readonly #components: InboxComponents
  readonly #pace: Pace
  /** How many messages of each sender wait. */
  readonly #waiting = new Map<string, number>()
  #waitingCount = 0
  #handler: MessageHandler | undefined

  constructor(components: InboxComponents) {
    this.#components = components
    this.#pace = new Pace(components.clock, SENDER_PACE)
  }

  /** For the node's command server. */
  readonly handlers: CommandHandlers = {
    SEND_MESSAGE: async ({ at_ms, message, name }, { remotePeer: from, signal }) => {
      const handler = this.#handler
      if (handler === undefined) throw nobodyListens()
      const role = this.#components.access.memberOf(from)?.role
      const received = {
        from,
        ...(name === undefined ? {} : { name }),
        ...(role === undefined ? {} : { role }),
        at_ms,
        message
      }
      return { result: await this.#inItsPlace(from, () => this.#ask(handler, received, signal)) }
    }
  }

  /** From now on messages go to this handler, in place of any before it. @returns what ends it */
  serve(handler: MessageHandler): () => void {
    this.#handler = handler
    return () => {
      if (this.#handler === handler) this.#handler = undefined
    }
  }

  async #ask(
    handler: MessageHandler,
    received: DirectMessage,
    signal: AbortSignal
  ): Promise<SendMessageResult> {
    requireShort(received.message, 'params.message')
    const limit = {
      clock: this.#components.clock,
      timeoutMs: ANSWER_TIMEOUT_MS,
      code: 'RESPONSE_TIMED_OUT',
      message: 'the program there has taken the message, and does not answer',
      signal
    } as const
    const answer = await withTimeLimit(limit, async (ends) => handler(received, { signal: ends }))
    if (answer === undefined) return {}
    requireShort(answer, 'result.answer')
    return { answer }
  }

  async #inItsPlace<T>(sender: string, work: () => Promise<T>): Promise<T> {
    const own = this.#waiting.get(sender) ?? 0
    const isFull = this.#waitingCount >= LIMITS.messagesWaitingMax || own >= WAITING_PER_SENDER_MAX
    if (isFull || !this.#pace.take(sender, 1)) {
      throw new MeshError('TOO_MANY_REQUESTS', 'messages come faster than they are taken here', {
        retryAfterMs: Math.max(1_000, this.#pace.waitMs(sender, 1))
      })
    }
    this.#waitingCount += 1
    this.#waiting.set(sender, own + 1)
    try {
      return await work()
    } finally {
      this.#waitingCount -= 1
      const left = (this.#waiting.get(sender) ?? 1) - 1
      if (left > 0) this.#waiting.set(sender, left)
      else this.#waiting.delete(sender)
    }
  }
}

/** What any node says where no program of its own takes messages. */
export function nobodyListens(): MeshError {
  return new MeshError('NOBODY_LISTENS', 'no program listens for messages at this node', {
    path: 'to',
    hint: 'a program listens with `taskmesh inbox`, or with messages.serve of the client library'
  })
}
