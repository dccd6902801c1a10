/**
 * Spans by OpenTelemetry's SDK, sent in batches by OTLP over HTTP. What goes wrong with that is logged and stops nobody:
 * spans that find no room are dropped. Nothing is put into globals, as a program around us may have a tracer of its own.
 */
import { createHash } from 'node:crypto'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, createTraceState, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes
} from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  TraceIdRatioBasedSampler,
  TracerProvider
} from '@opentelemetry/sdk-trace'
import { VERSION } from '../core/version.ts'
import type { Context, Span as OtelSpan, Tracer as OtelTracer } from '@opentelemetry/api'
import type { IdGenerator, Sampler, SpanExporter } from '@opentelemetry/sdk-trace'
import type { Logger } from './logger.ts'
import type { Span, SpanEnd, SpanFields, SpanInit, Tracer } from './tracing.ts'
import type { TraceContext } from '../model/trace-context.ts'
import type { TracerInit } from './open-tracer.ts'

const NAME = 'taskmesh'
const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER
} as const
/** Of any text in a span, so that no span grows. */
const VALUE_LETTERS_MAX = 512
/** A node that stops waits no longer for its collector. */
const STOP_MS = 2_000
const COMPLAINT_MS = 60_000

export class OtlpTracer implements Tracer {
  readonly isOn = true
  readonly #ids = new KeyedIds()
  readonly #provider: TracerProvider
  readonly #tracer: OtelTracer
  readonly #logger: Logger

  constructor(init: TracerInit) {
    const { logger } = init
    this.#logger = logger
    const exporter = complaining(createExporter(init), logger)
    this.#provider = new TracerProvider({
      resource: resourceOf(init),
      sampler: samplerOf(logger),
      idGenerator: this.#ids,
      spanLimits: { attributeValueLengthLimit: VALUE_LETTERS_MAX },
      spanProcessors: [new BatchSpanProcessor({ exporter, ...batchesOf() })]
    })
    this.#tracer = this.#provider.getTracer(NAME, VERSION)
  }

  begin(what: string, { atMs, fields = {}, key, kind = 'internal', parent }: SpanInit = {}): Span {
    this.#ids.next = key === undefined ? undefined : spanIdOf(key)
    const span = this.#tracer.startSpan(
      what,
      { kind: KINDS[kind], attributes: attributesOf(fields), ...timeOf(atMs, 'startTime') },
      parent === undefined ? ROOT_CONTEXT : contextOf(parent)
    )
    return new SdkSpan(span)
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), STOP_MS)
    const over = this.#provider.shutdown().then(
      () => true,
      () => true
    )
    if (!(await Promise.race([over, promise]))) {
      this.#logger.warn({ waitedMs: STOP_MS }, 'the last traces are not delivered')
    }
    clearTimeout(timer)
  }
}

class SdkSpan implements Span {
  readonly context: TraceContext
  readonly #span: OtelSpan

  constructor(span: OtelSpan) {
    const { spanId, traceFlags, traceId, traceState } = span.spanContext()
    const flags = traceFlags.toString(16).padStart(2, '0')
    const tracestate = traceState?.serialize() ?? ''
    this.#span = span
    this.context = {
      traceparent: `00-${traceId}-${spanId}-${flags}`,
      ...(tracestate === '' ? {} : { tracestate })
    }
  }

  end({ atMs, error, fields = {} }: SpanEnd = {}): void {
    if (!this.#span.isRecording()) return
    this.#span.setAttributes(attributesOf({ ...fields, 'error.type': error }))
    if (error !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: error })
    this.#span.end(atMs === undefined ? undefined : toTime(atMs))
  }
}

/** Random ones, but for a span that has a key. */
class KeyedIds implements IdGenerator {
  readonly #random = new RandomIdGenerator()
  next: string | undefined

  generateTraceId(): string {
    return this.#random.generateTraceId()
  }

  generateSpanId(): string {
    const id = this.next ?? this.#random.generateSpanId()
    this.next = undefined
    return id
  }
}

function spanIdOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

function contextOf({ traceparent, tracestate }: TraceContext): Context {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-')
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) })
  })
}

function attributesOf(fields: SpanFields): Record<string, string | number | boolean> {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(known) as Record<string, string | number | boolean>
}

function timeOf<K extends string>(atMs: number | undefined, name: K): { [N in K]?: Date } {
  return (atMs === undefined ? {} : { [name]: toTime(atMs) }) as { [N in K]?: Date }
}

/** As a number it might be taken for one of the process's own clock. */
function toTime(atMs: number): Date {
  return new Date(atMs)
}

function createExporter({ logger, otlp }: TracerInit): SpanExporter {
  const { env } = process
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL']
  if (protocol !== undefined && protocol !== 'http/json') {
    logger.warn({ protocol }, 'traces go out as http/json, whatever else was asked for')
  }
  return new OTLPTraceExporter(otlp === undefined ? {} : { url: `${otlp}/v1/traces` })
}

/** Once a minute is enough: a collector that is away stays away for a while. */
function complaining(exporter: SpanExporter, logger: Logger): SpanExporter {
  let saidAtMs = -Infinity
  return {
    export: (spans, onDone) =>
      exporter.export(spans, (result) => {
        const nowMs = process.uptime() * 1_000
        if (result.error !== undefined && nowMs - saidAtMs >= COMPLAINT_MS) {
          saidAtMs = nowMs
          logger.warn({ why: result.error.message, spans: spans.length }, 'traces not delivered')
        }
        onDone(result)
      }),
    shutdown: async () => await exporter.shutdown()
  }
}

/** What the environment says of this program counts more than what it says of itself. */
function resourceOf({ peer, role }: TracerInit): ReturnType<typeof defaultResource> {
  const own = resourceFromAttributes({
    'service.name': NAME,
    'service.version': VERSION,
    'service.instance.id': peer,
    'taskmesh.role': role
  })
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }))
}

function samplerOf(logger: Logger): Sampler {
  const { env } = process
  const name = env['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on'
  const ratio = Number(env['OTEL_TRACES_SAMPLER_ARG'] || 1)
  const roots: Record<string, () => Sampler> = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio)
  }
  const root = roots[name.replace(/^parentbased_/, '')]
  if (root === undefined) {
    logger.warn({ sampler: name }, 'OTEL_TRACES_SAMPLER names no sampler: all traces are kept')
    return new ParentBasedSampler({ root: new AlwaysOnSampler() })
  }
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root: root() }) : root()
}

/** The defaults are the SDK's own. */
function batchesOf(): Record<string, number> {
  const { env } = process
  const names = {
    scheduledDelayMillis: 'OTEL_BSP_SCHEDULE_DELAY',
    maxQueueSize: 'OTEL_BSP_MAX_QUEUE_SIZE',
    maxExportBatchSize: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    exportTimeoutMillis: 'OTEL_BSP_EXPORT_TIMEOUT'
  }
  const given = Object.entries(names).map(([key, name]) => [key, Number(env[name])] as const)
  return Object.fromEntries(given.filter(([, value]) => Number.isFinite(value) && value > 0))
}
