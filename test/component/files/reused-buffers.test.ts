/**
 * What a node reads to give it goes into memory that is used again and again. Peers that ask, call off and read
 * at odd times get their own bytes all the same, whatever is on its way to others meanwhile.
 */
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { MessageReader } from '../../../src/files/exchange/message-reader.ts'
import { PIECES_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { encodeMessage } from '../../../src/files/exchange/messages.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import { openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { startPieceServer } from '../../support/piece-mesh.ts'
import type { FileLibrary } from '../../../src/files/store/library.ts'
import type { PieceMessage } from '../../../src/files/exchange/messages.ts'
import type { Random } from '../../../src/core/random.ts'
import type { Stream } from '@libp2p/interface'

const newFolder = useFolders()
const mesh = new Mesh()
afterEach(async () => await mesh.stop())

const LEAF = 65_536
const PIECE = 4 * LEAF
const PIECES = 24
const REQUESTS = 150
const PENDING_MAX = 40
const SEEDS = [20_261_121, 20_261_122]

/** Asks for ranges by chance, calls some off, and compares each byte that comes with the file. */
class OddAsker {
  readonly #stream: Stream
  readonly #file: Uint8Array
  readonly #random: Random
  readonly #asked = new Map<number, { at: number; left: number }>()
  #at = 0
  #body: { at: number; left: number } | undefined
  wrongBytes = 0
  rightBytes = 0
  isEnded = false

  constructor(stream: Stream, file: Uint8Array, random: Random) {
    this.#stream = stream
    this.#file = file
    this.#random = random
    const reader = new MessageReader({
      onMessage: (message) => this.#onMessage(message),
      onBody: (part) => this.#onBody(part)
    })
    stream.addEventListener('message', ({ data }) => reader.push(data))
    stream.addEventListener('close', () => (this.isEnded = true))
  }

  async run(id: string): Promise<void> {
    this.#send({ kind: 'hello', version: 1, agent: 'odd' }, { kind: 'interest', file: 1, id })
    for (let request = 0; request < REQUESTS; request += 1) {
      this.#ask(request)
      // oxlint-disable no-await-in-loop -- one after the other, at odd times
      if (this.#chance(0.3)) await idle(this.#below(4))
      if (this.#chance(0.15)) this.#send({ kind: 'cancel', request: this.#below(request + 1) })
      await until(() => this.#asked.size < PENDING_MAX || this.isEnded)
      // oxlint-enable no-await-in-loop
    }
    await until(() => this.#asked.size === 0 || this.isEnded)
  }

  #ask(request: number): void {
    const leaf = this.#below(4)
    const leaves = 1 + this.#below(4 - leaf)
    const fields = { piece: this.#below(PIECES), offset: leaf * LEAF, bytes: leaves * LEAF }
    this.#asked.set(request, { at: fields.piece * PIECE + fields.offset, left: fields.bytes })
    this.#send({ kind: 'request', file: 1, request, ...fields })
  }

  #onMessage(message: PieceMessage): void {
    if (message.kind === 'refusal') this.#asked.delete(message.request)
    if (message.kind !== 'block') return
    this.#body = this.#asked.get(message.request)
    this.#at = message.request
  }

  #onBody(part: Uint8Array): void {
    const body = this.#body
    if (body === undefined) return
    const isRight = Buffer.compare(part, this.#file.subarray(body.at, body.at + part.length)) === 0
    if (isRight) this.rightBytes += part.length
    else this.wrongBytes += part.length
    body.at += part.length
    body.left -= part.length
    if (body.left === 0) this.#asked.delete(this.#at)
  }

  #send(...messages: PieceMessage[]): void {
    if (this.#stream.status === 'open')
      this.#stream.send(Buffer.concat(messages.map(encodeMessage)))
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  #chance(likelihood: number): boolean {
    return this.#random.next() < likelihood
  }
}

test.each(SEEDS)('each peer gets its own bytes, seed %i', async (seed) => {
  const random = seededRandom(seed)
  const giver = await mesh.add({ isOverTcp: true })
  const others = await Promise.all([1, 2, 3].map(() => mesh.add({ isOverTcp: true })))
  const library = await openLibrary(newFolder())
  const file = someBytes(PIECES * PIECE, seed)
  const { id } = await library.addBytes(file, 'film')
  const server = await startPieceServer(giver.node, slowAtTimes(library, random))
  onTestFinished(() => server.stop())
  const askers = await Promise.all(
    others.map(async ({ node }) => {
      await node.dial(giver.address)
      return new OddAsker(await node.openStream(giver.peer, PIECES_PROTOCOL_V1), file, random)
    })
  )
  await Promise.all(askers.map((each) => each.run(id)))
  expect(askers.map(({ wrongBytes }) => wrongBytes)).toEqual(askers.map(() => 0))
  expect(askers.map(({ isEnded }) => isEnded)).toEqual(askers.map(() => false))
  for (const { rightBytes } of askers) expect(rightBytes).toBeGreaterThan(PIECE)
})

/** A disk that answers at odd times, before it has read and after. */
function slowAtTimes(library: FileLibrary, random: Random): Parameters<typeof startPieceServer>[1] {
  const turns = (): number => Math.floor(random.next() * 4)
  const readPiece: FileLibrary['readPiece'] = async (...what) => {
    await idle(turns())
    const bytes = await library.readPiece(...what)
    await idle(turns())
    return bytes
  }
  return {
    readPiece,
    events: library.events,
    get: (id) => library.get(id),
    pieces: (id) => library.pieces(id)
  }
}

/** Some turns of the event loop. */
async function idle(turns: number): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- a turn each
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
