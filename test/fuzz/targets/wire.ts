/** What peers say to each other on streams: sessions, the JSON binding, pieces of files. */
import { MeshError, isErrorCode } from '../../../src/core/errors.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { parseJson } from '../../../src/core/json.ts'
import { Greeting } from '../../../src/files/exchange/greeting.ts'
import { MessageReader } from '../../../src/files/exchange/message-reader.ts'
import {
  asAsked,
  asGiven,
  decodeMessage,
  encodeMessage
} from '../../../src/files/exchange/messages.ts'
import { PieceSet } from '../../../src/files/content/piece-set.ts'
import { checkPlan } from '../../../src/files/content/manifest-reading.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { OPEN_ACCESS } from '../../../src/protocol/access.ts'
import { CommandBinding } from '../../../src/protocol/command-binding.ts'
import { CommandServer } from '../../../src/protocol/command-server.ts'
import { COMMANDS, COMMAND_NAMES, isCommandName } from '../../../src/protocol/commands.ts'
import { FrameReader } from '../../../src/protocol/frame-reader.ts'
import { decodeFrame, encodeFrame } from '../../../src/protocol/frames.ts'
import { decodePlainCbor, encodePlainCbor } from '../../../src/protocol/plain-cbor.ts'
import { Session } from '../../../src/protocol/session.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { COMMAND_EXAMPLES, answerOf } from '../../support/command-examples.ts'
import { GOLDEN_FRAMES } from '../../support/golden-frames.ts'
import { GOLDEN_PIECES } from '../../support/golden-pieces.ts'
import { FakeStream } from '../fake-stream.ts'
import { JSON_REFUSALS, SCHEMA_REFUSALS, bytesOf, expectPlain, textOf } from '../target.ts'
import type { CommandResponse } from '../../../src/model/generated/envelope.ts'
import type { CommandHandlers } from '../../../src/protocol/command-server.ts'
import type { Frame } from '../../../src/protocol/frames.ts'
import type { PieceMessage } from '../../../src/files/exchange/messages.ts'
import type { PeerLink } from '../../../src/protocol/peer-link.ts'
import type { FuzzTarget } from '../target.ts'

const US = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const THEM = '12D3KooWEwJv6JAqUicQzxBa62GbSyLJs66XtbAcUR8QgbhshiBi'

/** Answers every command that keeps to its schema with that command's example. */
function buildServer(): CommandServer {
  const components = { access: OPEN_ACCESS, selfPeer: US, role: 'worker', logger: silentLogger }
  const server = new CommandServer(components)
  const handlers = COMMAND_EXAMPLES.map((example) => [
    example.command,
    (): object => answerOf(example)
  ])
  server.register(Object.fromEntries(handlers) as CommandHandlers)
  return server
}

const checkResponse = validatorFor<CommandResponse>('envelope#/$defs/response')

const plainCbor: FuzzTarget = {
  name: 'plain-cbor',
  form: 'cbor',
  seeds: () => COMMAND_EXAMPLES.map(({ params }) => encodePlainCbor(params)),
  read: (input) => {
    const value = decodePlainCbor(input, 'a value')
    expectPlain(value)
    if (decodePlainCbor(encodePlainCbor(value), 'a value') === undefined && value !== undefined) {
      throw new Error('what was read cannot be written')
    }
  },
  refusals: ['FRAME_INVALID']
}

const frames: FuzzTarget = {
  name: 'frames',
  form: 'frames',
  seeds: () => [
    ...Object.values(GOLDEN_FRAMES).map(encodeFrame),
    Buffer.concat(Object.values(GOLDEN_FRAMES).map(encodeFrame))
  ],
  read: (input) => {
    const reader = new FrameReader()
    const third = Math.ceil(input.byteLength / 3)
    for (let at = 0; at < input.byteLength; at += third) {
      for (const payload of reader.push(input.subarray(at, at + third)))
        readAgain(decodeFrame(payload))
    }
    if (reader.heldBytes > input.byteLength) throw new Error('more is held than has come')
  },
  refusals: ['FRAME_INVALID', 'FRAME_TOO_LARGE']
}

