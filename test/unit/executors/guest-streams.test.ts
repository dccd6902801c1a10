import { describe, expect, it } from 'vitest'
import {
  ErrorStream,
  OutputStream,
  progressDevice
} from '../../../src/executors/wasm/guest-streams.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import type { TaskProgress } from '../../../src/model/generated/commands-execute-task.ts'

function createErrors(): { clock: FakeClock; errors: ErrorStream; sent: [string, number][] } {
  const clock = new FakeClock()
  const sent: [string, number][] = []
  const send = (text: string, dropped: number): void => void sent.push([text, dropped])
  return { clock, errors: new ErrorStream({ clock, send }), sent }
}

function write(device: { write?: ((bytes: Uint8Array) => void) | undefined }, text: string): void {
  device.write?.(Buffer.from(text))
}

function reportsOf(...texts: string[]): TaskProgress[] {
  const reports: TaskProgress[] = []
  const device = progressDevice((progress) => reports.push(progress))
  for (const text of texts) write(device, text)
  return reports
}

describe('stdout', () => {
  it('keeps what was written, not the memory that it was written from', () => {
    const stdout = new OutputStream()
    const memory = Buffer.from('ab')
    stdout.device.write?.(memory)
    memory.fill(0)
    write(stdout.device, 'c')
    expect(Buffer.from(stdout.content).toString()).toBe('abc')
  })

  it('takes as much as a result may have, and not a byte more', () => {
    const stdout = new OutputStream()
    write(stdout.device, 'x'.repeat(LIMITS.resultBytesMax))
    expect(() => write(stdout.device, 'x')).toThrow(
      'standard output and files together are longer than 4MiB'
    )
  })
})

describe('stderr', () => {
  it('puts letters together that were written in pieces', () => {
    const { errors, sent } = createErrors()
    const [first = 0, second = 0] = Buffer.from('é')
    errors.device.write?.(Uint8Array.of(first))
    errors.device.write?.(Uint8Array.of(second))
    errors.device.write?.(Uint8Array.of(first))
    errors.end()
    expect(sent).toEqual([
      ['é', 0],
      ['\ufffd', 0]
    ])
  })

  it('tells at a bounded pace what it drops, and the rest at the end', () => {
    const { clock, errors, sent } = createErrors()
    write(errors.device, 'x'.repeat(LIMITS.logBytesMax - 1))
    write(errors.device, 'ab')
    for (let count = 0; count < 100; count += 1) write(errors.device, 'cd')
    clock.advance(20)
    write(errors.device, 'e')
    write(errors.device, 'f')
    errors.end()
    expect(sent.slice(1)).toEqual([
      ['a', 1],
      ['', 201],
      ['', 1]
    ])
  })

  it('remembers the last words', () => {
    const { errors } = createErrors()
    write(errors.device, 'x'.repeat(5_000))
    write(errors.device, '\nlast words\n')
    expect(errors.tail).toMatch(/^x{980,}\nlast words$/)
  })
})

describe('/dev/progress', () => {
  it('takes lines, whole or in pieces', () => {
    expect(reportsOf('0\n0.2', '5 page 1\n', '1.0\t done \n0.9')).toEqual([
      { ratio: 0 },
      { ratio: 0.25, text: 'page 1' },
      { ratio: 1, text: 'done' }
    ])
  })

  it('bounds what it is told', () => {
    expect(reportsOf(`7 ${'x'.repeat(300)}\n`)).toEqual([{ ratio: 1, text: 'x'.repeat(200) }])
  })

  it.each(['\n', 'half\n', '-1\n', '1.2.3\n', '.\n', 'NaN x\n', '0.5', '50%\n'])(
    'passes over %j',
    (text) => {
      expect(reportsOf(text)).toEqual([])
    }
  )
})
