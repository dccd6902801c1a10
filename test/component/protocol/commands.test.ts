/** Every command of the protocol over both bindings: what the schemas show as examples is what travels. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMANDS, COMMAND_NAMES } from '../../../src/protocol/commands.ts'
import { COMMAND_EXAMPLES, answerOf } from '../../support/command-examples.ts'
import { Mesh } from '../../support/spawn-mesh.ts'
import type { CommandAnswer } from '../../../src/protocol/command-server.ts'
import type { CommandExample } from '../../support/command-examples.ts'
import type { Session } from '../../../src/protocol/session.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const TIMEOUT = { timeoutMs: 10_000 }

const mesh = new Mesh()
let asker: SpawnedNode
let answerer: SpawnedNode
let session: Session
let seen: unknown
let answer: CommandAnswer

beforeAll(async () => {
  const handlers = Object.fromEntries(
    COMMAND_NAMES.map((command) => [
      command,
      (params: unknown) => {
        seen = params
        return answer
      }
    ])
  )
  ;({ asker, answerer } = await mesh.pair({ handlers }))
  session = await asker.sessions.open(answerer.peer)
})

afterAll(async () => await mesh.stop())

describe('the examples', () => {
  it('show every command', () => {
    expect(new Set(COMMAND_EXAMPLES.map(({ command }) => command))).toEqual(new Set(COMMAND_NAMES))
  })

  it.each(COMMAND_EXAMPLES)('of $command fit their schemas', ({ command, params, result }) => {
    expect(COMMANDS[command].checkParams(params)).toBe(params)
    expect(COMMANDS[command].checkResult(result)).toBe(result)
  })
})

describe.each(COMMAND_EXAMPLES)('$command', (example) => {
  it('is answered over a stream of its own', async () => {
    answer = answerOf(example)
    const { response } = await asker.binding.call(
      answerer.peer,
      example.command,
      example.params,
      TIMEOUT
    )
    expect(seen).toEqual(example.params)
    expect(response).toMatchObject({
      command: example.command,
      from: answerer.peer,
      to: asker.peer,
      status: 'success'
    })
    expect(response.result).toEqual(example.result)
  })

  it('is answered over a session', async () => {
    answer = answerOf(example)
    const { result, bulk, error } = await session.request(split(example), TIMEOUT)
    expect(error).toBeUndefined()
    expect(seen).toEqual(example.params)
    expect({ ...result, ...merged(example, bulk) }).toEqual(example.result)
  })
})

/** The parameters with their bulk field beside them, as a session carries them. */
function split({ command, params }: CommandExample): {
  command: string
  params: object
  bulk?: string
} {
  const field = COMMANDS[command].bulk.params
  if (field === undefined) return { command, params }
  const { [field]: bulk, ...rest } = params
  return { command, params: rest, bulk: JSON.stringify(bulk) }
}

function merged({ command }: CommandExample, bulk: string | undefined): object {
  const field = COMMANDS[command].bulk.result
  return field === undefined || bulk === undefined ? {} : { [field]: JSON.parse(bulk) as unknown }
}
