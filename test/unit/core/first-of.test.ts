/** Several ways at once: the first that gets there counts. */
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { deferred } from '../../../src/core/abort.ts'
import { firstOf } from '../../../src/core/first-of.ts'
import type { Deferred } from '../../../src/core/abort.ts'

let clock: FakeClock
let stop: AbortController
let begun: { way: string; end: Deferred<string>; signal: AbortSignal }[]

beforeEach(() => {
  clock = new FakeClock()
  stop = new AbortController()
  begun = []
})

function failure(errors: readonly MeshError[]): MeshError {
  return new MeshError('PEER_UNREACHABLE', errors.map(({ message }) => message).join())
}

async function work(way: string, signal: AbortSignal): Promise<string> {
  const end = deferred<string>()
  begun.push({ way, end, signal })
  return await end.promise
}

function race(...names: string[]): Promise<string> {
  return firstOf(names, work, { clock, signal: stop.signal, staggerMs: 1_000, failure })
}

function ways(): string[] {
  return begun.map(({ way }) => way)
}

describe('the next way', () => {
  it('begins when the one before it has said nothing for a while, and not earlier', async () => {
    const raced = race('a', 'b', 'c')
    expect(ways()).toEqual(['a'])
    clock.advance(999)
    expect(ways()).toEqual(['a'])
    clock.advance(1)
    expect(ways()).toEqual(['a', 'b'])
    begun[0]?.end.resolve('by a')
    expect(await raced).toBe('by a')
    expect(begun.map(({ signal }) => signal.aborted)).toEqual([true, true])
    expect(clock.timerCount).toBe(0)
    clock.advance(10_000)
    expect(ways()).toEqual(['a', 'b'])
  })

  it('begins at once when the one before it has failed', async () => {
    const raced = race('a', 'b')
    begun[0]?.end.reject(new Error('no a'))
    await expect.poll(ways).toEqual(['a', 'b'])
    begun[1]?.end.resolve('by b')
    expect(await raced).toBe('by b')
  })
})

describe('it fails', () => {
  it('once all have, and says how each did', async () => {
    const raced = race('a', 'b')
    clock.advance(1_000)
    begun[1]?.end.reject(new Error('no b'))
    begun[0]?.end.reject(new Error('no a'))
    await expect(raced).rejects.toMatchObject({ code: 'PEER_UNREACHABLE', message: 'no b,no a' })
    expect(clock.timerCount).toBe(0)
  })

  it('where there is no way at all', async () => {
    await expect(race()).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
  })

  it('when it is called off, and begins nothing more', async () => {
    const raced = race('a', 'b')
    stop.abort(new Error('enough'))
    await expect(raced).rejects.toThrow('enough')
    expect(begun[0]?.signal.aborted).toBe(true)
    begun[0]?.end.reject(new Error('no a'))
    clock.advance(10_000)
    expect(ways()).toEqual(['a'])
  })
})
