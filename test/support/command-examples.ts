/** The examples of the published command schemas, and how a handler would answer with them. */
import { schemaDocuments } from '../../src/model/validate.ts'
import { COMMANDS, COMMAND_NAMES } from '../../src/protocol/commands.ts'
import type { CommandAnswer } from '../../src/protocol/command-server.ts'
import type { CommandName } from '../../src/protocol/commands.ts'

export interface CommandExample {
  command: CommandName
  params: Record<string, unknown>
  result: Record<string, unknown>
}

/** Every example of every command. */
export const COMMAND_EXAMPLES: readonly CommandExample[] = COMMAND_NAMES.flatMap((command) => {
  const name = `commands/${command.toLowerCase().replaceAll('_', '-')}`
  const { examples = [] } = schemaDocuments.get(name) as {
    examples?: Omit<CommandExample, 'command'>[]
  }
  return examples.map(({ params, result }) => ({ command, params, result }))
})

/** Answers `example` as a handler would: the bulk field, if there is one, as text beside the result. */
export function answerOf(example: CommandExample): CommandAnswer {
  const field = COMMANDS[example.command].bulk.result
  if (field === undefined || !Object.hasOwn(example.result, field))
    return { result: example.result }
  const { [field]: bulk, ...result } = example.result
  return { result, bulk: JSON.stringify(bulk) }
}
