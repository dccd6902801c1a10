import { describe, expect, it } from 'vitest'
import { readHostMessage } from '../../../src/executors/sandbox/messages.ts'

const USAGE = { wallMs: 1, cpuMs: 2, peakMemoryBytes: 3 }
const DONE = { type: 'done', ...USAGE, isSpent: false }

describe('readHostMessage', () => {
  it.each([
    { type: 'ready' },
    { type: 'log', entries: [], droppedBytes: 7 },
    {
      type: 'log',
      entries: [
        { ms: 0, stream: 'out', text: 'a\n' },
        { ms: 1.5, stream: 'err', text: 'b' }
      ],
      droppedBytes: 0
    },
    { type: 'progress', progress: { ratio: 0 } },
    { type: 'progress', progress: { ratio: 1, text: '' } },
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
    { type: 'log', droppedBytes: 0 },
    { type: 'log', entries: [], droppedBytes: -1 },
    { type: 'log', entries: [], droppedBytes: 0.5 },
    ...[
      null,
      { ms: 1, stream: 'out', text: 1 },
      { ms: 1, stream: 'out', text: '' },
      { ms: 1, stream: 'in', text: 'a' },
      { ms: -1, stream: 'out', text: 'a' },
      { ms: Number.NaN, stream: 'out', text: 'a' },
      { ms: Infinity, stream: 'out', text: 'a' }
    ].map((entry) => ({
      type: 'log',
      entries: [{ ms: 1, stream: 'out', text: 'a' }, entry],
      droppedBytes: 0
    })),
    { type: 'progress' },
    { type: 'progress', progress: {} },
    { type: 'progress', progress: { ratio: -0.1 } },
    { type: 'progress', progress: { ratio: 1.1 } },
    { type: 'progress', progress: { ratio: Number.NaN } },
    { type: 'progress', progress: { ratio: 1, text: 1 } },
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
    const entry = { ms: 1, stream: 'out', text: 'a' }
    const log = { type: 'log', entries: [entry], droppedBytes: 0 }
    expect(readHostMessage({ ...log, entries: [{ ...entry, extra: true }] })).toEqual(log)
    const report = { type: 'progress', progress: { ratio: 1 } }
    expect(readHostMessage({ ...report, progress: { ratio: 1, extra: true } })).toEqual(report)
  })

  it('cuts a long text of progress', () => {
    const progress = { ratio: 1, text: 'x'.repeat(201) }
    expect(readHostMessage({ type: 'progress', progress })).toEqual({
      type: 'progress',
      progress: { ratio: 1, text: 'x'.repeat(200) }
    })
  })

  it('takes a host for spent unless it says otherwise', () => {
    expect(readHostMessage({ ...DONE, output: '1', isSpent: 'no' })).toHaveProperty('isSpent', true)
  })
})
