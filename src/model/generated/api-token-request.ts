/** Generated from schemas/api/token-request.schema.json by `npm run generate`; do not edit. */

/**
 * `read` looks, `submit` also hands in and acts on its own jobs, `operate` may do everything.
 *
 * This interface was referenced by `TokenRequest`'s JSON-Schema
 * via the `definition` "scope".
 */
export type TokenScope = 'read' | 'submit' | 'operate'

/**
 * A named token of the API that is to be made.
 */
export interface TokenRequest {
  /**
   * Who is to have it: small letters, digits, dots, hyphens and underscores, 32 at most. Jobs handed in with it have the submitter `http/NAME`; tokens of one name count as one.
   */
  name: string
  scope: TokenScope
  /**
   * How long it is good for, such as `12h` or `30d`; `366d` at most.
   */
  ttl?: string
}
