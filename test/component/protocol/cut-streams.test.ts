/**
 * Streams that end at any point of what is said on them, with a clean end or without a word, as when a relay has had
 * enough: nothing is taken for whole that is not, every failure has its code, and nobody is blamed for it.
 */
import { createConnection, createServer } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { CommandBinding } from '../../../src/protocol/command-binding.ts'
import { CommandServer } from '../../../src/protocol/command-server.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { OPEN_ACCESS } from '../../../src/protocol/access.ts'
import { Session } from '../../../src/protocol/session.ts'
import { encodeFrame } from '../../../src/protocol/frames.ts'
import { offenceOf } from '../../../src/protocol/offence.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { FakeStream } from '../../fuzz/fake-stream.ts'
import { HELLO } from '../../support/raw-session.ts'
import { Mesh, failureOf, until } from '../../support/spawn-mesh.ts'
import { settle } from '../../support/settle.ts'
import type { AddressInfo, Socket } from 'node:net'
import type { Frame } from '../../../src/protocol/frames.ts'
import type { PeerLink } from '../../../src/protocol/peer-link.ts'
import type { SessionAnswer } from '../../../src/protocol/session.ts'

const US = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const THEM = '12D3KooWEwJv6JAqUicQzxBa62GbSyLJs66XtbAcUR8QgbhshiBi'
/** Letters of two bytes, so that cuts go through them too. */
const NAME = 'Größe'
const TIMEOUT = { timeoutMs: 60_000 }

/** Whose other end has more to say when this one has said all. */
class AskedStream extends FakeStream {
  override async close(): Promise<void> {}
}

/** Both ends of commands in one place: what is asked of it, and whom it asks. */
class Bench {
  readonly offences: MeshError[] = []
  handledCount = 0
  serve: (stream: FakeStream) => void = () => {}
  /** The next stream that is opened. */
  next = new AskedStream()
  readonly server: CommandServer
  readonly link: PeerLink

  constructor() {
    this.server = new CommandServer({
      access: OPEN_ACCESS,
      selfPeer: US,
      role: 'worker',
      logger: silentLogger
    })
    this.server.register({
      LIST_FILES: () => {
        this.handledCount += 1
        return { result: { files: [] } }
      }
    })
    this.link = {
      selfPeer: US,
      openStream: async () => this.next.asStream,
      handle: async (_protocol, onStream) => {
        this.serve = (stream) => void onStream(stream.asStream, THEM)
      },
      unhandle: async () => {},
      isRelayed: () => false,
      onDirect: () => () => {},
      noteTransfer: () => {},
      complain: (_peer, error) => {
        if (offenceOf(error) !== undefined) this.offences.push(error)
      }
    }
  }
}

async function overJson(): Promise<Bench & { binding: CommandBinding }> {
  const bench = new Bench()
  const { link, server } = bench
  const binding = new CommandBinding({ access: OPEN_ACCESS, clock: systemClock, link, server })
  await binding.start()
  return Object.assign(bench, { binding })
}

/** All beginnings, the empty one first, the whole last. */
function beginningsOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.byteLength + 1 }, (_each, length) => bytes.subarray(0, length))
}

describe('a command over the JSON binding', () => {
  const request = {
    command: 'LIST_FILES',
    request_id: NAME,
    from: THEM,
    to: US,
    timestamp: 1_767_225_600,
    params: {}
  }
  const asked = Buffer.from(JSON.stringify(request))
  const answer = { ...request, from: US, to: THEM, status: 'success', result: { name: NAME } }
  const answered = Buffer.from(JSON.stringify({ ...answer, params: undefined }))

  it('that ends too early, and cleanly, is refused with a reason, and is nobody’s offence', async () => {
    const bench = await overJson()
    for (const bytes of beginningsOf(asked)) {
      const stream = new FakeStream()
      bench.serve(stream)
      stream.say(bytes)
      // oxlint-disable-next-line no-await-in-loop
      const { error_detail: error } = JSON.parse(await stream.answer) as {
        error_detail?: { code: string; blame: string }
      }
      const isWhole = bytes.byteLength === asked.byteLength
      expect(error).toMatchObject(isWhole ? {} : { code: 'REQUEST_NOT_JSON', blame: 'network' })
      expect(bench.handledCount).toBe(isWhole ? 1 : 0)
    }
    expect(bench.offences).toEqual([])
  })

  it('whose connection ends is not obeyed, even where all of it had come', async () => {
    const bench = await overJson()
    for (const bytes of beginningsOf(asked)) {
      const stream = new FakeStream()
      bench.serve(stream)
      stream.cut(bytes)
      // oxlint-disable-next-line no-await-in-loop
      await settle()
    }
    expect(bench.handledCount).toBe(0)
    expect(bench.offences).toEqual([])
  })

  it.each(['say', 'cut'] as const)(
    'whose answer ends too early (%s) fails with a reason, and is no success',
    async (how) => {
      const bench = await overJson()
      for (const bytes of beginningsOf(answered)) {
        bench.next = new AskedStream()
        const call = bench.binding.call(THEM, 'LIST_FILES', {}, TIMEOUT)
        // oxlint-disable-next-line no-await-in-loop
        await settle()
        bench.next[how](bytes)
        const isWhole = how === 'say' && bytes.byteLength === answered.byteLength
        const code = how === 'say' ? 'RESPONSE_INVALID' : 'SESSION_CLOSED'
        const ended = call.then(
          ({ response }) => response.result,
          (cause: unknown) => MeshError.from(cause)
        )
        // oxlint-disable-next-line no-await-in-loop
        expect(await ended).toMatchObject(isWhole ? { name: NAME } : { code, blame: 'network' })
      }
    }
  )

  it('that is no JSON although nothing of it is missing is an offence', async () => {
    const bench = await overJson()
    for (const text of ['hello', '{"command":}', '[1,,2]', '{} {']) {
      const stream = new FakeStream()
      bench.serve(stream)
      stream.say(Buffer.from(text))
      // oxlint-disable-next-line no-await-in-loop
      await stream.answer
    }
    expect(bench.offences.map(({ code }) => code)).toEqual(Array(3).fill('REQUEST_NOT_JSON'))
  })
})

