/** The ground that all stands on: units, JSON from strangers, waiting, starting, names, chance, errors. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { assert } from '../../../src/core/assert.ts'
import { sleep, withTimeLimit } from '../../../src/core/abort.ts'
import { steadyTime, systemClock } from '../../../src/core/clock.ts'
import {
  ERROR_CATALOGUE,
  ERROR_TEXT_MAX,
  MeshError,
  isErrorCode
} from '../../../src/core/errors.ts'
import { newJobId } from '../../../src/core/ids.ts'
import { parseJson } from '../../../src/core/json.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { seededRandom, systemRandom } from '../../../src/core/random.ts'
import { startInOrder } from '../../../src/core/startable.ts'
import {
  formatBytes,
  formatBytesTo,
  formatDuration,
  parseBytes,
  parseDurationMs
} from '../../../src/core/units.ts'
import type { Startable } from '../../../src/core/startable.ts'

describe('units', () => {
  test.each([
    ['0B', 0],
    ['1KB', 1_000],
    ['512MiB', 536_870_912],
    [' 2 GB ', 2e9],
    ['1.5KiB', 1_536],
    ['2.3KB', 2_300],
    ['0.4B', 0],
    [4_096, 4_096]
  ])('%j is %i bytes', (text, bytes) => {
    expect(parseBytes(text, 'x')).toBe(bytes)
  })

  test.each(['', '12', 'MiB', '-1MB', '1 mb', '1e3B', '1MBs', '1constructor', '١MB'])(
    '%j is no amount of bytes',
    (text) => {
      expect(() => parseBytes(text, 'resources.memory')).toThrow(
        expect.objectContaining({ code: 'FIELD_INVALID', path: 'resources.memory' })
      )
    }
  )

  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['2.3s', 2_300],
    ['1.1s', 1_100],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000]
  ])('%s is %i ms, a whole number', (text, milliseconds) => {
    expect(parseDurationMs(text, 'x')).toBe(milliseconds)
  })

  test.each(['', '30', 's', '-5s', '5 minutes', '1h30m', 'toString'])(
    '%j is no duration',
    (text) => {
      expect(() => parseDurationMs(text, 'timeouts.run')).toThrow(
        expect.objectContaining({ code: 'FIELD_INVALID', path: 'timeouts.run' })
      )
    }
  )

  test.each([
    [0.25, '0.25ms'],
    [999, '999ms'],
    [1_234, '1.23s'],
    [90_500, '1m30s'],
    [3_600_000, '1h'],
    [90_061_000, '1d1h']
  ])('%d ms reads %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })

  test.each([
    [0, '0B'],
    [1_536, '1.5KiB'],
    [536_870_912, '512MiB'],
    [2 ** 50, '1024TiB']
  ])('%d bytes read %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  test.each([
    [1.1 * 2 ** 20, 'up', '1.1MiB'],
    [1.101 * 2 ** 20, 'up', '1.11MiB'],
    [1.109 * 2 ** 20, 'down', '1.1MiB'],
    [2 ** 30 - 1, 'down', '1023MiB'],
    [2 ** 30, 'down', '1GiB'],
    [10.01 * 2 ** 10, 'up', '10.1KiB']
  ] as const)('%d bytes, rounded %s, read %s', (bytes, side, text) => {
    expect(formatBytesTo(bytes, side)).toBe(text)
  })
})

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('JSON from strangers', () => {
  test('whatever JSON can say comes back as it was', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 10 }), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text))
      })
    )
  })

  test('nests up to the limit, brackets in strings not counted', () => {
    expect(() => parseJson(nested(LIMITS.jsonDepthMax))).not.toThrow()
    expect(parseJson(JSON.stringify('\\"[{'.repeat(100)))).toBeTypeOf('string')
  })

  test.each([
    [nested(LIMITS.jsonDepthMax + 1), 'REQUEST_TOO_DEEP'],
    ['['.repeat(1_000_000), 'REQUEST_TOO_DEEP'],
    ['', 'REQUEST_NOT_JSON'],
    ['{"a":1,}', 'REQUEST_NOT_JSON'],
    ['"\\', 'REQUEST_NOT_JSON'],
    ['NaN', 'REQUEST_NOT_JSON']
  ])('%.20j is refused: %s', (text, code) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ code }))
  })

  test('is refused above its bytes before it is looked at', () => {
    expect(() => parseJson('[[[[', 3)).toThrow(
      expect.objectContaining({ code: 'REQUEST_TOO_LARGE' })
    )
    expect(parseJson('[1]', 3)).toEqual([1])
  })

  test('a prototype is no way in', () => {
    const value = parseJson('{"__proto__":{"admin":true}}') as Record<string, unknown>
    expect(Object.hasOwn(value, '__proto__')).toBe(true)
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })
})

describe('waiting', () => {
  test('a sleep ends with its time, or with its signal, and leaves no timer', async () => {
    const clock = new FakeClock()
    const slept = sleep(clock, 100)
    clock.advance(100)
    await expect(slept).resolves.toBeUndefined()
    const controller = new AbortController()
    const reason = new Error('enough')
    const broken = sleep(clock, 100, { signal: controller.signal })
    controller.abort(reason)
    await expect(broken).rejects.toBe(reason)
    await expect(sleep(clock, 100, { signal: controller.signal })).rejects.toBe(reason)
    expect(clock.timerCount).toBe(0)
  })

  test('a limit gives the result, or its code when the time is up', async () => {
    const clock = new FakeClock()
    const limit = { clock, timeoutMs: 100, code: 'PEER_SILENT', message: 'too slow' } as const
    await expect(withTimeLimit(limit, async () => 7)).resolves.toBe(7)
    let seen: AbortSignal | undefined
    const late = withTimeLimit(limit, (signal) => {
      seen = signal
      return new Promise(() => {})
    })
    clock.advance(100)
    await expect(late).rejects.toMatchObject({ code: 'PEER_SILENT', message: 'too slow' })
    expect(seen?.aborted).toBe(true)
    expect(clock.timerCount).toBe(0)
  })

  test('a limit passes on errors, and the end of its caller', async () => {
    const clock = new FakeClock()
    const base = { clock, timeoutMs: 100, code: 'PEER_SILENT', message: '' } as const
    const broken = new Error('broken')
    await expect(withTimeLimit(base, () => Promise.reject(broken))).rejects.toBe(broken)
    const controller = new AbortController()
    const waiting = withTimeLimit(
      { ...base, signal: controller.signal },
      () => new Promise(() => {})
    )
    controller.abort(broken)
    await expect(waiting).rejects.toBe(broken)
    const over = withTimeLimit({ ...base, signal: controller.signal }, async () => 7)
    await expect(over).rejects.toBe(broken)
    expect(clock.timerCount).toBe(0)
  })

  test('the system’s clock waits, repeats, and takes back, months ahead too', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    let beats = 0
    const cancelBeat = systemClock.every(1, () => (beats += 1) === 3 && resolve())
    systemClock.after(0, () => expect.unreachable('it was cancelled'))()
    systemClock.after(90 * 86_400_000, () => expect.unreachable('it is months away'))
    // Unlike the clock's own timers, this one keeps the process until the beats are there.
    const keep = setInterval(() => {}, 1_000)
    await promise
    clearInterval(keep)
    cancelBeat()
    cancelBeat()
    expect(beats).toBeGreaterThanOrEqual(3)
  })

  test('steady time is whole and never jumps, whatever the wall clock does', () => {
    let monotonicMs = 10.75
    const clock = { ...systemClock, wallMs: () => 1_000, monotonicMs: () => monotonicMs }
    const nowMs = steadyTime(clock)
    expect(nowMs()).toBe(1_000)
    monotonicMs += 5.5
    clock.wallMs = () => -1e9
    expect(nowMs()).toBe(1_005)
  })
})

function part(name: string, story: string[], fails = ''): Startable {
  return {
    async start() {
      story.push(`+${name}`)
      if (fails === 'start') throw new Error(`${name} failed`)
    },
    async stop() {
      story.push(`-${name}`)
      if (fails === 'stop') throw new Error('cannot stop')
    }
  }
}

describe('starting', () => {
  test('parts start in order and stop in reverse, once, even past one that cannot', async () => {
    const story: string[] = []
    const stop = await startInOrder([part('a', story), part('b', story, 'stop'), part('c', story)])
    await Promise.all([stop(), stop()])
    expect(story).toEqual(['+a', '+b', '+c', '-c', '-b', '-a'])
  })

  test('a part that fails takes those before it down, and its error out', async () => {
    const story: string[] = []
    const parts = [part('a', story), part('b', story, 'start'), part('c', story)]
    await expect(startInOrder(parts)).rejects.toThrow('b failed')
    expect(story).toEqual(['+a', '+b', '-b', '-a'])
  })
})

describe('names and chance', () => {
  test('job ids are short, plain and follow from chance', () => {
    expect(newJobId(systemRandom)).toMatch(/^j-[0-9abcdefghjkmnpqrstvwxyz]{12}$/)
    expect(newJobId(seededRandom(1))).toBe(newJobId(seededRandom(1)))
    const random = seededRandom(2)
    expect(new Set(Array.from({ length: 10_000 }, () => newJobId(random))).size).toBe(10_000)
    expect(newJobId({ next: () => 1 - Number.EPSILON })).toBe('j-zzzzzzzzzzzz')
  })

  test('a seed gives the same numbers, spread from 0 to 1', () => {
    const random = seededRandom(3)
    const numbers = Array.from({ length: 10_000 }, () => random.next())
    const again = seededRandom(3)
    expect(numbers.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => again.next()))
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    const mean = numbers.reduce((sum, number) => sum + number) / numbers.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02)
  })
})

describe('errors', () => {
  test.each(Object.keys(ERROR_CATALOGUE))('%s survives the wire', (code) => {
    const error = new MeshError(code as 'INTERNAL', 'why', { path: 'a.b', hint: 'do', cause: 1 })
    const data = error.toData()
    expect(MeshError.fromData(JSON.parse(JSON.stringify(data)) as typeof data)).toMatchObject(data)
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)+$|^[A-Z]+$/)
  })

  test('what is not known becomes the fallback, and keeps what was said', () => {
    const error = MeshError.fromData(
      { code: 'NEWER' as 'INTERNAL', message: 'm' },
      'RESPONSE_INVALID'
    )
    expect(error).toMatchObject({ code: 'RESPONSE_INVALID', message: 'm', blame: 'network' })
    expect(isErrorCode('constructor')).toBe(false)
    const cause = new TypeError('oops')
    expect(MeshError.from(cause)).toMatchObject({ code: 'INTERNAL', message: 'oops', cause })
    expect(MeshError.from(error)).toBe(error)
    expect(MeshError.from('text').message).toBe('text')
  })

  test('shows of a long text that a stranger has sent its beginning', () => {
    const long = 'x'.repeat(1_000_000)
    const error = new MeshError('FIELD_UNKNOWN', `"${long}" is no field`, {
      path: long,
      hint: long
    })
    expect(JSON.stringify(error.toData()).length).toBeLessThan(4 * ERROR_TEXT_MAX)
    expect(error.message).toMatch(/^"xxx.*…$/)
  })

  test('a false claim about ourselves crashes', () => {
    expect(() => assert(false, 'why')).toThrow('assertion failed: why')
  })
})
