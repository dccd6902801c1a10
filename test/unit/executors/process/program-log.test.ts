import { expect, it } from 'vitest'
import { FakeClock } from '../../../support/fake-clock.ts'
import { LIMITS } from '../../../../src/core/limits.ts'
import { ProgramLog } from '../../../../src/executors/process/program-log.ts'
import type { LogEntry } from '../../../../src/model/generated/commands-execute-task.ts'

function createLog(): { clock: FakeClock; log: ProgramLog; entries: LogEntry[] } {
  const clock = new FakeClock()
  const entries: LogEntry[] = []
  return { clock, entries, log: new ProgramLog(clock, (entry) => entries.push(entry)) }
}

it('gathers what is written byte by byte, and cuts no character in two', () => {
  const { clock, entries, log } = createLog()
  for (const byte of Buffer.from('äöü\n')) log.write(Uint8Array.of(byte))
  expect(entries).toEqual([])
  clock.advance(20)
  expect(entries).toEqual([{ ms: 0, stream: 'err', text: 'äöü\n' }])
})

it('keeps to its bound in bytes, counts the rest, and says nothing after a gap', () => {
  const { entries, log } = createLog()
  log.write(Buffer.from('x'.repeat(LIMITS.logSpoolBytesMax - 1)))
  log.write(Buffer.from('ä'))
  log.write(Buffer.from('y'))
  log.finish()
  const text = entries.map((entry) => entry.text).join('')
  expect(text).toBe('x'.repeat(LIMITS.logSpoolBytesMax - 1))
  expect(log.droppedBytes).toBe(3)
  expect(log.tail.endsWith('äy')).toBe(true)
})

it('replaces what is no UTF-8', () => {
  const { entries, log } = createLog()
  log.write(Uint8Array.of(0x61, 0xff))
  log.finish()
  expect(entries.map((entry) => entry.text)).toEqual(['a\ufffd'])
})

it('ends with the standard output of a program that failed, where there is room', () => {
  const { clock, entries, log } = createLog()
  log.write(Buffer.from('bad\n'))
  clock.advance(30)
  log.finish()
  log.showOutput(Buffer.from('1\n2'))
  expect(entries).toEqual([
    { ms: 0, stream: 'err', text: 'bad\n' },
    { ms: 30, stream: 'out', text: '1\n2' }
  ])
  expect(log.tail).toBe('bad')
  log.write(Buffer.from('x'.repeat(LIMITS.logSpoolBytesMax)))
  log.finish()
  log.showOutput(Buffer.from('3\n'))
  expect(entries.filter(({ stream }) => stream === 'out')).toHaveLength(1)
})
