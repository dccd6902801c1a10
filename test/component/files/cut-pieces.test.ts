/** Piece streams that end at any point, cleanly or without a word: no piece is taken that is not whole, and nobody is blamed. */
import { expect, onTestFinished, test } from 'vitest'
import { AskingStream } from '../../../src/files/exchange/asking-stream.ts'
import { encodeMessage } from '../../../src/files/exchange/messages.ts'
import { offenceOf } from '../../../src/protocol/offence.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { FakeStream } from '../../fuzz/fake-stream.ts'
import { openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { settle } from '../../support/settle.ts'
import { startPieceServer } from '../../support/piece-mesh.ts'
import type { MeshError } from '../../../src/core/errors.ts'
import type { PieceMessage } from '../../../src/files/exchange/messages.ts'
import type { Stream } from '@libp2p/interface'

const ENDS = ['say', 'cut'] as const
const HELLO: PieceMessage = { kind: 'hello', version: 1, agent: 'raw' }
const SIZE = 40

/** How many bytes were said whole. */
function beginningsOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.byteLength + 1 }, (_each, length) => bytes.subarray(0, length))
}

test.each(ENDS)('what a peer gives until its stream ends (%s)', (how) => {
  const body = someBytes(SIZE)
  const offer = {
    kind: 'offer',
    file: 0,
    sizeBytes: SIZE,
    pieceBytes: 65_536,
    pieces: null
  } as const
  const said = Buffer.concat([
    ...[HELLO, offer, { kind: 'block', request: 0, offset: 0, bytes: SIZE } as const].map(
      encodeMessage
    ),
    body
  ])
  for (const bytes of beginningsOf(said)) {
    const stream = new FakeStream()
    const heard: string[] = []
    const ends: MeshError[] = []
    const asking = new AskingStream('giver', stream.asStream, {
      clock: systemClock,
      agent: 'test',
      onClosed: () => {},
      onIdle: () => {},
      onTransfer: () => {}
    })
    const file = asking.follow('blake3:1', {
      onOffer: () => heard.push('offer'),
      onNews: () => {},
      onGone: () => heard.push('gone'),
      onBusy: () => {},
      onMoved: () => {},
      onClosed: (error) => ends.push(error)
    })
    const into = new Uint8Array(SIZE)
    asking.request(
      { file, piece: 0, offset: 0, into },
      {
        onBytes: () => {},
        onDone: () => heard.push('done'),
        onRefused: () => heard.push('refused')
      }
    )
    stream[how](bytes)
    const isWhole = bytes.byteLength === said.byteLength
    expect(heard.includes('done')).toBe(isWhole)
    expect(heard.filter((what) => what !== 'offer' && what !== 'done')).toEqual([])
    expect(body.equals(into)).toBe(isWhole)
    expect(ends).toMatchObject([{ code: 'SESSION_CLOSED' }])
    expect(ends.map(offenceOf)).toEqual([undefined])
  }
})

const newFolder = useFolders()

test.each(ENDS)('what a peer asks until its stream ends (%s)', async (how) => {
  const library = await openLibrary(newFolder())
  const { id } = await library.addBytes(someBytes(SIZE), 'small')
  const complaints: MeshError[] = []
  const accepted: { by?: (stream: Stream) => void } = {}
  const link = {
    complain: (_peer: string, error: MeshError) => complaints.push(error),
    handle: async (_protocol: string, onStream: (stream: Stream, peer: string) => unknown) => {
      accepted.by = (stream) => void onStream(stream, 'asker')
    },
    unhandle: async () => {},
    isRelayed: () => false,
    noteTransfer: () => {}
  }
  const server = await startPieceServer(link, library)
  onTestFinished(() => server.stop())
  const said = Buffer.concat(
    [
      HELLO,
      { kind: 'interest', file: 0, id } as const,
      { kind: 'request', request: 0, file: 0, piece: 0, offset: 0, bytes: SIZE } as const
    ].map(encodeMessage)
  )
  const beginnings = beginningsOf(said)
  for (const bytes of beginnings) {
    const stream = new FakeStream()
    accepted.by?.(stream.asStream)
    stream[how](bytes)
    // oxlint-disable-next-line no-await-in-loop
    await settle()
  }
  expect(server.counts()).toMatchObject({
    streams: 0,
    waiting: 0,
    ended: { SESSION_CLOSED: beginnings.length }
  })
  expect(complaints.map(offenceOf).filter(Boolean)).toEqual([])
})
