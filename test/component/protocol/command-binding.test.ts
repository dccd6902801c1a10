/** The JSON binding against every kind of bad request: a typed answer each time, and nobody else is harmed. */
import { afterEach, describe, expect, it } from 'vitest'
import { COMMAND_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { OPEN_ACCESS } from '../../../src/protocol/access.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Mesh, exchangeBytes, failureOf, readAll, until } from '../../support/spawn-mesh.ts'
import type { CommandResponse } from '../../../src/model/generated/envelope.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const checkResponse = validatorFor<CommandResponse>('envelope#/$defs/response')
const TIMEOUT = { timeoutMs: 10_000 }
const handlers = { LIST_FILES: () => ({ result: { files: [] } }) }

const mesh = new Mesh()
afterEach(async () => await mesh.stop())

async function exchange(
  { asker, answerer }: { asker: SpawnedNode; answerer: SpawnedNode },
  request: unknown
): Promise<CommandResponse> {
  const stream = await asker.node.openStream(answerer.peer, COMMAND_PROTOCOL_V1)
  const bytes =
    request instanceof Uint8Array
      ? request
      : new TextEncoder().encode(typeof request === 'string' ? request : JSON.stringify(request))
  return checkResponse(JSON.parse(await exchangeBytes(stream, bytes)))
}

async function isServing(pair: { asker: SpawnedNode; answerer: SpawnedNode }): Promise<boolean> {
  const { response } = await pair.asker.binding.call(pair.answerer.peer, 'LIST_FILES', {}, TIMEOUT)
  return response.status === 'success'
}

function refuseStranger(): void {
  throw new MeshError('NOT_A_MEMBER', 'a stranger')
}

describe('a stranger', () => {
  it('is heard for as long as it takes to introduce oneself, and no longer', async () => {
    const pair = await mesh.pair({
      handlers,
      access: { ...OPEN_ACCESS, requireMember: refuseStranger }
    })
    expect((await exchange(pair, ' '.repeat(60_000))).error_detail?.code).toBe('REQUEST_NOT_JSON')
    const long = await exchange(pair, ' '.repeat(LIMITS.strangerCommandBytesMax + 1))
    expect(long.error_detail?.code).toBe('NOT_A_MEMBER')
  })
})

describe('a bad request', () => {
  it('is answered with what is wrong and where, and the next one is served', async () => {
    const pair = await mesh.pair({ handlers })
    const request = {
      command: 'LIST_FILES',
      request_id: 'r-1',
      from: pair.asker.peer,
      timestamp: 1,
      params: {}
    }
    const stranger = '12D3KooWJzUnMWFHpVEGEs7jP9fMLPg9QzGAm4ZVPdFvFCHmiQfe'
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`
    const cases: [unknown, string, { path?: string; hint?: RegExp }?][] = [
      ['hello', 'REQUEST_NOT_JSON'],
      ['', 'REQUEST_NOT_JSON'],
      ['{"command":', 'REQUEST_NOT_JSON'],
      ['NaN', 'REQUEST_NOT_JSON'],
      ['{} {}', 'REQUEST_NOT_JSON'],
      [new Uint8Array([0x22, 0xff, 0xfe, 0x22]), 'REQUEST_NOT_JSON'],
      [new Uint8Array(1_000), 'REQUEST_NOT_JSON'],
      [deep, 'REQUEST_TOO_DEEP'],
      [`[${'{},'.repeat(LIMITS.jsonContainersMax)}0]`, 'REQUEST_TOO_LARGE'],
      ['null', 'FIELD_INVALID'],
      ['[]', 'FIELD_INVALID'],
      ['{}', 'FIELD_MISSING', { path: 'command' }],
      [{ ...request, command: 'LIST_FILE' }, 'COMMAND_UNKNOWN', { hint: /LIST_FILES/ }],
      [{ ...request, command: 'constructor' }, 'COMMAND_UNKNOWN', { path: 'command' }],
      [{ ...request, command: '__proto__' }, 'COMMAND_UNKNOWN', { path: 'command' }],
      [{ ...request, command: 7 }, 'FIELD_INVALID', { path: 'command' }],
      [{ ...request, command: 'X'.repeat(65) }, 'FIELD_INVALID', { path: 'command' }],
      [{ ...request, command: 'FIND_NODES' }, 'COMMAND_NOT_SERVED', { path: 'command' }],
      [{ ...request, request_id: '' }, 'FIELD_INVALID', { path: 'request_id' }],
      [{ ...request, request_id: 'x'.repeat(129) }, 'FIELD_INVALID', { path: 'request_id' }],
      [{ ...request, timestamp: -1 }, 'FIELD_INVALID', { path: 'timestamp' }],
      [{ ...request, timestamp: '1' }, 'FIELD_INVALID', { path: 'timestamp' }],
      [{ ...request, params: [] }, 'FIELD_INVALID', { path: 'params' }],
      [{ ...request, params: undefined }, 'FIELD_MISSING', { path: 'params' }],
      [{ ...request, parms: {} }, 'FIELD_UNKNOWN', { path: 'parms', hint: /params/ }],
      [
        { ...request, trace: { traceparent: '00-1-2-3' } },
        'FIELD_INVALID',
        { path: 'trace.traceparent' }
      ],
      [{ ...request, trace: {} }, 'FIELD_MISSING', { path: 'trace.traceparent' }],
      [{ ...request, params: { namee: 1 } }, 'FIELD_UNKNOWN', { path: 'params.namee' }],
      [JSON.stringify(request).replace('{', '{"__proto__":{"x":1},'), 'FIELD_UNKNOWN'],
      [JSON.stringify(request).replace('{}', '{"__proto__":{"x":1}}'), 'FIELD_UNKNOWN'],
      [{ ...request, from: stranger }, 'FROM_MISMATCH', { path: 'from' }],
      [{ ...request, from: 'me' }, 'FIELD_INVALID', { path: 'from' }],
      [{ ...request, to: stranger }, 'WRONG_RECIPIENT', { path: 'to' }]
    ]
    for (const [bad, code, expected = {}] of cases) {
      const { error_detail: error, status } = await exchange(pair, bad)
      expect({ bad, code: error?.code, status }).toEqual({ bad, code, status: 'error' })
      expect(error?.path).toBe(expected.path ?? error?.path)
      expect(error?.hint ?? '').toMatch(expected.hint ?? /.*/)
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
    expect(await isServing(pair)).toBe(true)
  })

  it('gets back the names of its command and itself, cut to size', async () => {
    const pair = await mesh.pair({ handlers })
    const response = await exchange(pair, { command: 'Y'.repeat(500), request_id: 'z'.repeat(500) })
    expect(response.command).toBe('Y'.repeat(64))
    expect(response.request_id).toBe('z'.repeat(128))
  })

  it('that is too long is refused before it is all there, and the answer arrives', async () => {
    const pair = await mesh.pair({ handlers })
    const response = await exchange(pair, new Uint8Array(LIMITS.commandBytesMax + 1).fill(0x20))
    expect(response.error_detail?.code).toBe('REQUEST_TOO_LARGE')
    expect(await isServing(pair)).toBe(true)
  })

  it('that is longer than its sender may send is refused as soon as that shows', async () => {
    const pair = await mesh.pair({
      handlers,
      access: { ...OPEN_ACCESS, requestBytesMax: () => 100_000 }
    })
    expect((await exchange(pair, ' '.repeat(100_000))).error_detail?.code).toBe('REQUEST_NOT_JSON')
    const wide = `[${'{},'.repeat(2_000)}0]`
    for (const tooMuch of [' '.repeat(100_001), wide]) {
      expect((await exchange(pair, tooMuch)).error_detail?.code).toBe('REQUEST_TOO_LARGE')
    }
    expect(await isServing(pair)).toBe(true)
  })

  it('of a peer that keeps this node busy waits until the peer has paid for it, and nobody else does', async () => {
    const clock = new FakeClock()
    const busy = {
      LIST_FILES: () => {
        clock.advance(3_000)
        return { result: { files: [] } }
      }
    }
    const answerer = await mesh.add({ clock, handlers: busy })
    const [asker, other] = [await mesh.add(), await mesh.add()]
    for (const { node } of [asker, other]) await node.dial(answerer.address)
    expect(await isServing({ asker, answerer })).toBe(true)
    expect(await isServing({ asker, answerer })).toBe(true)
    const { response } = await asker.binding.call(answerer.peer, 'LIST_FILES', {}, TIMEOUT)
    expect(response.error_detail).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true })
    expect(response.error_detail?.retry_after_ms).toBeGreaterThan(0)
    expect(await isServing({ asker: other, answerer })).toBe(true)
    clock.advance(10_000)
    expect(await isServing({ asker, answerer })).toBe(true)
  })

  it('is refused when one peer makes this node hold too many bytes at once', async () => {
    const pair = await mesh.pair({ handlers })
    const other = await mesh.add()
    await other.node.dial(pair.answerer.address)
    const half = new Uint8Array(LIMITS.commandBytesMax / 2 + 1).fill(0x20)
    const first = await pair.asker.node.openStream(pair.answerer.peer, COMMAND_PROTOCOL_V1)
    const answer = readAll(first)
    first.send(half)
    await until(() => first.writeBufferLength === 0)
    const response = await exchange(pair, half)
    expect(response.error_detail).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true })
    expect(await isServing({ asker: other, answerer: pair.answerer })).toBe(true)
    await first.close()
    expect(await answer).toContain('REQUEST_NOT_JSON')
    expect(await isServing(pair)).toBe(true)
  })
})

describe('fault 26: a slow or absent asker', () => {
  it('that does not finish its request is answered at the time limit and cut off after that', async () => {
    const clock = new FakeClock()
    const pair = await mesh.pair({ clock, handlers })
    const stream = await pair.asker.node.openStream(pair.answerer.peer, COMMAND_PROTOCOL_V1)
    const answer = readAll(stream)
    stream.send(new TextEncoder().encode('{"command":'))
    await until(() => clock.timerCount > 0)
    clock.advance(30_001)
    const response = checkResponse(JSON.parse(await answer))
    expect(response).toMatchObject({
      status: 'timeout',
      error_detail: { code: 'REQUEST_TIMED_OUT' }
    })
    clock.advance(5_001)
    await until(() => stream.status === 'reset')
    expect(clock.timerCount).toBe(0)
  })

  it('may close its side before the answer is there', async () => {
    const release = Promise.withResolvers<void>()
    const pair = await mesh.pair({
      handlers: {
        LIST_FILES: async () => {
          await release.promise
          return { result: { files: [] } }
        }
      }
    })
    const calling = pair.asker.binding.call(pair.answerer.peer, 'LIST_FILES', {}, TIMEOUT)
    release.resolve()
    expect((await calling).response.status).toBe('success')
  })

  it('that resets its stream cancels the handler, and only that', async () => {
    const cancelled = Promise.withResolvers<unknown>()
    const began = Promise.withResolvers<void>()
    const pair = await mesh.pair({
      handlers: {
        ...handlers,
        FIND_NODES: async (_params, { signal }) => {
          began.resolve()
          signal.addEventListener('abort', () => cancelled.resolve(signal.reason))
          return await new Promise(() => {})
        }
      }
    })
    const controller = new AbortController()
    const options = { ...TIMEOUT, signal: controller.signal }
    const calling = pair.asker.binding.call(pair.answerer.peer, 'FIND_NODES', {}, options)
    const refused = failureOf(calling)
    await began.promise
    controller.abort(new Error('enough'))
    expect(String(await refused)).toContain('enough')
    expect(await cancelled.promise).toMatchObject({ code: 'TASK_STOPPED' })
    expect(await isServing(pair)).toBe(true)
  })

  it('that cuts its request short is not mistaken for one that finished it', async () => {
    const pair = await mesh.pair({ handlers })
    const stream = await pair.asker.node.openStream(pair.answerer.peer, COMMAND_PROTOCOL_V1)
    stream.send(new TextEncoder().encode('1'))
    stream.abort(new Error('gone'))
    expect(await isServing(pair)).toBe(true)
  })

  it('that never reads its answer is cut off at the time limit', async () => {
    const clock = new FakeClock()
    const text = 'x'.repeat(8 * 1_024 * 1_024)
    const pair = await mesh.pair({
      clock,
      handlers: { GET_CAPABILITIES: () => ({ result: { agent: text } }) }
    })
    const stream = await pair.asker.node.openStream(pair.answerer.peer, COMMAND_PROTOCOL_V1)
    stream.pause()
    const request = { command: 'GET_CAPABILITIES', request_id: '1', from: pair.asker.peer }
    stream.send(new TextEncoder().encode(JSON.stringify({ ...request, timestamp: 1, params: {} })))
    await stream.close()
    await until(() => stream.readBufferLength > 0)
    clock.advance(30_001)
    await until(() => stream.status !== 'open')
    expect(stream.status).toBe('reset')
    expect(stream.readBufferLength).toBeLessThan(text.length)
    expect(clock.timerCount).toBe(0)
  })
})

describe('fault 26: a thousand streams at once', () => {
  it('are all answered: those above the limit with a refusal, while others are served', async () => {
    const release = Promise.withResolvers<void>()
    let running = 0
    const pair = await mesh.pair({
      handlers: {
        ...handlers,
        FIND_NODES: async () => {
          running += 1
          await release.promise
          return { result: { nodes: [] } }
        }
      }
    })
    const honest = await mesh.add()
    await honest.node.dial(pair.answerer.address)
    const calls = Array.from({ length: 1_000 }, async () => {
      const options = { timeoutMs: 50_000 }
      return await pair.asker.binding.call(pair.answerer.peer, 'FIND_NODES', {}, options)
    })
    await until(() => running === LIMITS.commandStreamsMax)
    expect(await isServing({ asker: honest, answerer: pair.answerer })).toBe(true)
    const settled = Promise.allSettled(calls)
    release.resolve()
    const codes = (await settled).map((outcome) =>
      outcome.status === 'rejected'
        ? `rejected: ${MeshError.from(outcome.reason).message}`
        : (outcome.value.response.error_detail?.code ?? 'success')
    )
    const counts = Object.groupBy(codes, (code) => code)
    expect(Object.keys(counts).toSorted()).toEqual(['TOO_MANY_REQUESTS', 'success'])
    expect(counts['success']?.length).toBeGreaterThanOrEqual(LIMITS.commandStreamsMax)
    expect(await isServing(pair)).toBe(true)
  })

  it('leave the count as it was', async () => {
    const pair = await mesh.pair({ handlers })
    for (let round = 0; round < 5; round += 1) {
      const calls = Array.from({ length: LIMITS.commandStreamsMax / 2 }, async () => {
        const { response } = await pair.asker.binding.call(
          pair.answerer.peer,
          'LIST_FILES',
          {},
          TIMEOUT
        )
        return response.status
      })
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['success']))
    }
  })
})

describe('a handler', () => {
  it('that throws something unforeseen makes an INTERNAL answer', async () => {
    const pair = await mesh.pair({
      handlers: {
        LIST_FILES: () => {
          throw new TypeError('a bug')
        }
      }
    })
    const { response } = await pair.asker.binding.call(
      pair.answerer.peer,
      'LIST_FILES',
      {},
      TIMEOUT
    )
    expect(response.error_detail).toMatchObject({ code: 'INTERNAL', message: 'a bug' })
  })

  it('that gives what JSON cannot say makes an error, not a lost stream', async () => {
    const files = [1n] as unknown as []
    const pair = await mesh.pair({ handlers: { LIST_FILES: () => ({ result: { files } }) } })
    const { response } = await pair.asker.binding.call(
      pair.answerer.peer,
      'LIST_FILES',
      {},
      TIMEOUT
    )
    expect(response.error_detail?.code).toBe('INTERNAL')
  })

  it('that never answers is given up by the asker at its own time limit', async () => {
    const clock = new FakeClock()
    const answered = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const pair = await mesh.pair(
      {
        handlers: {
          LIST_FILES: async () => {
            began.resolve()
            await answered.promise
            return { result: { files: [] } }
          }
        }
      },
      { clock }
    )
    const calling = pair.asker.binding.call(pair.answerer.peer, 'LIST_FILES', {}, TIMEOUT)
    const refused = failureOf(calling)
    await began.promise
    clock.advance(10_001)
    expect(await refused).toMatchObject({ code: 'RESPONSE_TIMED_OUT' })
    answered.resolve()
  })
})

describe('an asker', () => {
  it('says so when the peer answers something else than the protocol', async () => {
    const { asker, answerer } = await mesh.pair()
    await answerer.binding.stop()
    for (const text of ['nonsense', '{}', '\u0000', '[]']) {
      await answerer.node.handle(
        COMMAND_PROTOCOL_V1,
        async (stream) => {
          stream.send(new TextEncoder().encode(text))
          await stream.close()
        },
        { maxInboundStreams: 10 }
      )
      await expect(
        asker.binding.call(answerer.peer, 'LIST_FILES', {}, TIMEOUT)
      ).rejects.toMatchObject({ code: 'RESPONSE_INVALID' })
      await answerer.node.unhandle(COMMAND_PROTOCOL_V1)
    }
  })

  it('says so when the peer resets the stream while it writes, and nothing is left unhandled', async () => {
    const { asker, answerer } = await mesh.pair()
    await answerer.binding.stop()
    await answerer.node.handle(COMMAND_PROTOCOL_V1, (stream) => stream.abort(new Error('no')), {
      maxInboundStreams: 10
    })
    const params = { task_data: { text: 'x'.repeat(4_000_000) } }
    await expect(
      asker.binding.call(answerer.peer, 'EXECUTE_TASK', params, TIMEOUT)
    ).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
  })

  it('says so when there is no way to the peer', async () => {
    const asker = await mesh.add()
    const stranger = '12D3KooWJzUnMWFHpVEGEs7jP9fMLPg9QzGAm4ZVPdFvFCHmiQfe'
    await expect(
      asker.binding.call(stranger, 'LIST_FILES', {}, { timeoutMs: 500 })
    ).rejects.toMatchObject({ code: expect.stringMatching(/PEER_UNREACHABLE|RESPONSE_TIMED_OUT/) })
  })
})
