/** A session against every kind of bad peer: it ends with a reason, or goes on unharmed; it never takes the node along. */
import { afterEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { SESSION_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { encodeFrame } from '../../../src/protocol/frames.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { HELLO, RawSession } from '../../support/raw-session.ts'
import { Mesh, failureOf, until } from '../../support/spawn-mesh.ts'
import type { Frame } from '../../../src/protocol/frames.ts'
import type { SpawnInit, SpawnedNode } from '../../support/spawn-mesh.ts'

const TIMEOUT = { timeoutMs: 10_000 }
const handlers = { LIST_FILES: () => ({ result: { files: [] } }) }
const request = (id: number, command = 'LIST_FILES'): Frame => ({
  kind: 'request',
  id,
  command,
  to: null,
  params: {},
  bulk: null
})

const mesh = new Mesh()
afterEach(async () => await mesh.stop())

/** A node under test and a peer played by hand that has said hello. */
async function withRawPeer(
  init: SpawnInit = {}
): Promise<{ node: SpawnedNode; peer: SpawnedNode; raw: RawSession }> {
  const { asker, answerer } = await mesh.pair({ handlers, ...init })
  const raw = await RawSession.open(asker, answerer)
  raw.send(HELLO)
  await raw.next('hello')
  return { node: answerer, peer: asker, raw }
}

async function isServing(node: SpawnedNode, peer: SpawnedNode): Promise<boolean> {
  const session = await peer.sessions.open(node.peer)
  const { result } = await session.request({ command: 'LIST_FILES', params: {} }, TIMEOUT)
  return Array.isArray(result?.['files'])
}

/** A node that asks a peer played by hand. */
async function askRawPeer(
  play: (raw: RawSession) => void
): Promise<{ answer: Promise<unknown>; node: SpawnedNode; peer: SpawnedNode }> {
  const peer = await mesh.add()
  await peer.sessions.stop()
  await peer.node.handle(
    SESSION_PROTOCOL_V1,
    async (stream) => {
      const raw = new RawSession(stream)
      raw.send(HELLO)
      await raw.next('request')
      play(raw)
    },
    { maxInboundStreams: 10 }
  )
  const node = await mesh.add({ handlers })
  await node.node.dial(peer.address)
  const session = await node.sessions.open(peer.peer)
  const answer = session.request({ command: 'LIST_FILES', params: {} }, TIMEOUT)
  return { answer, node, peer }
}
const response = (id: number): Frame & { kind: 'response' } => ({
  kind: 'response',
  id,
  error: null,
  result: { files: [] },
  bulk: null
})

function framed(...bytes: number[]): Uint8Array {
  return Uint8Array.from([0, 0, 0, bytes.length, ...bytes])
}

describe('fault 25: bytes that are no frames', () => {
  const valid = encodeFrame(request(1))
  const cases: [string, Uint8Array, string][] = [
    ['text', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'), 'FRAME_TOO_LARGE'],
    ['a length of 4 GiB', Uint8Array.from([255, 255, 255, 255]), 'FRAME_TOO_LARGE'],
    ['an empty frame', framed(), 'FRAME_INVALID'],
    ['an unknown kind', framed(0x82, 0x18, 99, 0x01), 'FRAME_INVALID'],
    ['no array', framed(0xa0), 'FRAME_INVALID'],
    ['a text for an id', framed(0x82, 0x03, 0x61, 0x78), 'FRAME_INVALID'],
    ['a tag', framed(0x82, 0x03, 0xc1, 0x01), 'FRAME_INVALID'],
    ['a frame within a frame', Buffer.concat([framed(0x82, 0x03), valid]), 'FRAME_INVALID'],
    ['a second hello', encodeFrame(HELLO), 'FRAME_INVALID']
  ]
  it.each(cases)('%s: end the session with a reason', async (_name, bytes, code) => {
    const { node, peer, raw } = await withRawPeer()
    raw.sendBytes(bytes)
    expect(await raw.goodbyeCode()).toBe(code)
    expect(await isServing(node, peer)).toBe(true)
  })

  it('in the place of a hello end the session', async () => {
    const { asker, answerer } = await mesh.pair({ handlers })
    const raw = await RawSession.open(asker, answerer)
    raw.send(request(1))
    expect(await raw.goodbyeCode()).toBe('FRAME_INVALID')
    expect(await isServing(answerer, asker)).toBe(true)
  })

  it('with a single bit flipped never do more than end the session', async () => {
    let { asker, answerer } = await mesh.pair({ handlers })
    for (let bit = 0; bit < valid.byteLength * 8; bit += 7) {
      if (bit % 28 === 0) {
        // Whoever goes on sending such frames is shut out.
        asker = await mesh.add()
        await asker.node.dial(answerer.address)
      }
      const flipped = Uint8Array.from(valid)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      const raw = await RawSession.open(asker, answerer)
      raw.send(HELLO)
      raw.sendBytes(flipped)
      await raw.next('hello')
      raw.stream.abort(new Error('next'))
    }
    expect(await isServing(answerer, asker)).toBe(true)
  })

  it('again and again shut their sender out, and nobody else', async () => {
    const { asker, answerer } = await mesh.pair({ handlers })
    for (let count = 0; count < 5; count += 1) {
      const raw = await RawSession.open(asker, answerer)
      raw.send(request(1))
      await raw.goodbyeCode().catch(() => {})
    }
    await expect.poll(() => answerer.node.isConnected(asker.peer)).toBe(false)
    await expect(RawSession.open(asker, answerer)).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE'
    })
    const honest = await mesh.add()
    await honest.node.dial(answerer.address)
    expect(await isServing(answerer, honest)).toBe(true)
    const { conduct } = answerer.node.counts()
    expect(conduct).toMatchObject({ offences: { frame: 5 }, shuns: 1, shunned: 1 })
  })
})

describe('a hello', () => {
  it('fault 31: of another version is refused with PROTOCOL_VERSION, which the other end hears', async () => {
    const { asker, answerer } = await mesh.pair({ handlers })
    const raw = await RawSession.open(asker, answerer)
    raw.send({ ...HELLO, version: 2 } as Frame)
    expect(await raw.goodbyeCode()).toBe('PROTOCOL_VERSION')

    const old = await mesh.add()
    await old.sessions.stop()
    await old.node.handle(
      SESSION_PROTOCOL_V1,
      (stream) => new RawSession(stream).send({ ...HELLO, version: 7 } as Frame),
      { maxInboundStreams: 10 }
    )
    await asker.node.dial(old.address)
    await expect(asker.sessions.open(old.peer)).rejects.toMatchObject({ code: 'PROTOCOL_VERSION' })
  })

  it('that never comes fails who opened, and ends the session of who accepted', async () => {
    const clock = new FakeClock()
    const mute = await mesh.add()
    await mute.sessions.stop()
    await mute.node.handle(SESSION_PROTOCOL_V1, () => {}, { maxInboundStreams: 10 })
    const node = await mesh.add({ clock })
    await mute.node.dial(node.address)

    const opening = node.sessions.open(mute.peer)
    const refused = failureOf(opening)
    await until(() => clock.timerCount >= 2)
    clock.advance(10_001)
    expect(await refused).toMatchObject({ code: 'PEER_UNREACHABLE' })

    const raw = await RawSession.open(mute, node)
    await raw.next('hello')
    for (let beats = 0; beats < 4; beats += 1) {
      // Half a length prefix every now and then: it is not silent, it only never comes to the point.
      if (beats < 2) raw.sendBytes(Uint8Array.of(0))
      clock.advance(5_000)
    }
    await until(() => raw.isEnded)
    expect(clock.timerCount).toBe(0)
  })
})

describe('requests', () => {
  it('with an id in use end the session', async () => {
    const { node, peer, raw } = await withRawPeer({
      handlers: { ...handlers, FIND_NODES: () => new Promise(() => {}) }
    })
    raw.send(request(5, 'FIND_NODES'), request(5, 'FIND_NODES'))
    expect(await raw.goodbyeCode()).toBe('FRAME_INVALID')
    expect(await isServing(node, peer)).toBe(true)
  })

  it('in a flood are refused above the limit, each with its answer, and the rest is served', async () => {
    const release = Promise.withResolvers<void>()
    const { raw } = await withRawPeer({
      handlers: {
        FIND_NODES: async () => {
          await release.promise
          return { result: { nodes: [] } }
        }
      }
    })
    const count = LIMITS.sessionRequestsMax + 500
    for (let id = 0; id < count; id += 1) raw.send(request(id, 'FIND_NODES'))
    const answers = (): Frame[] => raw.frames.filter(({ kind }) => kind === 'response')
    await until(() => answers().length === 500)
    expect(answers()).toSatisfy((frames: (Frame & { kind: 'response' })[]) =>
      frames.every(({ error }) => error?.code === 'TOO_MANY_REQUESTS')
    )
    release.resolve()
    await until(() => answers().length === count)
  })

  it.each(['params', 'bulk'] as const)(
    'that make the node hold too much in their %s are refused',
    async (where) => {
      const { raw } = await withRawPeer({ handlers: { EXECUTE_TASK: () => new Promise(() => {}) } })
      const task = { text: 'x'.repeat(4 * 1_024 * 1_024) }
      const change =
        where === 'bulk'
          ? { bulk: Buffer.from(JSON.stringify(task)) }
          : { params: { task_data: task } }
      const fits = Math.floor(LIMITS.sessionRequestBytesMax / task.text.length)
      for (let id = 0; id < fits; id += 1) {
        raw.send({ ...request(id, 'EXECUTE_TASK'), ...change })
        await until(() => raw.stream.writeBufferLength === 0)
      }
      expect(await raw.next('response')).toMatchObject({
        id: fits - 1,
        error: { code: 'TOO_MANY_REQUESTS' }
      })
    }
  )

  it('are checked as over the other binding', async () => {
    const { raw, node } = await withRawPeer()
    const cases: [Partial<Frame & { kind: 'request' }>, string, string?][] = [
      [{ command: 'LIST_FILE' }, 'COMMAND_UNKNOWN', 'command'],
      [{ command: '__proto__' }, 'COMMAND_UNKNOWN', 'command'],
      [{ command: 'x'.repeat(100_000) }, 'COMMAND_UNKNOWN', 'command'],
      [{ command: 'GET_CAPABILITIES' }, 'COMMAND_NOT_SERVED', 'command'],
      [{ params: { nam: 1 } }, 'FIELD_UNKNOWN', 'params.nam'],
      [{ to: raw.stream.id }, 'WRONG_RECIPIENT', 'to'],
      [{ command: 'EXECUTE_TASK', bulk: new Uint8Array([0xff]) }, 'REQUEST_NOT_JSON'],
      [{ command: 'EXECUTE_TASK', bulk: Buffer.from('{') }, 'REQUEST_NOT_JSON'],
      [{ command: 'EXECUTE_TASK', bulk: Buffer.from('['.repeat(100)) }, 'REQUEST_TOO_DEEP']
    ]
    for (const [change, code, path] of cases) {
      raw.frames.length = 0
      raw.send({ ...request(1), ...change } as Frame)
      const { error } = await raw.next('response')
      expect({ change, code: error?.code }).toEqual({ change, code })
      expect(error?.path).toBe(path ?? error?.path)
    }
    raw.send({ ...request(2), to: node.peer } as Frame)
    await until(() => raw.frames.some((frame) => frame.kind === 'response' && frame.id === 2))
  })

  it('are cancelled by the asker: the handler hears of it, the session goes on', async () => {
    const heard = Promise.withResolvers<unknown>()
    const { asker, answerer } = await mesh.pair({
      handlers: {
        ...handlers,
        FIND_NODES: async (_params, { signal }) => {
          signal.addEventListener('abort', () => heard.resolve(signal.reason))
          return await new Promise(() => {})
        }
      }
    })
    const session = await asker.sessions.open(answerer.peer)
    const controller = new AbortController()
    const options = { ...TIMEOUT, signal: controller.signal }
    const asking = session.request({ command: 'FIND_NODES', params: {} }, options)
    const stopped = failureOf(asking)
    controller.abort(new Error('never mind'))
    expect(String(await stopped)).toContain('never mind')
    expect(await heard.promise).toMatchObject({ code: 'TASK_STOPPED' })
    expect(await isServing(answerer, asker)).toBe(true)
  })

  it('that no handler answers end at the time limit, and a late answer is dropped', async () => {
    const clock = new FakeClock()
    const release = Promise.withResolvers<void>()
    const { asker, answerer } = await mesh.pair(
      {
        handlers: {
          ...handlers,
          FIND_NODES: async () => {
            await release.promise
            return { result: { nodes: [] } }
          }
        }
      },
      { clock }
    )
    const session = await asker.sessions.open(answerer.peer)
    const asking = session.request({ command: 'FIND_NODES', params: {} }, { timeoutMs: 1_000 })
    const refused = failureOf(asking)
    clock.advance(1_001)
    expect(await refused).toMatchObject({ code: 'RESPONSE_TIMED_OUT' })
    release.resolve()
    expect(await isServing(answerer, asker)).toBe(true)
  })

  it('whose handler throws are answered with what went wrong', async () => {
    const { asker, answerer } = await mesh.pair({
      handlers: {
        LIST_FILES: () => {
          throw new TypeError('a bug')
        },
        FIND_NODES: () => ({ result: { nodes: [Symbol('no CBOR')] as unknown as [] } }),
        GET_REPUTATION: () => ({ bulk: 'x'.repeat(LIMITS.frameBytesMax) })
      }
    })
    const session = await asker.sessions.open(answerer.peer)
    for (const [command, code] of [
      ['LIST_FILES', 'INTERNAL'],
      ['FIND_NODES', 'INTERNAL'],
      ['GET_REPUTATION', 'FRAME_TOO_LARGE']
    ] as const) {
      const { error } = await session.request({ command, params: {} }, TIMEOUT)
      expect({ command, code: error?.code }).toEqual({ command, code })
    }
    expect(session.isOpen).toBe(true)
  })

  it('carry 4 MiB both ways, many at once', async () => {
    const text = JSON.stringify({ engine: 'builtin', text: 'é'.repeat(2 * 1_024 * 1_024 - 100) })
    const { asker, answerer } = await mesh.pair({
      handlers: {
        EXECUTE_TASK: (params) => ({ result: {}, bulk: JSON.stringify(params.task_data) })
      }
    })
    const session = await asker.sessions.open(answerer.peer)
    const outgoing = { command: 'EXECUTE_TASK', params: {}, bulk: text }
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => await session.request(outgoing, { timeoutMs: 30_000 }))
    )
    for (const { bulk } of answers) expect(bulk === text).toBe(true)
  })

  it('arrive whole however their bytes are cut', async () => {
    const { raw } = await withRawPeer()
    const bytes = encodeFrame(request(1))
    for (let cut = 1; cut < bytes.byteLength; cut += 1) {
      raw.frames.length = 0
      raw.sendBytes(bytes.subarray(0, cut))
      await new Promise<void>((resolve) => setImmediate(resolve))
      raw.sendBytes(bytes.subarray(cut))
      expect(await raw.next('response')).toMatchObject({ id: 1, error: null })
    }
  })
})

