/** Sessions and piece streams: frames that are too long, too deep, of no kind, too many, never read. */
import { randomBytes } from 'node:crypto'
import { PIECES_PROTOCOL_V1, SESSION_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import {
  CBOR_INDEFINITE,
  CBOR_NULL,
  cborArray,
  cborHead,
  cborMap,
  cborNumber,
  cborText,
  concat,
  frame
} from '../bytes.ts'
import type { Attack, Stage } from '../attack.ts'
import type { RawPeer } from '../raw-peer.ts'
import type { Stream } from '@libp2p/interface'

const MANY = 1_000_000
const GIBIBYTE = 1_024 ** 3
const REQUESTS = 2_000

const hello = (version = 1, agent = 'hostile'): Uint8Array =>
  frame(cborArray(cborNumber(0), cborNumber(version), cborText(agent)))

const request = (id: number, command: string, params: Uint8Array = cborMap([])): Uint8Array =>
  frame(cborArray(cborNumber(1), cborNumber(id), cborText(command), CBOR_NULL, params, CBOR_NULL))

const repeated = (count: number, each: (index: number) => Uint8Array): Uint8Array =>
  concat(...Array.from({ length: count }, (_, index) => each(index)))

/** Each after a good hello, if it needs one. */
const FRAMES: readonly (() => Uint8Array)[] = [
  () => frame(new Uint8Array(), 4 * GIBIBYTE - 1),
  () => frame(Buffer.alloc(MANY, 0x81)),
  () => frame(concat(Buffer.alloc(MANY, CBOR_INDEFINITE.array), Buffer.alloc(MANY, 0xff))),
  () => frame(Uint8Array.of(CBOR_INDEFINITE.map, 0x61, 0x61)),
  () => frame(concat(cborHead('array', 2 ** 40), Uint8Array.of(0))),
  () => frame(concat(cborHead('bytes', 4 * GIBIBYTE), Uint8Array.of(0))),
  () => frame(repeated(10_000, () => cborHead('tag', 2))),
  () => frame(concat(cborHead('tag', 2), cborHead('bytes', 1_000), randomBytes(1_000))),
  () =>
    request(
      1,
      'GET_CAPABILITIES',
      cborMap(Array.from({ length: 100_000 }, () => [cborText('a'), CBOR_NULL]))
    ),
  () =>
    request(
      1,
      'GET_CAPABILITIES',
      cborMap([[cborText('__proto__'), cborMap([[cborText('a'), CBOR_NULL]])]])
    ),
  () => frame(randomBytes(1_000)),
  () => hello(),
  () => frame(cborArray(cborNumber(99))),
  () => frame(cborArray(cborNumber(2), cborNumber(7), CBOR_NULL, cborMap([]), CBOR_NULL)),
  () => repeated(REQUESTS, (id) => frame(cborArray(cborNumber(3), cborNumber(id)))),
  () =>
    repeated(REQUESTS, (id) => frame(cborArray(cborNumber(4), cborNumber(id), cborText('load')))),
  () =>
    frame(
      cborArray(cborNumber(6), cborText('\u001b[31m'), cborText('bye\n{"level":60}'.repeat(1_000)))
    ),
  () => request(1, 'x'.repeat(MANY)),
  () => repeated(REQUESTS, (id) => request(id % 2, 'FIND_NODES')),
  () => frame(Buffer.alloc(100, 0x18)).subarray(0, 50)
]

async function openWatched(stage: Stage, peer: RawPeer, protocol: string): Promise<Stream> {
  const stream = await peer.open(stage.target, protocol)
  stream.addEventListener('close', () => stage.tally.got(`stream ${stream.status}`))
  stream.addEventListener('message', () => stage.tally.got('bytes'))
  stage.hold(() => stream.abort(new Error('enough')))
  return stream
}

export const SESSION_ATTACKS: readonly Attack[] = [
  {
    name: 'frames',
    who: 'member',
    what: 'frames that are no CBOR of ours: 4 GiB long, indefinite, tagged, a million deep, of no kind, doubled',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.member()
      const stream = await openWatched(stage, peer, SESSION_PROTOCOL_V1)
      const bytes = FRAMES[stage.step % FRAMES.length]?.() ?? hello()
      await peer.send(stream, concat(hello(), bytes))
    }
  },
  {
    name: 'frames-stranger',
    who: 'stranger',
    what: 'the same without a certificate',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.stranger()
      const stream = await openWatched(stage, peer, SESSION_PROTOCOL_V1)
      const bytes = FRAMES[stage.step % FRAMES.length]?.() ?? hello()
      await peer.send(stream, concat(hello(), bytes))
    }
  },
  {
    name: 'session-versions',
    who: 'member',
    what: 'sessions of versions 0, 2 and 4,000,000,000, by agents of many letters',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.member()
      const stream = await openWatched(stage, peer, SESSION_PROTOCOL_V1)
      const version = [0, 2, 4_000_000_000][stage.step % 3]
      await peer.send(stream, hello(version, '\u001b[31m\r\n'.repeat(10_000)))
    }
  },
  {
    name: 'sessions-many',
    who: 'member',
    what: 'new sessions on top of the old ones, without end',
    perSecond: 60,
    heldMax: 2_000,
    step: async (stage) => {
      const peer = await stage.member()
      const stream = await openWatched(stage, peer, SESSION_PROTOCOL_V1)
      await peer.send(stream, hello())
    }
  },
  {
    name: 'session-never-read',
    who: 'member',
    what: 'thousands of requests on sessions that are never read',
    perSecond: 10,
    heldMax: 200,
    step: async (stage) => {
      const peer = await stage.member()
      const stream = await openWatched(stage, peer, SESSION_PROTOCOL_V1)
      stream.pause()
      const command = ['FIND_NODES', 'LIST_FILES', 'GET_CAPABILITIES'][stage.step % 3] ?? ''
      await peer.send(
        stream,
        concat(
          hello(),
          repeated(REQUESTS, (id) => request(id, command))
        )
      )
    }
  },
  {
    name: 'pieces-never-read',
    who: 'member',
    what: 'pieces asked for and never read',
    perSecond: 10,
    heldMax: 200,
    step: async (stage) => {
      const peer = await stage.member()
      const stream = await openWatched(stage, peer, PIECES_PROTOCOL_V1)
      stream.pause()
      const asked = stage.files
        .slice(0, 64)
        .map((id, file) =>
          concat(
            frame(cborArray(cborNumber(1), cborNumber(file), cborText(id))),
            frame(cborArray(...[3, file + 1, file, 0, 0, 65_536].map(cborNumber)))
          )
        )
      await peer.send(stream, concat(hello(), ...asked))
    }
  },
  {
    name: 'pieces-wrong',
    who: 'member',
    what: 'piece streams that ask for what is not there, for too much, or in no order',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.member()
      const stream = await openWatched(stage, peer, PIECES_PROTOCOL_V1)
      const id = stage.files[0] ?? ''
      const tries = [
        frame(cborArray(...[3, 1, 1, 0, 0, 1].map(cborNumber))),
        repeated(REQUESTS, (file) =>
          frame(cborArray(cborNumber(1), cborNumber(file), cborText(id)))
        ),
        frame(cborArray(...[3, 1, 0, 4_000_000_000, 4_000_000_000, 4_000_000_000].map(cborNumber))),
        frame(new Uint8Array(), 4 * GIBIBYTE - 1),
        frame(Buffer.alloc(10_000, 0x81))
      ]
      const bytes = tries[stage.step % tries.length] ?? hello()
      await peer.send(stream, stage.step % 2 === 0 ? concat(hello(), bytes) : bytes)
    }
  }
]
