import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { LogBuffer } from '../../../src/executors/sandbox/log-buffer.ts'
import type { LogEntry } from '../../../src/model/generated/commands-execute-task.ts'

interface Subject {
  clock: FakeClock
  log: LogBuffer
  sent: [LogEntry[], number][]
}

function createLog(): Subject {
  const clock = new FakeClock()
  clock.advance(1_000)
  const sent: [LogEntry[], number][] = []
  const log = new LogBuffer({ clock, send: (entries, dropped) => sent.push([entries, dropped]) })
  return { clock, log, sent }
}

/** Past the lines that go out at once. */
function createUsedLog(): Subject {
  const subject = createLog()
  for (let count = 0; count < 16; count += 1) subject.log.write('out', 'x\n', 0)
  subject.sent.length = 0
  return subject
}

function textOf(sent: Subject['sent']): string {
  return sent.flatMap(([entries]) => entries.map(({ text }) => text)).join('')
}

describe('LogBuffer', () => {
  it('sends the first lines at once, with the time since the task began', () => {
    const { clock, log, sent } = createLog()
    log.write('out', 'a\n', 0)
    clock.advance(2.7)
    log.write('err', '\n', 0)
    expect(sent).toEqual([
      [[{ ms: 0, stream: 'out', text: 'a\n' }], 0],
      [[{ ms: 2, stream: 'err', text: '\n' }], 0]
    ])
  })

  it('gathers later lines until they are many or old', () => {
    const { clock, log, sent } = createUsedLog()
    clock.advance(19)
    log.write('out', 'young\n', 0)
    expect(sent).toEqual([])
    clock.advance(1)
    log.flushIfStale()
    log.write('out', `${'x'.repeat(5_000)}\n`, 0)
    expect(sent.map(([entries]) => entries[0]?.text.length)).toEqual([6, 5_001])
  })

  it('joins lines of one stream that follow each other, and keeps the order', () => {
    const { clock, log, sent } = createUsedLog()
    log.write('out', 'a\n', 0)
    clock.advance(5)
    log.write('out', 'b\n', 0)
    log.write('err', 'c\n', 0)
    log.write('out', 'd\n', 0)
    log.flush()
    expect(sent).toEqual([
      [
        [
          { ms: 0, stream: 'out', text: 'a\nb\n' },
          { ms: 5, stream: 'err', text: 'c\n' },
          { ms: 5, stream: 'out', text: 'd\n' }
        ],
        0
      ]
    ])
  })

  it('sends no more entries at once than fit a chunk', () => {
    const { log, sent } = createUsedLog()
    for (let count = 0; count < 200; count += 1) log.write(count % 2 === 0 ? 'out' : 'err', '\n', 0)
    expect(sent.map(([entries]) => entries.length)).toEqual([84, 84])
  })

  it('keeps whole characters up to the bound and counts the rest', () => {
    const { log, sent } = createLog()
    log.write('out', 'é'.repeat(LIMITS.logBytesMax / 2 - 1) + '€\n', 10)
    expect(textOf(sent)).toBe('é'.repeat(LIMITS.logBytesMax / 2 - 1))
    expect(sent.at(-1)?.[1]).toBe(3 + 1 + 10)
  })

  it('takes nothing more once it is full, from neither stream', () => {
    const { log, sent } = createLog()
    log.write('out', `${'x'.repeat(LIMITS.logBytesMax)}\n`, 0)
    log.write('err', 'more\n', 0)
    expect(textOf(sent)).toBe('x'.repeat(LIMITS.logBytesMax))
    expect(sent.at(-1)).toEqual([[], 1 + 5])
  })

  it('sends nothing when there is nothing new', () => {
    const { log, sent } = createLog()
    log.flush()
    log.write('out', 'a\n', 0)
    log.flush()
    expect(sent).toHaveLength(1)
  })
})