describe('answers', () => {
  it('to requests that nobody made are dropped', async () => {
    const { answer } = await askRawPeer((raw) => raw.send(response(999), response(0), response(1)))
    expect(await answer).toEqual({ result: { files: [] } })
  })

  it('that come twice count once', async () => {
    const { answer } = await askRawPeer((raw) => raw.send(response(1), response(1)))
    expect(await answer).toEqual({ result: { files: [] } })
  })

  it('with a bulk that is no text are an error, and the asker is not left waiting', async () => {
    const { answer } = await askRawPeer((raw) =>
      raw.send({ ...response(1), bulk: Buffer.from([255]) })
    )
    expect(await answer).toMatchObject({ error: { code: 'RESPONSE_INVALID' } })
  })

  it('with a twisted error are read with care', async () => {
    const error = {
      code: 'NO_SUCH_CODE',
      message: 'm'.repeat(100_000),
      path: 7,
      hint: {},
      blame: 'x'
    }
    const { answer } = await askRawPeer((raw) =>
      raw.send({ ...response(1), error } as unknown as Frame)
    )
    const { error: read } = (await answer) as { error: Error & Record<string, unknown> }
    expect(read).toMatchObject({ code: 'RESPONSE_INVALID', path: undefined, hint: undefined })
    expect(read['blame']).toBe('network')
    expect(read.message.length).toBeLessThan(10_000)
  })

  it('that break the protocol make a lost session of it, not the fault of the asker', async () => {
    const { answer } = await askRawPeer((raw) => raw.sendBytes(framed(0xff)))
    await expect(answer).rejects.toMatchObject({ code: 'SESSION_CLOSED', blame: 'network' })
  })

  it('are given up when the peer says goodbye; only some reasons are taken from it', async () => {
    const { answer } = await askRawPeer((raw) =>
      raw.send({ kind: 'goodbye', code: 'STOPPING', message: 'good night' }, response(1))
    )
    await expect(answer).rejects.toMatchObject({ code: 'STOPPING', message: 'good night' })
    const { answer: other } = await askRawPeer((raw) =>
      raw.send({ kind: 'goodbye', code: 'TASK_FAILED', message: 'your fault' })
    )
    await expect(other).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
  })
})