/** What was read is written, and read as the same. */
function readAgain(frame: Frame): void {
  expectPlain(frame)
  const again = decodeFrame(encodeFrame(frame).subarray(4))
  if (again.kind !== frame.kind) throw new Error(`${frame.kind} became ${again.kind}`)
}

/** A whole session on the other end of which anything may be said, and commands that are asked meanwhile. */
const session: FuzzTarget = {
  name: 'session',
  form: 'frames',
  seeds: () => {
    const requests = COMMAND_EXAMPLES.map(({ command, params }, id): Frame => ({
      kind: 'request',
      id,
      command,
      to: null,
      params,
      bulk: null
    }))
    const golden = Object.values(GOLDEN_FRAMES).filter(({ kind }) => kind !== 'hello')
    const hello: Frame = { kind: 'hello', version: 1, agent: 'fuzz' }
    return [
      Buffer.concat([hello, ...golden].map(encodeFrame)),
      ...requests.map((request) => Buffer.concat([hello, request].map(encodeFrame))),
      Buffer.concat([hello, ...requests].map(encodeFrame))
    ]
  },
  read: async (input) => {
    const stream = new FakeStream()
    let endCode: string | undefined
    const events = {
      onLoad: () => {},
      onOffence: () => {},
      onTransfer: () => {},
      onClosed: ({ code }: MeshError) => void (endCode = code)
    }
    const components = { clock: systemClock, server, agent: 'fuzz', describeLoad: () => null }
    const one = new Session(THEM, stream.asStream, components, { events })
    const asked = one
      .request({ command: 'LIST_FILES', params: {} }, { timeoutMs: 60_000 })
      .catch((cause: unknown) => MeshError.from(cause))
    stream.say(input)
    const answer = await asked
    await stream.answer
    for (const error of answer instanceof MeshError ? [answer] : [answer.error]) {
      if (error?.code === 'INTERNAL' && error.cause !== undefined) throw error
    }
    if (endCode === 'INTERNAL') throw new Error('it has ended for a reason that nobody knows')
  },
  refusals: []
}

const server = buildServer()
let serve: ((stream: FakeStream) => void) | undefined
const link: PeerLink = {
  selfPeer: US,
  openStream: () => Promise.reject(new Error('nobody is asked')),
  handle: async (_protocol, onStream) => {
    serve = (stream) => void onStream(stream.asStream, THEM)
  },
  unhandle: async () => {},
  isRelayed: () => false,
  onDirect: () => () => {},
  noteTransfer: () => {},
  complain: () => {}
}

/** Whatever is asked, the answer is one by the schema, and no error of it is of the program's own making. */
const commandBinding: FuzzTarget = {
  name: 'command-binding',
  form: 'json',
  seeds: async () => {
    await new CommandBinding({ access: OPEN_ACCESS, clock: systemClock, link, server }).start()
    return COMMAND_EXAMPLES.map(({ command, params }) =>
      bytesOf({ command, request_id: '7', from: THEM, to: US, timestamp: 1_767_225_600, params })
    )
  },
  read: async (input) => {
    const stream = new FakeStream()
    serve?.(stream)
    stream.say(input)
    const text = await stream.answer
    if (stream.status !== 'closed') throw new Error(`the stream was ${stream.status}`)
    const { error_detail: error } = checkResponse(parseJson(text))
    expectShort(text, input)
    if (error === undefined) return
    if (!isErrorCode(error.code) || error.code === 'INTERNAL') throw new Error(text.slice(0, 400))
    throw new MeshError(error.code, error.message)
  },
  refusals: [
    ...JSON_REFUSALS,
    ...SCHEMA_REFUSALS,
    'COMMAND_UNKNOWN',
    'FROM_MISMATCH',
    'WRONG_RECIPIENT'
  ]
}

