/** Generated from schemas/api/problem.schema.json by `npm run generate`; do not edit. */

/**
 * An error of the API: RFC 9457 problem details with a stable code.
 */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: string
  path?: string
  hint?: string
  retryable?: boolean
  [k: string]: unknown
}