describe('the end of a session', () => {
  it('fails every request in flight and cancels every handler', async () => {
    const cancelled = Promise.withResolvers<unknown>()
    const { asker, answerer } = await mesh.pair({
      handlers: {
        FIND_NODES: async (_params, { signal }) => {
          signal.addEventListener('abort', () => cancelled.resolve(signal.reason))
          return await new Promise(() => {})
        }
      }
    })
    const session = await asker.sessions.open(answerer.peer)
    const asking = Array.from({ length: 5 }, async () => {
      return await session.request({ command: 'FIND_NODES', params: {} }, TIMEOUT)
    })
    const settled = Promise.allSettled(asking)
    await asker.sessions.stop()
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STOPPING' } })
    }
    expect(await cancelled.promise).toMatchObject({ code: 'STOPPING' })
    await expect(
      session.request({ command: 'FIND_NODES', params: {} }, TIMEOUT)
    ).rejects.toMatchObject({ code: 'STOPPING' })
    await expect(asker.sessions.open(answerer.peer)).rejects.toMatchObject({ code: 'STOPPING' })
  })

  it('leaves no stream behind on either side, whoever ends it', async () => {
    const { asker, answerer } = await mesh.pair({ handlers })
    const streams = (): number =>
      [asker, answerer]
        .flatMap(({ node }) => node.libp2p.getConnections())
        .flatMap((connection) => connection.streams)
        .filter(({ protocol }) => protocol === SESSION_PROTOCOL_V1).length
    for (let round = 0; round < 3; round += 1) {
      const raw = await RawSession.open(asker, answerer)
      raw.send(HELLO)
      if (round === 0) raw.send({ kind: 'goodbye', code: 'STOPPING', message: '' })
      if (round === 1) raw.sendBytes(framed(0xff))
      await raw.stream.close()
    }
    await asker.sessions.open(answerer.peer)
    await answerer.sessions.stop()
    await until(() => streams() === 0)
    expect(streams()).toBe(0)
  })

  it('comes with PEER_SILENT when nothing is heard for too long', async () => {
    const clock = new FakeClock()
    const { asker, answerer } = await mesh.pair({ handlers }, { clock })
    const session = await asker.sessions.open(answerer.peer)
    await until(() => session.latencyMs !== undefined)
    const closed = Promise.withResolvers<unknown>()
    asker.sessions.listen({ onClosed: (_peer, error) => closed.resolve(error) })
    const asking = session.request({ command: 'LIST_FILES', params: {} }, { timeoutMs: 60_000 })
    const refused = failureOf(asking)
    // All in one turn: the other end has no chance to be heard between.
    for (let beats = 0; beats < 4; beats += 1) clock.advance(5_000)
    expect(await refused).toMatchObject({ code: 'PEER_SILENT' })
    expect(await closed.promise).toMatchObject({ code: 'PEER_SILENT' })
    expect(clock.timerCount).toBe(0)
  })

  it('fault 26: comes with SESSION_CONGESTED when the peer does not read, and what waited is let go', async () => {
    const clock = new FakeClock()
    const bulk = JSON.stringify('x'.repeat(4 * 1_024 * 1_024))
    const { peer, node, raw } = await withRawPeer({
      clock,
      handlers: { ...handlers, REQUEST_PIECE: () => ({ result: {}, bulk }) }
    })
    const closed = Promise.withResolvers<unknown>()
    node.sessions.listen({ onClosed: (_peer, error) => closed.resolve(error) })
    const session = node.sessions.get(peer.peer)
    raw.stream.pause()
    const params = { file_hash: 'a'.repeat(64), piece_index: 0 }
    const asked = { ...request(0, 'REQUEST_PIECE'), params } as Frame & { kind: 'request' }
    for (let id = 1; id <= 40; id += 1) raw.send({ ...asked, id })
    expect(await closed.promise).toMatchObject({ code: 'SESSION_CONGESTED' })
    expect(session?.waitingBytes).toBe(0)
    raw.stream.abort(new Error('done'))
    expect(await isServing(node, peer)).toBe(true)
  })
})

