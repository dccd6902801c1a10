import { describe, expect, it } from 'vitest'
import { readHostMessage } from '../../../src/executors/sandbox/messages.ts'

const USAGE = { wallMs: 1, cpuMs: 2, peakMemoryBytes: 3 }
const DONE = { type: 'done', ...USAGE, isSpent: false }

describe('readHostMessage', () => {
  it.each([
    { type: 'ready' },
    { type: 'log', text: 'a\n', droppedBytes: 0 },
    { ...DONE, output: '1' },
    { ...DONE, fault: { code: 'TASK_FAILED', message: 'no' } }
  ])('takes %j', (message) => {
    expect(readHostMessage(message)).toEqual(message)
  })

  it.each([
    null,
    'ready',
    {},
    { type: 'other' },
    { type: 'log', text: 1, droppedBytes: 0 },
    { type: 'log', text: '', droppedBytes: -1 },
    DONE,
    { ...DONE, output: 1 },
    { ...DONE, output: '1', wallMs: Number.NaN },
    { ...DONE, output: '1', cpuMs: Infinity },
    { ...DONE, output: '1', peakMemoryBytes: '3' },
    { ...DONE, fault: null },
    { ...DONE, fault: { code: 'INTERNAL', message: 'no' } },
    { ...DONE, fault: { code: 'toString', message: 'no' } },
    { ...DONE, fault: { code: 'TASK_FAILED' } }
  ])('refuses %j', (message) => {
    expect(readHostMessage(message)).toBeUndefined()
  })

  it('drops what it does not know', () => {
    expect(readHostMessage({ ...DONE, output: '1', extra: true })).not.toHaveProperty('extra')
  })

  it('takes a host for spent unless it says otherwise', () => {
    expect(readHostMessage({ ...DONE, output: '1', isSpent: 'no' })).toHaveProperty('isSpent', true)
  })
})
