/**
 * What is counted and traced of each request: which operation, with which status, for how long. A request that comes
 * with a trace, or that changes something, is a part of one; those who only look would drown it, and so would strangers.
 */
import { Durations, Tally } from '../observe/readings.ts'
import { OPERATIONS } from './operations.ts'
import { OTHER } from '../observe/metrics.ts'
import { readTrace } from '../model/trace-context.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Clock } from '../core/clock.ts'
import type { Operation } from './operation.ts'
import type { Readings } from '../observe/readings.ts'
import type { Span, Tracer } from '../observe/tracing.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Its part in a trace; undefined where it has none. */
    span: Span | undefined
    cameAtMs: number
  }
}

export interface RequestWatchComponents {
  clock: Pick<Clock, 'monotonicMs'>
  tracer: Tracer
}

const NAMES = new Map<Operation, string>(
  Object.entries<Operation>(OPERATIONS).map(([name, operation]) => [operation, name])
)
const SERVER_FAULT = 500

export class RequestWatch {
  readonly #components: RequestWatchComponents
  readonly #requests = new Tally('operation', 'status')
  readonly #durations = new Durations('operation')

  constructor(components: RequestWatchComponents) {
    this.#components = components
  }

  /** Before all else that looks at requests, so that what is refused is counted, too. */
  attach(app: FastifyInstance): void {
    const { clock } = this.#components
    app.decorateRequest('span', undefined)
    app.decorateRequest('cameAtMs', 0)
    app.addHook('onRequest', async (request) => {
      request.cameAtMs = clock.monotonicMs()
    })
    app.addHook('onResponse', async (request, { statusCode }) => this.#note(request, statusCode))
  }

  /** Once it is known who asks: nobody else makes traces here, nor has any kept. */
  attachTraces(app: FastifyInstance): void {
    app.addHook('onRequest', async (request, reply) => {
      request.span = this.#beginSpan(request)
      const trace = request.span?.context
      if (trace !== undefined) reply.header('traceparent', trace.traceparent)
    })
  }

  readings(): Readings {
    return {
      taskmesh_http_requests_total: this.#requests.samples(),
      taskmesh_http_duration_seconds: this.#durations.samples()
    }
  }

  #beginSpan({ caller, headers, method, routeOptions }: FastifyRequest): Span | undefined {
    const { operation } = routeOptions.config
    if (caller === undefined) return undefined
    const { tracer } = this.#components
    const parent = readTrace(headers)
    const isWorthOne = parent !== undefined || (tracer.isOn && method !== 'GET')
    if (operation === undefined || !isWorthOne) return undefined
    const fields = { 'http.request.method': method, 'http.route': operation.path }
    return tracer.begin(`${method} ${operation.path}`, { parent, kind: 'server', fields })
  }

  #note(request: FastifyRequest, status: number): void {
    const { operation } = request.routeOptions.config
    const name = (operation && NAMES.get(operation)) ?? OTHER
    this.#requests.add([name, String(status)])
    this.#durations.note(name, this.#components.clock.monotonicMs() - request.cameAtMs)
    const fields = { 'http.response.status_code': status }
    request.span?.end(status < SERVER_FAULT ? { fields } : { fields, error: 'INTERNAL' })
  }
}
