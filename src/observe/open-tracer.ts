/** Whether this node's traces are wanted, and by whom: its owner's word, then the standard variables of OpenTelemetry. */
import { NO_TRACER } from './tracing.ts'
import type { Logger } from './logger.ts'
import type { Tracer } from './tracing.ts'

export interface TracerInit {
  /** Base address of a collector; undefined: what the environment says. */
  otlp: string | undefined
  role: string
  /** This node's own PeerId. */
  peer: string
  logger: Logger
}

const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']

/** OpenTelemetry is loaded only where it is needed. */
export async function openTracer(init: TracerInit): Promise<Tracer> {
  const { env } = process
  const { otlp } = init
  const isWanted = otlp !== undefined || ENDPOINTS.some((name) => isSet(env[name]))
  const isOff = env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none'
  if (!isWanted || isOff) return NO_TRACER
  const { OtlpTracer } = await import('./otlp-tracer.ts')
  return new OtlpTracer(init)
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}
