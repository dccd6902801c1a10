import { expect, it } from 'vitest'
import { FakeClock } from '../../../support/fake-clock.ts'
import { LIMITS } from '../../../../src/core/limits.ts'
import { StderrLog } from '../../../../src/executors/process/stderr-log.ts'
import type { LogEntry } from '../../../../src/model/generated/commands-execute-task.ts'

function createLog(): { clock: FakeClock; log: StderrLog; entries: LogEntry[] } {
  const clock = new FakeClock()
  const entries: LogEntry[] = []
  return { clock, entries, log: new StderrLog(clock, (entry) => entries.push(entry)) }
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
  log.write(Buffer.from('x'.repeat(LIMITS.logBytesMax - 1)))
  log.write(Buffer.from('ä'))
  log.write(Buffer.from('y'))
  log.finish()
  const text = entries.map((entry) => entry.text).join('')
  expect(text).toBe('x'.repeat(LIMITS.logBytesMax - 1))
  expect(log.droppedBytes).toBe(3)
  expect(log.tail.endsWith('äy')).toBe(true)
})

it('replaces what is no UTF-8', () => {
  const { entries, log } = createLog()
  log.write(Uint8Array.of(0x61, 0xff))
  log.finish()
  expect(entries.map((entry) => entry.text)).toEqual(['a\ufffd'])
})