/** An answer that repeats what was asked many times over makes a small question into much traffic. */
const ANSWER_LETTERS_MAX = 65_536

function expectShort(answer: string, input: Uint8Array): void {
  if (answer.length > ANSWER_LETTERS_MAX) {
    throw new Error(`${input.byteLength} bytes were answered with ${answer.length} letters`)
  }
}

/** What others answer to our own commands. */
const commandResults: FuzzTarget = {
  name: 'command-results',
  form: 'json',
  seeds: () =>
    COMMAND_EXAMPLES.map(({ command, result }) =>
      bytesOf({
        command,
        request_id: '7',
        from: THEM,
        to: US,
        timestamp: 1_767_225_600,
        status: 'success',
        result
      })
    ),
  read: (input) => {
    const { command, error_detail: error, result } = checkResponse(parseJson(textOf(input)))
    if (error !== undefined) MeshError.fromData(error as object, 'RESPONSE_INVALID').toData()
    if (isCommandName(command)) COMMANDS[command].checkResult(result)
    else if (COMMAND_NAMES.some((name) => name === command)) throw new Error('it is a command')
  },
  refusals: [...JSON_REFUSALS, ...SCHEMA_REFUSALS]
}

const pieces: FuzzTarget = {
  name: 'piece-messages',
  form: 'frames',
  seeds: () => {
    const messages = Object.values(GOLDEN_PIECES).filter(({ kind }) => kind !== 'hello')
    const whole = messages.filter(({ kind }) => kind !== 'block').map(encodeMessage)
    const hello = encodeMessage(GOLDEN_PIECES['hello'] as PieceMessage)
    return [
      ...messages.map((one) => Buffer.concat([hello, encodeMessage(one)])),
      Buffer.concat([hello, ...whole])
    ]
  },
  read: (input) => {
    const greeting = new Greeting()
    let bodyBytes = 0
    const reader = new MessageReader({
      onMessage: (message) => {
        expectPlain(message)
        decodeMessage(encodeMessage(message).subarray(4))
        greeting.check(message)
        if (ASKED.has(message.kind)) asAsked(message)
        if (message.kind !== 'offer' || message.pieces === null) return
        const { count } = checkPlan(message.sizeBytes, message.pieceBytes)
        const set = PieceSet.fromBytes(message.pieces, count)
        if ([...set].length !== set.size) throw new Error('a set of pieces miscounts them')
      },
      onBody: (part) => void (bodyBytes += part.byteLength)
    })
    reader.push(input)
    if (bodyBytes > input.byteLength) throw new Error('more has come than was sent')
  },
  refusals: ['FRAME_INVALID', 'FRAME_TOO_LARGE', 'PROTOCOL_VERSION', 'FIELD_INVALID']
}

const ASKED: ReadonlySet<string> = new Set(['interest', 'disinterest', 'request', 'cancel'])

/** Without a greeting, so that every kind of message is reached at once. */
const pieceMessage: FuzzTarget = {
  name: 'piece-message',
  form: 'cbor',
  seeds: () => Object.values(GOLDEN_PIECES).map((message) => encodeMessage(message).subarray(4)),
  read: (input) => {
    const message = decodeMessage(input)
    expectPlain(message)
    const again = decodeMessage(encodeMessage(message).subarray(4))
    if (again.kind !== message.kind) throw new Error(`${message.kind} became ${again.kind}`)
    if (message.kind === 'block' && message.bytes > LIMITS.pieceBlockBytesMax) {
      throw new Error('a block is longer than any')
    }
    if (ASKED.has(message.kind)) asAsked(message)
    else asGiven(message)
  },
  refusals: ['FRAME_INVALID']
}

export const WIRE_TARGETS: readonly FuzzTarget[] = [
  plainCbor,
  frames,
  session,
  commandBinding,
  commandResults,
  pieces,
  pieceMessage
]
