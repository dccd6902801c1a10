import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { LogBuffer } from '../../../src/executors/sandbox/log-buffer.ts'

function createLog(): { clock: FakeClock; log: LogBuffer; sent: [string, number][] } {
  const clock = new FakeClock()
  const sent: [string, number][] = []
  const log = new LogBuffer({ clock, send: (text, dropped) => sent.push([text, dropped]) })
  return { clock, log, sent }
}

describe('LogBuffer', () => {
  it('sends the first lines at once', () => {
    const { log, sent } = createLog()
    log.write('a', 0)
    log.write('', 0)
    expect(sent).toEqual([
      ['a\n', 0],
      ['\n', 0]
    ])
  })

  it('gathers later lines until they are many or old', () => {
    const { clock, log, sent } = createLog()
    for (let count = 0; count < 16; count += 1) log.write('x', 0)
    sent.length = 0
    clock.advance(19)
    log.write('young', 0)
    expect(sent).toEqual([])
    clock.advance(1)
    log.flushIfStale()
    log.write('x'.repeat(5_000), 0)
    expect(sent.map(([text]) => text.length)).toEqual([6, 5_001])
  })

  it('keeps whole characters up to the bound and counts the rest', () => {
    const { log, sent } = createLog()
    log.write('é'.repeat(LIMITS.logBytesMax / 2 - 1) + '€', 10)
    const kept = sent.map(([text]) => text).join('')
    expect(kept).toBe('é'.repeat(LIMITS.logBytesMax / 2 - 1))
    expect(sent.at(-1)?.[1]).toBe(3 + 1 + 10)
  })

  it('takes nothing more once it is full', () => {
    const { log, sent } = createLog()
    log.write('x'.repeat(LIMITS.logBytesMax), 0)
    log.write('more', 0)
    expect(sent.map(([text]) => text).join('')).toBe('x'.repeat(LIMITS.logBytesMax))
    expect(sent.at(-1)?.[1]).toBe(1 + 5)
  })

  it('sends nothing when there is nothing new', () => {
    const { log, sent } = createLog()
    log.flush()
    log.write('a', 0)
    log.flush()
    expect(sent).toHaveLength(1)
  })
})