interface Begun {
  bench: Bench
  session: Session
  stream: FakeStream
  ends: MeshError[]
}

function begin(): Begun {
  const bench = new Bench()
  const stream = new FakeStream()
  const ends: MeshError[] = []
  const { server } = bench
  const session = new Session(
    THEM,
    stream.asStream,
    { clock: systemClock, server, agent: 'test', describeLoad: () => null },
    {
      events: {
        onLoad: () => {},
        onOffence: (error) => bench.offences.push(error),
        onTransfer: () => {},
        onClosed: (error) => ends.push(error)
      }
    }
  )
  return { bench, session, stream, ends }
}

describe('a session', () => {
  const hello = encodeFrame(HELLO)
  const response = { kind: 'response', id: 1, error: null, result: { name: NAME } } as const
  const request = { kind: 'request', id: 1, command: 'LIST_FILES', to: null, params: {} } as const
  it.each(['say', 'cut'] as const)(
    'that ends (%s) within an answer fails who waits for it, and takes nothing of it',
    async (how) => {
      const said = Buffer.concat([hello, encodeFrame({ ...response, bulk: Buffer.from(NAME) })])
      for (const bytes of beginningsOf(said)) {
        const { ends, session, stream } = begin()
        let answer: SessionAnswer | undefined
        const asked = session.request({ command: 'LIST_FILES', params: {} }, TIMEOUT)
        const failed = asked.then(
          (given) => void (answer = given),
          (cause: unknown) => MeshError.from(cause).code
        )
        stream[how](bytes)
        const isWhole = bytes.byteLength === said.byteLength
        // oxlint-disable-next-line no-await-in-loop
        expect(await failed).toBe(isWhole ? undefined : 'SESSION_CLOSED')
        expect(answer).toEqual(isWhole ? { result: { name: NAME }, bulk: NAME } : undefined)
        expect(ends).toMatchObject([{ code: 'SESSION_CLOSED' }])
        expect(ends.map(offenceOf)).toEqual([undefined])
      }
    }
  )

  it.each(['say', 'cut'] as const)(
    'that ends (%s) within a request obeys none that is not whole',
    async (how) => {
      const frame: Frame = { ...request, bulk: null }
      const said = Buffer.concat([hello, encodeFrame(frame)])
      for (const bytes of beginningsOf(said)) {
        const { bench, ends, stream } = begin()
        stream[how](bytes)
        // oxlint-disable-next-line no-await-in-loop
        await settle()
        expect(bench.handledCount).toBe(bytes.byteLength === said.byteLength ? 1 : 0)
        expect(ends).toMatchObject([{ code: 'SESSION_CLOSED' }])
        expect([...bench.offences, ...ends].map(offenceOf)).toEqual([undefined])
      }
    }
  )
})

const mesh = new Mesh()
afterEach(async () => await mesh.stop())

/** Passes on what goes to a port, so many bytes of the answers, and then ends both ends as cleanly as it can. */
async function startCutter(
  port: number
): Promise<{ port: number; cutAfter: (bytes: number) => void }> {
  let left = Infinity
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = createConnection(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => {
      near.write(bytes.subarray(0, left))
      left -= bytes.byteLength
      if (left <= 0) for (const socket of [near, far]) socket.end()
    })
    near.on('end', () => far.end())
    far.on('end', () => near.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port: own } = server.address() as AddressInfo
  return { port: own, cutAfter: (bytes) => (left = bytes) }
}

it.each([1, 500, 5_000, 100_000])(
  'an answer over a real connection that ends after %d bytes fails, and nobody is struck',
  async (bytes) => {
    const data = 'x'.repeat(300_000)
    const answerer = await mesh.add({
      isOverTcp: true,
      handlers: { LIST_FILES: () => ({ result: { files: [], data } as never }) }
    })
    const asker = await mesh.add({ isOverTcp: true })
    const [, port = ''] = /\/tcp\/(\d+)/.exec(answerer.address) ?? []
    const cutter = await startCutter(Number(port))
    const address = answerer.address.replace(`/tcp/${port}`, `/tcp/${cutter.port}`)
    await asker.node.dial(address)
    await asker.sessions.open(answerer.peer)
    await settle()
    cutter.cutAfter(bytes)
    const call = asker.binding.call(answerer.peer, 'LIST_FILES', {}, TIMEOUT)
    const { code } = MeshError.from(await failureOf(call))
    expect(['SESSION_CLOSED', 'PEER_UNREACHABLE']).toContain(code)
    await until(() => !asker.node.isConnected(answerer.peer))
    for (const { node } of [asker, answerer]) {
      expect(node.counts().conduct).toMatchObject({ offences: {}, shuns: 0 })
    }
  }
)
