/** What of a trace's context is believed. */
import { expect, test } from 'vitest'
import { readTrace, traceFields, traceIdOf } from '../../../src/model/trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const GOOD = `00-${TRACE}-${SPAN}-01`

test('a context that is well formed is taken as it is', () => {
  expect(readTrace({ traceparent: GOOD })).toEqual({ traceparent: GOOD })
  const both = { traceparent: GOOD, tracestate: 'vendor=1,other=a b' }
  expect(readTrace({ ...both, host: 'x' })).toEqual(both)
  expect(traceIdOf(both)).toBe(TRACE)
  expect(traceFields(both)).toEqual({ trace_id: TRACE })
  expect(traceFields(undefined)).toEqual({})
})

test('of a later version what this one knows is taken', () => {
  const later = { traceparent: `01-${TRACE}-${SPAN}-03-more` }
  expect(readTrace(later)).toEqual({ traceparent: `00-${TRACE}-${SPAN}-03` })
})

test.each([
  ['nothing', undefined],
  ['no object', GOOD],
  ['no text', { traceparent: 7 }],
  ['two headers', { traceparent: [GOOD, GOOD] }],
  ['upper case', { traceparent: GOOD.toUpperCase() }],
  ['a trace of zeros', { traceparent: `00-${'0'.repeat(32)}-${SPAN}-01` }],
  ['a span of zeros', { traceparent: `00-${TRACE}-${'0'.repeat(16)}-01` }],
  ['the version that is none', { traceparent: `ff-${TRACE}-${SPAN}-01` }],
  ['more than version 00 has', { traceparent: `${GOOD}-more` }],
  ['a line break', { traceparent: `${GOOD}\n` }],
  ['a later version without end', { traceparent: `01-${TRACE}-${SPAN}-01-${'a'.repeat(999)}` }]
])('%s is no context', (_what, value) => {
  expect(readTrace(value)).toBeUndefined()
})

test.each([['x'.repeat(513)], ['a=\n'], [''], [7]])('tracestate %j is left out', (tracestate) => {
  expect(readTrace({ traceparent: GOOD, tracestate })).toEqual({ traceparent: GOOD })
})
