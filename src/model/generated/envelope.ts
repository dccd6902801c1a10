/** Generated from schemas/envelope.schema.json by `npm run generate`; do not edit. */

/**
 * This interface was referenced by `Exchange`'s JSON-Schema
 * via the `definition` "requestId".
 */
export type RequestId = string
/**
 * This interface was referenced by `Exchange`'s JSON-Schema
 * via the `definition` "command".
 */
export type CommandName =
  | 'GET_CAPABILITIES'
  | 'EXECUTE_TASK'
  | 'ATTACH_TASK'
  | 'STOP_TASK'
  | 'RELEASE_TASKS'
  | 'REPORT_TASK'
  | 'SET_AVAILABILITY'
  | 'GET_REPUTATION'
  | 'UPDATE_REPUTATION'
  | 'GET_IDLE_REASONS'
  | 'GET_LINKS'
  | 'FIND_NODES'
  | 'LIST_FILES'
  | 'GET_FILE_METADATA'
  | 'REQUEST_PIECE'
  | 'INTRODUCE'
  | 'JOIN_MESH'
  | 'SYNC_NOTICES'
  | 'SEND_MESSAGE'
  | 'LIST_RECIPES'
  | 'LIST_MEMBERS'
  | 'DECIDE_MEMBER'

/**
 * One request of the command protocol and its response, as the JSON binding carries them.
 */
export interface Exchange {
  request: CommandRequest
  response: CommandResponse
}
/**
 * This interface was referenced by `Exchange`'s JSON-Schema
 * via the `definition` "request".
 */
export interface CommandRequest {
  /**
   * One of #/$defs/command.
   */
  command: string
  request_id: RequestId
  /**
   * Who asks; must be the peer at the other end of the connection.
   */
  from: string
  /**
   * Who shall answer; absent means: find the best node.
   */
  to?: string
  /**
   * Seconds since 1970.
   */
  timestamp: number
  params: {
    [k: string]: unknown
  }
  trace?: TraceContext
}
/**
 * Where what is asked belongs in a trace, as W3C Trace Context has it. Of EXECUTE_TASK; to other commands it says nothing. A program that knows no traces leaves it out.
 *
 * This interface was referenced by `Exchange`'s JSON-Schema
 * via the `definition` "trace".
 */
export interface TraceContext {
  /**
   * Version, trace, span and flags.
   */
  traceparent: string
  /**
   * What tracing systems add for themselves; passed on as it is.
   */
  tracestate?: string
}
/**
 * This interface was referenced by `Exchange`'s JSON-Schema
 * via the `definition` "response".
 */
export interface CommandResponse {
  command: string
  request_id: string
  from: string
  to: string
  timestamp: number
  status: 'success' | 'error' | 'timeout'
  /**
   * On success; beside an error, what is known all the same (the logs of a task that failed).
   */
  result?: {
    [k: string]: unknown
  }
  /**
   * Otherwise: one sentence for people.
   */
  error?: string
  error_detail?: ErrorDocument
  [k: string]: unknown
}
/**
 * What went wrong, for programs.
 *
 * This interface was referenced by `Exchange`'s JSON-Schema
 * via the `definition` "error".
 */
export interface ErrorDocument {
  /**
   * One of the codes in docs/errors.md; stable.
   */
  code: string
  message: string
  /**
   * Which field.
   */
  path?: string
  /**
   * What to do.
   */
  hint?: string
  blame?: 'worker' | 'owner' | 'network' | 'router' | 'job' | 'caller'
  retryable?: boolean
  /**
   * When it is worth trying again.
   */
  retry_after_ms?: number
  /**
   * What the task's own program calls it: its exit code, or the `code` of the error that a function threw.
   */
  task_code?: string
  [k: string]: unknown
}
