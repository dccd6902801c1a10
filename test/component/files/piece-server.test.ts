/** A piece server against every kind of bad asker: the stream ends with a reason that is counted, and others are served on. */
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { MessageReader } from '../../../src/files/exchange/message-reader.ts'
import { PIECES_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { encodeMessage } from '../../../src/files/exchange/messages.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import { openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { startPieceServer } from '../../support/piece-mesh.ts'
import type { FileLibrary } from '../../../src/files/store/library.ts'
import type { PieceMessage } from '../../../src/files/exchange/messages.ts'
import type { PieceServer, PieceServerInit } from '../../../src/files/exchange/piece-server.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'
import type { Stream } from '@libp2p/interface'

const newFolder = useFolders()
const mesh = new Mesh()
afterEach(async () => await mesh.stop())
const LEAF = 65_536
const HELLO: PieceMessage = { kind: 'hello', version: 1, agent: 'raw' }

/** The asking end of a piece stream, played by hand. */
class RawAsker {
  readonly messages: PieceMessage[] = []
  readonly stream: Stream
  bodyBytes = 0

  constructor(stream: Stream) {
    this.stream = stream
    const reader = new MessageReader({
      onMessage: (message) => this.messages.push(message),
      onBody: (part) => (this.bodyBytes += part.byteLength)
    })
    stream.addEventListener('message', ({ data }) => reader.push(data))
  }

  send(...messages: PieceMessage[]): void {
    if (this.stream.status === 'open') this.stream.send(Buffer.concat(messages.map(encodeMessage)))
  }

  async next<K extends PieceMessage['kind']>(kind: K): Promise<PieceMessage & { kind: K }> {
    const find = (): PieceMessage | undefined => this.messages.find((each) => each.kind === kind)
    await until(() => find() !== undefined || this.isEnded)
    return find() as PieceMessage & { kind: K }
  }

  get isEnded(): boolean {
    return this.stream.readableEnded || this.stream.status !== 'open'
  }
}

interface Setting {
  id: string
  asker: SpawnedNode
  library: FileLibrary
  server: PieceServer
  giver: SpawnedNode
}

async function open(init: PieceServerInit = {}, length = 4 * LEAF * 4 + 10): Promise<Setting> {
  const { answerer: giver, asker } = await mesh.pair()
  const library = await openLibrary(newFolder())
  const { id } = await library.addBytes(someBytes(length), 'film')
  const server = await startPieceServer(giver.node, library, init)
  onTestFinished(() => server.stop())
  return { id, asker, giver, library, server }
}

async function askFrom(from: SpawnedNode, { giver, id }: Setting): Promise<RawAsker> {
  const raw = new RawAsker(await from.node.openStream(giver.peer, PIECES_PROTOCOL_V1))
  raw.send(HELLO, { kind: 'interest', file: 1, id })
  await raw.next('offer')
  return raw
}

function request(
  number: number,
  fields: Partial<PieceMessage & { kind: 'request' }> = {}
): PieceMessage {
  return { kind: 'request', request: number, file: 1, piece: 0, offset: 0, bytes: LEAF, ...fields }
}

async function isServing(setting: Setting): Promise<boolean> {
  const raw = await askFrom(setting.asker, setting)
  raw.send(request(0))
  await until(() => raw.bodyBytes === LEAF || raw.isEnded)
  return raw.bodyBytes === LEAF
}

test('says what it has, and gives what is asked for', async () => {
  const setting = await open()
  const raw = await askFrom(setting.asker, setting)
  expect(await raw.next('offer')).toEqual({
    kind: 'offer',
    file: 1,
    sizeBytes: 4 * LEAF * 4 + 10,
    pieceBytes: 4 * LEAF,
    pieces: null
  })
  raw.send(request(0, { bytes: 4 * LEAF }), request(1, { piece: 4, bytes: 10 }))
  await until(() => raw.bodyBytes === 4 * LEAF + 10)
  const blocks = raw.messages.filter(({ kind }) => kind === 'block')
  expect(blocks.map((block) => (block as { offset: number }).offset)).toEqual([
    0,
    LEAF,
    2 * LEAF,
    3 * LEAF,
    0
  ])
  expect(setting.server.counts()).toMatchObject({ streams: 1, givenBytes: 4 * LEAF + 10 })
})

test('a file that is not here is gone, and is offered when it comes', async () => {
  const setting = await open()
  const bytes = someBytes(3 * LEAF, 9)
  const other = await openLibrary(newFolder())
  const { id } = await other.addBytes(bytes, 'other')
  const raw = await askFrom(setting.asker, setting)
  raw.send({ kind: 'interest', file: 2, id }, request(0, { file: 2 }))
  expect(await raw.next('gone')).toEqual({ kind: 'gone', file: 2 })
  expect(await raw.next('refusal')).toMatchObject({ request: 0, code: 'NOT_HERE' })
  await setting.library.addBytes(bytes, 'other')
  await until(() => raw.messages.some((each) => each.kind === 'offer' && each.file === 2))
  await setting.library.remove(id)
  await until(() => raw.messages.filter(({ kind }) => kind === 'gone').length === 2)
})

test('what is called off is refused, and what is not asked for any more is not sent', async () => {
  const setting = await open({ limitRateUp: 1 })
  const raw = await askFrom(setting.asker, setting)
  raw.send(request(0), request(1), request(2), { kind: 'cancel', request: 1 })
  expect(await raw.next('refusal')).toEqual({ kind: 'refusal', request: 1, code: 'CANCELLED' })
  raw.send({ kind: 'disinterest', file: 1 })
  await until(() => raw.messages.filter(({ kind }) => kind === 'refusal').length >= 2)
})

test('more peers than slots: the others are told, and told again when it is their turn', async () => {
  const setting = await open({ slots: 1, limitRateUp: 1 })
  const second = await mesh.add()
  await second.node.dial(setting.giver.address)
  const first = await askFrom(setting.asker, setting)
  first.send(request(0), request(1))
  await first.next('block')
  const raw = await askFrom(second, setting)
  raw.send(request(0), request(1))
  expect(await raw.next('busy')).toEqual({ kind: 'busy', isBusy: true })
  await until(() => raw.messages.filter(({ kind }) => kind === 'refusal').length >= 2)
  expect(setting.server.counts().waiting).toBe(1)
  first.stream.abort(new Error('gone'))
  await until(() => raw.messages.some((each) => each.kind === 'busy' && !each.isBusy))
})

describe('whoever', () => {
  const cases: [string, PieceMessage[], string][] = [
    ['says hello twice', [HELLO], 'FRAME_INVALID'],
    ['asks for a file that it has not named', [request(0, { file: 7 })], 'FRAME_INVALID'],
    ['names two files by one number', [{ kind: 'interest', file: 1, id: 'x' }], 'FRAME_INVALID'],
    ['leaves a file that it does not follow', [{ kind: 'disinterest', file: 9 }], 'FRAME_INVALID'],
    ['asks for a piece beyond the end', [request(0, { piece: 5 })], 'FRAME_INVALID'],
    ['asks for a piece of a huge number', [request(0, { piece: 2 ** 32 - 1 })], 'FRAME_INVALID'],
    ['asks from a huge offset', [request(0, { offset: 65_535 * LEAF })], 'FRAME_INVALID'],
    ['asks byte by byte', [request(0, { bytes: 1 })], 'FRAME_INVALID'],
    ['asks for nothing', [request(0, { bytes: 0 })], 'FRAME_INVALID'],
    ['asks for more than a piece', [request(0, { bytes: 5 * LEAF })], 'FRAME_INVALID'],
    ['asks twice by one number', [request(3), request(3)], 'FRAME_INVALID'],
    ['gives instead of asking', [{ kind: 'busy', isBusy: true }], 'FRAME_INVALID'],
    [
      'asks for too much at once',
      Array.from({ length: LIMITS.pieceRequestsMax + 1 }, (_, index) => request(index)),
      'TOO_MANY_REQUESTS'
    ],
    [
      'follows too many files',
      Array.from({ length: LIMITS.pieceInterestsMax }, (_, index) => ({
        kind: 'interest' as const,
        file: index + 2,
        id: `sha256:${index}`
      })),
      'TOO_MANY_REQUESTS'
    ]
  ]
  test.each(cases)('%s loses the stream', async (_name, messages, code) => {
    const setting = await open({ limitRateUp: 100_000 })
    const raw = await askFrom(setting.asker, setting)
    raw.send(...messages)
    expect(await raw.next('goodbye')).toMatchObject({ code })
    expect(setting.server.counts().ended).toEqual({ [code]: 1 })
    raw.stream.abort(new Error('done'))
    await setting.server.stop()
    setting.server = await startPieceServer(setting.giver.node, setting.library)
    expect(await isServing(setting)).toBe(true)
    await setting.server.stop()
  })

  test('sends garbage loses the stream', async () => {
    const setting = await open()
    const raw = await askFrom(setting.asker, setting)
    raw.stream.send(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'))
    expect(await raw.next('goodbye')).toMatchObject({ code: 'FRAME_TOO_LARGE' })
    expect(await isServing(setting)).toBe(true)
  })

  test('does not say hello is not heard', async () => {
    const setting = await open()
    const stream = await setting.asker.node.openStream(setting.giver.peer, PIECES_PROTOCOL_V1)
    const raw = new RawAsker(stream)
    raw.send(request(0))
    expect(await raw.next('goodbye')).toMatchObject({ code: 'FRAME_INVALID' })
  })

  test('opens stream after stream keeps the newest few', async () => {
    const setting = await open()
    const all: RawAsker[] = []
    for (let count = 0; count < 6; count += 1) all.push(await askFrom(setting.asker, setting))
    await until(() => setting.server.counts().streams === LIMITS.pieceStreamsMax)
    expect(all.at(-1)?.isEnded).toBe(false)
    expect(setting.server.counts().ended).toEqual({ TOO_MANY_REQUESTS: 4 })
  })

  test('makes us read much and takes little of it loses the stream', async () => {
    const { answerer: giver, asker } = await mesh.pair()
    const library = await openLibrary(newFolder())
    const { id } = await library.addBytes(someBytes(LEAF), 'film')
    const [sizeBytes, pieceBytes] = [2 ** 38, 16 * 2 ** 20]
    const piece = new Uint8Array(LIMITS.pieceRequestBytesMax)
    const server = await startPieceServer(giver.node, {
      events: library.events,
      get: (wanted) => ({ ...(library.get(wanted) as object), sizeBytes, pieceBytes }) as never,
      pieces: () => ({ isFull: true }) as never,
      readPiece: async () => piece
    })
    onTestFinished(() => server.stop())
    const raw = await askFrom(asker, { id, giver, asker, library, server })
    const readCount = LIMITS.pieceReadBytesMax / piece.byteLength + 1
    for (let count = 0; count < readCount; count += 1) {
      raw.send(request(count, { bytes: piece.byteLength }), { kind: 'cancel', request: count })
    }
    expect(await raw.next('goodbye')).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
  })
})
