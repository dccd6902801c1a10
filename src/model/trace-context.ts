/**
 * Where something belongs in a trace, as W3C Trace Context has it: by two headers over HTTP, by `trace` in the envelope
 * of a command. What is not well formed is passed over, as the standard asks: nothing fails for its trace.
 */
import type { TraceContext } from './generated/envelope.ts'

export type { TraceContext }

/** Later versions may have more behind the flags, and begin alike. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-|$)/
const TRACEPARENT_LETTERS = 55
const TRACEPARENT_LETTERS_MAX = 256
/** What the standard asks everybody to pass on at least. */
const TRACESTATE = /^[ -~]{1,512}$/

/** @returns undefined where it is none */
export function readTrace(value: unknown): TraceContext | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { traceparent, tracestate } = value as Record<string, unknown>
  if (typeof traceparent !== 'string' || !isWellFormed(traceparent)) return undefined
  const [, known] = TRACEPARENT.exec(traceparent) ?? []
  const isPassedOn = typeof tracestate === 'string' && TRACESTATE.test(tracestate)
  return { traceparent: `00-${known}`, ...(isPassedOn ? { tracestate } : {}) }
}

/** In hex: what all spans of a trace have in common. */
export function traceIdOf({ traceparent }: TraceContext): string {
  return traceparent.slice(3, 35)
}

function isWellFormed(traceparent: string): boolean {
  if (traceparent.length > TRACEPARENT_LETTERS_MAX || !TRACEPARENT.test(traceparent)) return false
  return !traceparent.startsWith('00') || traceparent.length === TRACEPARENT_LETTERS
}

/** For a line of the log. */
export function traceFields(trace: TraceContext | undefined): { trace_id?: string } {
  return trace === undefined ? {} : { trace_id: traceIdOf(trace) }
}
