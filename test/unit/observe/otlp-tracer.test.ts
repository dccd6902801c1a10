/** Traces as a collector gets them, and what the standard variables change. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { NO_TRACER } from '../../../src/observe/tracing.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import { openTracer } from '../../../src/observe/open-tracer.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import type { OtlpReceiver } from '../../support/otlp-receiver.ts'
import type { Tracer } from '../../../src/observe/tracing.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, tracestate: 'vendor=1' }
let collector: OtlpReceiver
let lines: Record<string, unknown>[]

beforeEach(async () => {
  collector = await startOtlpReceiver()
  lines = []
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await collector.stop()
})

async function open(env: Record<string, string> = {}, otlp?: string): Promise<Tracer> {
  const logger = createLogger({ format: 'json', write: (line) => lines.push(JSON.parse(line)) })
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  return await openTracer({ otlp, role: 'worker', peer: 'peer-1', logger })
}

test('without a collector nothing is made, and what came in goes on', async () => {
  expect(await open()).toBe(NO_TRACER)
  expect(await open({ OTEL_TRACES_EXPORTER: 'none' }, collector.url)).toBe(NO_TRACER)
  vi.unstubAllEnvs()
  expect(await open({ OTEL_SDK_DISABLED: 'true' }, collector.url)).toBe(NO_TRACER)
  expect(NO_TRACER.begin('a').context).toBeUndefined()
  expect(NO_TRACER.begin('a', { parent: PARENT }).context).toBe(PARENT)
})

test('a span has its parent, times, kind of end and fields, none of them long', async () => {
  const tracer = await open({}, collector.url)
  const parent = tracer.begin('whole', {
    parent: PARENT,
    atMs: 1_000,
    fields: { much: 'x'.repeat(9_999) }
  })
  const part = tracer.begin('part', { parent: parent.context, fields: { none: undefined } })
  expect(part.context?.tracestate).toBe('vendor=1')
  part.end({ error: 'TASK_FAILED' })
  part.end()
  parent.end({ atMs: 3_000 })
  await tracer.stop()
  expect(collector.spans).toMatchObject([
    { name: 'part', traceId: TRACE, isError: true, fields: { 'error.type': 'TASK_FAILED' } },
    { name: 'whole', traceId: TRACE, isError: false, startMs: 1_000, endMs: 3_000, role: 'worker' }
  ])
  const [first, second] = collector.spans
  expect(first?.parentSpanId).toBe(second?.spanId)
  expect(second?.parentSpanId).toBe('00f067aa0ba902b7')
  expect(second?.fields['much']).toHaveLength(512)
})

test('a span with a key is the same in every life of the node', async () => {
  const [before, after] = await Promise.all([open({}, collector.url), open({}, collector.url)])
  const init = { parent: PARENT, key: 'lease-1' }
  expect(after.begin('attempt', init).context).toEqual(before.begin('attempt', init).context)
  const other = after.begin('attempt', { ...init, key: 'lease-2' })
  expect(other.context).not.toEqual(before.begin('attempt', init).context)
  await Promise.all([before.stop(), after.stop()])
})

test('a parent that was not sampled has no parts, and they say so further on', async () => {
  const tracer = await open({}, collector.url)
  const span = tracer.begin('part', {
    parent: { traceparent: PARENT.traceparent.replace(/01$/, '00') }
  })
  expect(span.context?.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`))
  span.end()
  await tracer.stop()
  expect(collector.spans).toEqual([])
})

test.each([
  [{ OTEL_TRACES_SAMPLER: 'always_off' }, 0],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, 0],
  [{ OTEL_TRACES_SAMPLER: 'always_on' }, 1],
  [{ OTEL_TRACES_SAMPLER: 'sometimes' }, 1]
])('%j leaves %i of one', async (env, count) => {
  const tracer = await open({ ...env, OTEL_BSP_SCHEDULE_DELAY: '10' }, collector.url)
  tracer.begin('root').end()
  await tracer.stop()
  expect(collector.spans).toHaveLength(count)
  const isKnown = env.OTEL_TRACES_SAMPLER !== 'sometimes'
  expect(lines.length).toBe(isKnown ? 0 : 1)
})

test('the standard variable names a collector, and the program', async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: 'render-farm' }
  const tracer = await open(env)
  tracer.begin('root').end()
  await tracer.stop()
  expect(collector.spans).toMatchObject([{ name: 'root', service: 'render-farm' }])
})

test('a collector that takes nothing costs its spans and one line', async () => {
  collector.status = 400
  const tracer = await open({}, collector.url)
  tracer.begin('lost').end()
  await tracer.stop()
  expect(lines).toMatchObject([{ msg: 'traces not delivered', spans: 1 }])
})
