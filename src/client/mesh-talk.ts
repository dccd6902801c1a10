/** What a visitor says and hears in the mesh: topics for all who listen, and messages to one peer and from it. */
import { COMMANDS } from '../protocol/commands.ts'
import { Inbox } from '../messages/inbox.ts'
import { MeshError } from '../core/errors.ts'
import { requireShort } from '../messages/topic-message.ts'
import { TopicHub } from '../messages/topic-hub.ts'
import { Topics } from '../messages/topics.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { AnyJson } from '../messages/topic-message.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { CommandName, Params, Result } from '../protocol/commands.ts'
import type { LinkedNode } from '../enrolment/linked-node.ts'
import type { MessageHandler } from '../messages/inbox.ts'
import type { Startable } from '../core/startable.ts'
import type { TopicsInit } from '../messages/topics.ts'

/** How the client asks a peer. */
export type AskPeer = <C extends CommandName>(
  peer: string,
  command: C,
  params: Params<C>,
  options: AbortOptions & { timeoutMs?: number }
) => Promise<Result<C>>

export interface MeshTalkComponents extends Pick<LinkedNode, 'access' | 'node'> {
  clock: Clock
  ask: AskPeer
}

export interface MeshTalk {
  readonly topics: Topics
  readonly messages: Messages
  readonly handlers: CommandHandlers
  readonly parts: readonly Startable[]
}

export interface SendOptions extends AbortOptions {
  /** Until the program there has taken the message. @default 15,000 */
  timeoutMs?: number
}

export function createMeshTalk(components: MeshTalkComponents, init: TopicsInit): MeshTalk {
  const hub = new TopicHub(components, init)
  const inbox = new Inbox(components)
  return {
    topics: new Topics({ ...components, hub }, init),
    messages: new Messages(components, { inbox, name: init.name }),
    handlers: inbox.handlers,
    parts: [hub]
  }
}

/**
 * @example
 * const stop = client.messages.serve(({ from, message }) => ({ thanks: from, for: message }))
 * const { answer } = await client.messages.send(peer, { ask: 'temperature' })
 */
export class Messages {
  readonly #components: Pick<MeshTalkComponents, 'ask' | 'clock'>
  readonly #inbox: Inbox
  readonly #name: string | undefined

  constructor(
    components: Pick<MeshTalkComponents, 'ask' | 'clock'>,
    { inbox, name }: { inbox: Inbox; name: string | undefined }
  ) {
    this.#components = components
    this.#inbox = inbox
    this.#name = name
  }

  /**
   * Sends a message to a program at a peer. Once this resolves, the program has taken it.
   * @param peer peer id or multiaddr
   * @returns what the program answers, if it answers anything
   * @throws MeshError NOBODY_LISTENS, PEER_UNREACHABLE, REQUEST_TOO_LARGE, TOO_MANY_REQUESTS, RESPONSE_TIMED_OUT
   */
  async send(
    peer: string,
    message: AnyJson,
    options: SendOptions = {}
  ): Promise<{ answer?: AnyJson }> {
    const { ask, clock } = this.#components
    requireShort(message, 'message')
    const params = {
      message,
      at_ms: clock.wallMs(),
      ...(this.#name === undefined ? {} : { name: this.#name })
    }
    try {
      return await ask(peer, 'SEND_MESSAGE', COMMANDS.SEND_MESSAGE.checkParams(params), options)
    } catch (cause) {
      throw asNobody(MeshError.from(cause))
    }
  }

  /** From now on messages to this client go to this handler, in place of any before it. @returns what ends it */
  serve(handler: MessageHandler): () => void {
    return this.#inbox.serve(handler)
  }
}

/** A node that is older than messages listens to none. */
function asNobody(error: MeshError): MeshError {
  const isOlder = error.code === 'COMMAND_UNKNOWN' || error.code === 'COMMAND_NOT_SERVED'
  if (!isOlder) return error
  return new MeshError('NOBODY_LISTENS', 'no program listens for messages at this node', {
    cause: error
  })
}
