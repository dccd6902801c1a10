/** The same numbers and moments on every machine, for ever: a change here changes what jobs return. */
import { describe, expect, it } from 'vitest'
import { RepeatableClock, SeededNumbers, beginningOf } from '../../../src/executors/repeatable.ts'
import { createHash } from 'node:crypto'

/** The generator once more, written from its definition with unbounded integers. */
function* reference(seed: string): Generator<number> {
  const words = new DataView(Uint8Array.from(createHash('sha256').update(seed).digest()).buffer)
  const mask = 0xffff_ffffn
  let [a = 0n, b = 0n, c = 0n] = [0, 4, 8].map((at) => BigInt(words.getUint32(at, true)))
  for (let counter = 1n; ; counter += 1n) {
    const drawn = (a + b + counter) & mask
    a = b ^ (b >> 9n)
    b = (c + (c << 3n)) & mask
    c = ((((c << 21n) | (c >> 11n)) & mask) + drawn) & mask
    if (counter > 15n) yield Number(drawn)
  }
}

describe('numbers', () => {
  it.each(['', 'a seed', '7', 'é\u0000'])('follow the definition of sfc32 (%j)', (seed) => {
    const numbers = new SeededNumbers(seed)
    const expected = reference(seed)
    for (let count = 0; count < 1_000; count += 1) {
      expect(numbers.nextUint32()).toBe(expected.next().value)
    }
  })

  it('stay what they are', () => {
    const numbers = new SeededNumbers('taskmesh')
    expect([numbers.nextUint32(), numbers.nextUint32()]).toEqual([3679399461, 4161722315])
    expect(numbers.nextRatio()).toBe(0.5704073593446894)
  })

  it('fill bytes with the low byte of each first', () => {
    const bytes = new Uint8Array(6)
    new SeededNumbers('taskmesh').fillBytes(bytes)
    const view = new DataView(bytes.buffer)
    const numbers = new SeededNumbers('taskmesh')
    expect(view.getUint32(0, true)).toBe(numbers.nextUint32())
    expect(view.getUint16(4, true)).toBe(numbers.nextUint32() % 65_536)
  })
})

describe('the clock', () => {
  it('moves by a microsecond with each look, and by what was waited', () => {
    const clock = new RepeatableClock(1_000)
    expect([clock.lookUs(), clock.lookUs()]).toEqual([1_000_001, 1_000_002])
    clock.advance(0.5)
    expect(clock.lookUs()).toBe(1_000_503)
  })
})

describe('the beginning', () => {
  const run = { seed: 'job item', submittedAtMs: 5 }

  it('is the job’s unless the task says another', () => {
    expect(beginningOf({}, run)).toEqual({ seed: 'job item', timeMs: 5 })
    expect(beginningOf({ seed: 0, time: '1970-01-01T01:00:00+01:00' }, run)).toEqual({
      seed: '0',
      timeMs: 0
    })
  })

  it.each(['1970-01-01', '1970-02-30T00:00:00Z', 'now'])('refuses the time %j', (time) => {
    expect(() => beginningOf({ time }, run)).toThrow(
      expect.objectContaining({ code: 'FIELD_INVALID', path: 'task.time' })
    )
  })
})
