/** The requests of the other end of a session: bounded in number and size, each answered once, cancelled when asked to. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { COMMANDS, isCommandName } from './commands.ts'
import type { CommandAnswer, CommandServer } from './command-server.ts'
import type { Frame } from './frames.ts'

type RequestFrame = Frame & { kind: 'request' }

export interface RequestAnswererComponents {
  server: CommandServer
  remotePeer: string
  respond: (id: number, answer: CommandAnswer) => void
  /** Called for what no busy program does for long. */
  onOffence: (error: MeshError) => void
}

const decoder = new TextDecoder('utf-8', { fatal: true })

export class RequestAnswerer {
  readonly #components: RequestAnswererComponents
  readonly #answering = new Map<number, AbortController>()
  #answeringBytes = 0

  constructor(components: RequestAnswererComponents) {
    this.#components = components
  }

  /** Requests that have no answer yet. */
  get count(): number {
    return this.#answering.size
  }

  /**
   * @param bytes of the whole frame, which is held until the answer is given
   * @throws MeshError FRAME_INVALID for an id that is in use: an answer to it would be anybody's
   */
  onRequest(frame: RequestFrame, bytes: number): void {
    if (this.#answering.has(frame.id)) {
      throw new MeshError('FRAME_INVALID', `request id ${frame.id} is in use`)
    }
    const isFull =
      this.#answering.size >= LIMITS.sessionRequestsMax ||
      this.#answeringBytes + bytes > LIMITS.sessionRequestBytesMax
    if (isFull) {
      const message = 'too many requests on this session wait for an answer'
      const error = new MeshError('TOO_MANY_REQUESTS', message)
      this.#components.onOffence(error)
      return this.#components.respond(frame.id, { error })
    }
    void this.#hold(frame, bytes)
  }

  onCancel(id: number): void {
    this.#answering.get(id)?.abort(new MeshError('TASK_STOPPED', 'the asker cancelled'))
  }

  stopAll(error: MeshError): void {
    for (const controller of this.#answering.values()) controller.abort(error)
  }

  async #hold(frame: RequestFrame, bytes: number): Promise<void> {
    const controller = new AbortController()
    this.#answering.set(frame.id, controller)
    this.#answeringBytes += bytes
    const answer = await this.#answer(frame, controller.signal)
    this.#answering.delete(frame.id)
    this.#answeringBytes -= bytes
    this.#components.respond(frame.id, answer)
  }

  async #answer(frame: RequestFrame, signal: AbortSignal): Promise<CommandAnswer> {
    const { remotePeer, server } = this.#components
    try {
      return await server.answer({
        command: frame.command,
        params: withBulk(frame),
        bulk: frame.bulk ?? undefined,
        remotePeer,
        from: undefined,
        to: frame.to ?? undefined,
        trace: frame.trace,
        signal
      })
    } catch (cause) {
      const error = MeshError.from(cause, 'REQUEST_NOT_JSON')
      this.#components.onOffence(error)
      return { error }
    }
  }
}

/** Puts a request's bulk field back among its parameters, where the schema expects it. */
function withBulk(frame: RequestFrame): Record<string, unknown> {
  const field = isCommandName(frame.command) ? COMMANDS[frame.command].bulk.params : undefined
  if (field === undefined || frame.bulk === null) return frame.params
  return { ...frame.params, [field]: parseJson(decoder.decode(frame.bulk)) }
}