describe('sessions with one peer', () => {
  it('opened by both ends at once both work', async () => {
    const { asker, answerer } = await mesh.pair({ handlers }, { handlers })
    const [mine, theirs] = await Promise.all([
      asker.sessions.open(answerer.peer),
      answerer.sessions.open(asker.peer)
    ])
    for (const session of [mine, theirs]) {
      const { result } = await session.request({ command: 'LIST_FILES', params: {} }, TIMEOUT)
      expect(result).toEqual({ files: [] })
    }
  })

  it('are opened once however many ask, and one who stops waiting stops only itself', async () => {
    const { asker, answerer } = await mesh.pair({ handlers })
    const controller = new AbortController()
    const first = asker.sessions.open(answerer.peer, { signal: controller.signal })
    const stopped = failureOf(first)
    const others = Promise.all([
      asker.sessions.open(answerer.peer),
      asker.sessions.open(answerer.peer)
    ])
    controller.abort(new Error('not me'))
    expect(String(await stopped)).toContain('not me')
    const [second, third] = await others
    expect(second).toBe(third)
    await expect(asker.sessions.open('not-a-peer', { signal: controller.signal })).rejects.toThrow(
      'not me'
    )
  })

  it('beyond a few replace the oldest, so that a peer that reconnects is heard at once', async () => {
    const { node, peer, raw } = await withRawPeer()
    const others: RawSession[] = []
    for (let count = 0; count < 4; count += 1) {
      const other = await RawSession.open(peer, node)
      other.send(HELLO)
      await other.next('hello')
      others.push(other)
    }
    expect(await raw.goodbyeCode()).toBe('TOO_MANY_REQUESTS')
    for (const other of others) {
      other.send(request(1))
      expect(await other.next('response')).toMatchObject({ error: null })
    }
  })

  it('tell the load of each end to the other', async () => {
    const { asker, answerer } = await mesh.pair({ describeLoad: () => ({ running: 3 }) })
    const heard = Promise.withResolvers<unknown>()
    asker.sessions.listen({ onLoad: (_peer, load) => heard.resolve(load) })
    await asker.sessions.open(answerer.peer)
    expect(await heard.promise).toEqual({ running: 3 })
  })

  it('hear of it so often between two beats, and answer no more, whoever else is served', async () => {
    const clock = new FakeClock()
    const { node, peer, raw } = await withRawPeer({ clock, describeLoad: () => ({ slots: 1 }) })
    let heardCount = 0
    node.sessions.listen({ onLoad: () => (heardCount += 1) })
    const frames = Array.from({ length: 600 }, (): Frame[] => [
      { kind: 'beat', number: 1, load: null },
      { kind: 'echo', number: 7, load: null }
    ])
    raw.send(...frames.flat(), request(1))
    await raw.next('response')
    expect(heardCount).toBe(1_000)
    expect(raw.frames.filter(({ kind }) => kind === 'echo').length).toBe(500)
    expect(node.node.counts().conduct.offences).toEqual({ excess: 200 })
    clock.advance(5_000)
    raw.send({ kind: 'beat', number: 0, load: null }, request(2))
    await until(() => raw.frames.filter(({ kind }) => kind === 'response').length === 2)
    expect(heardCount).toBe(1_001)
    expect(await isServing(node, peer)).toBe(true)
    // The clock stands, and with it how long anybody waits for an end.
    raw.stream.abort(new Error('enough'))
  })

  it('tell it out of turn when they are asked to, each peer its own, and want no echo', async () => {
    const loads: unknown[] = []
    const describeLoad = (peer: string): unknown => ({ for: peer, count: loads.length })
    const { asker, answerer } = await mesh.pair({ describeLoad })
    const quiet = Promise.withResolvers<void>()
    const echoed: unknown[] = []
    answerer.sessions.listen({ onLoad: (_peer, load) => echoed.push(load) })
    asker.sessions.listen({
      onLoad: (_peer, load) => {
        loads.push(load)
        // Three beats each begin a session, with their echoes.
        if (loads.length === 6) quiet.resolve()
      }
    })
    await asker.sessions.open(answerer.peer)
    await quiet.promise
    await until(() => echoed.length === 6)
    answerer.sessions.tell(asker.peer)
    answerer.sessions.tell('somebody else')
    await until(() => loads.length === 7)
    expect(loads.at(-1)).toEqual({ for: asker.peer, count: 6 })
    // A request and its answer go the same way, so an echo would be here by now.
    const session = await asker.sessions.open(answerer.peer)
    await session.request({ command: 'PING', params: {} }, { timeoutMs: 10_000 }).catch(() => {})
    expect(echoed).toHaveLength(6)
  })
})
