/** Generated from schemas/api/token.schema.json by `npm run generate`; do not edit. */

/**
 * `read` looks, `submit` also hands in and acts on its own jobs, `operate` may do everything.
 */
export type TokenScope = 'read' | 'submit' | 'operate'

/**
 * A named token of the API. The token itself is told once, in the answer to the request that makes it.
 */
export interface TokenView {
  id: string
  /**
   * Who is to have it: small letters, digits, dots, hyphens and underscores, 32 at most. Jobs handed in with it have the submitter `http/NAME`; tokens of one name count as one.
   */
  name: string
  scope: TokenScope
  created_at_ms: number
  expires_at_ms: number
  /**
   * Of a new one alone: what to send as `Authorization: Bearer …`. Nobody can show it again.
   */
  token?: string
}
