/**
 * Answers commands, whichever binding they came through: checks who asks, what and how, hands valid
 * parameters to the one handler of that command, and turns every failure into a typed answer.
 */
import { MeshError } from '../core/errors.ts'
import { OTHER } from '../observe/metrics.ts'
import { nearestName } from '../model/validate.ts'
import { COMMANDS, COMMAND_NAMES, isCommandName } from './commands.ts'
import { Tally } from '../observe/readings.ts'
import type { Access } from './access.ts'
import type { Logger } from '../observe/logger.ts'
import type { CommandName, Params, Result } from './commands.ts'
import type { Readings } from '../observe/readings.ts'
import type { TraceContext } from '../model/trace-context.ts'

/** A request as a binding hands it over: its envelope is parsed, its parameters are not yet checked. */
export interface IncomingCommand {
  command: string
  params: Record<string, unknown>
  /** Who sent it, as the connection proves. */
  remotePeer: string
  /** Who it says it is from; a session says nothing, as its connection proves it. */
  from: string | undefined
  to: string | undefined
  /** A bulk field that came beside the parameters, where it is one of them, too: its JSON text, in UTF-8. */
  bulk?: Uint8Array | undefined
  /** Where it belongs in a trace. */
  trace?: TraceContext | undefined
  /** Fires when the asker cancels or is gone. */
  signal: AbortSignal
}

/** What a handler knows besides the parameters. */
export interface CommandContext {
  remotePeer: string
  /** False when the asker left `to` out: "find the best node". */
  isAddressed: boolean
  /** The command's bulk field as it came; undefined where it came within the parameters. */
  bulk: Uint8Array | undefined
  trace?: TraceContext | undefined
  signal: AbortSignal
}

/**
 * An answer. `bulk` is the result's bulk field as text, already encoded; `result` may stand beside an
 * error, with what is known all the same.
 */
export interface CommandAnswer<C extends CommandName = CommandName> {
  result?: Partial<Result<C>>
  bulk?: string
  error?: MeshError
}

export type CommandHandler<C extends CommandName> = (
  params: Params<C>,
  context: CommandContext
) => Promise<CommandAnswer<C>> | CommandAnswer<C>

export type CommandHandlers = { readonly [C in CommandName]?: CommandHandler<C> }

export interface CommandServerComponents {
  access: Access
  selfPeer: string
  role: string
  logger: Logger
}

export class CommandServer {
  readonly #components: CommandServerComponents
  #handlers: CommandHandlers = {}
  readonly #answers = new Tally('command')
  readonly #refusals = new Tally('code')

  constructor(components: CommandServerComponents) {
    this.#components = components
  }

  /** Adds handlers; the rest of the commands are answered with COMMAND_NOT_SERVED. */
  register(handlers: CommandHandlers): void {
    this.#handlers = { ...this.#handlers, ...handlers }
  }

  /** Never rejects. */
  async answer(incoming: IncomingCommand): Promise<CommandAnswer> {
    const answer = await this.#answer(incoming)
    this.#answers.add([isCommandName(incoming.command) ? incoming.command : OTHER])
    if (answer.error !== undefined) this.#refusals.add([answer.error.code])
    return answer
  }

  readings(): Readings {
    return {
      taskmesh_command_answers_total: this.#answers.samples(),
      taskmesh_command_refusals_total: this.#refusals.samples()
    }
  }

  async #answer(incoming: IncomingCommand): Promise<CommandAnswer> {
    try {
      return await this.#dispatch(incoming)
    } catch (cause) {
      const error = MeshError.from(cause)
      if (error.code === 'INTERNAL') {
        this.#components.logger.error({ command: incoming.command, err: cause }, 'command failed')
      }
      return { error }
    }
  }

  async #dispatch(incoming: IncomingCommand): Promise<CommandAnswer> {
    const { command, remotePeer, from, to, signal } = incoming
    const { access, role, selfPeer } = this.#components
    if (from !== undefined && from !== remotePeer) {
      throw new MeshError(
        'FROM_MISMATCH',
        `"from" says ${from}, the connection proves ${remotePeer}`,
        {
          path: 'from',
          hint: 'put your own peer id there'
        }
      )
    }
    if (to !== undefined && to !== selfPeer) {
      throw new MeshError('WRONG_RECIPIENT', `this is ${selfPeer}, not ${to}`, {
        path: 'to',
        hint: 'leave "to" out, or connect to that peer'
      })
    }
    // A stranger is not told which commands there are.
    if (!isCommandName(command)) {
      access.requireMember(remotePeer)
      throw unknownCommand(command)
    }
    access.requireRight(remotePeer, command)
    const handler = this.#handlers[command] as CommandHandler<CommandName> | undefined
    if (handler === undefined) {
      throw new MeshError('COMMAND_NOT_SERVED', `a ${role} does not serve ${command}`, {
        path: 'command'
      })
    }
    const params = COMMANDS[command].checkParams(incoming.params)
    const isAddressed = to !== undefined
    return await handler(params, {
      remotePeer,
      isAddressed,
      bulk: incoming.bulk,
      trace: incoming.trace,
      signal
    })
  }
}

function unknownCommand(command: string): MeshError {
  const nearest = nearestName(command.slice(0, 64), COMMAND_NAMES)
  return new MeshError(
    'COMMAND_UNKNOWN',
    `${JSON.stringify(command.slice(0, 64))} is not a command`,
    {
      path: 'command',
      hint:
        nearest === undefined ? `known: ${COMMAND_NAMES.join(', ')}` : `did you mean ${nearest}?`
    }
  )
}
