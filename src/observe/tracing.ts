/**
 * Traces: what happened to one request, over all nodes that it came to. This is the port; without a collector nothing
 * is behind it, and what came in by W3C Trace Context goes on as it came. `otlp-tracer.ts` is what is behind it else.
 */
import type { ErrorCode } from '../core/errors.ts'
import type { TraceContext } from '../model/trace-context.ts'

/** Ids, counts and codes; never what a task was given or gave. */
export type SpanFields = Readonly<Record<string, string | number | boolean | undefined>>

export interface SpanInit {
  /** What it is a part of. @default a new trace begins */
  parent?: TraceContext | undefined
  /** @default 'internal' */
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  /** Of a span that a later life of this node may begin again: equal keys make it the same span. */
  key?: string
  /** Unix milliseconds. @default now */
  atMs?: number
  fields?: SpanFields
}

export interface SpanEnd {
  /** What went wrong. */
  error?: ErrorCode | undefined
  /** Unix milliseconds. @default now */
  atMs?: number
  fields?: SpanFields
}

export interface Span {
  /** For what is a part of it; undefined where there is no trace. */
  readonly context: TraceContext | undefined
  /** Only the first end counts. */
  end(end?: SpanEnd): void
}

export interface Tracer {
  /** False where spans go nowhere, so that nobody need gather what they would say. */
  readonly isOn: boolean
  begin(what: string, init?: SpanInit): Span
  /** Hands over what there is, within a bound. */
  stop(): Promise<void>
}

export const NO_SPAN: Span = Object.freeze({ context: undefined, end: () => {} })

/** Makes no spans, and passes on whose part they would be. */
export const NO_TRACER: Tracer = Object.freeze({
  isOn: false,
  begin: (_what: string, { parent }: SpanInit = {}) =>
    parent === undefined ? NO_SPAN : { context: parent, end: () => {} },
  stop: async () => {}
})

/** A span whose time is over already. */
export function addSpan(
  tracer: Tracer,
  what: string,
  { end, ...init }: SpanInit & { end: SpanEnd }
): void {
  tracer.begin(what, init).end(end)
}
