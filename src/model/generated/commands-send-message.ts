/** Generated from schemas/commands/send-message.schema.json by `npm run generate`; do not edit. */

/**
 * Any JSON value: what `main` gets.
 */
export type AnyJson =
  | null
  | boolean
  | number
  | string
  | unknown[]
  | {
      [k: string]: unknown
    }
/**
 * What the author calls itself. Anybody may take any name; the PeerId beside it is proved.
 */
export type AuthorName = string
/**
 * Any JSON value: what `main` gets.
 */
export type AnyJson1 =
  | null
  | boolean
  | number
  | string
  | unknown[]
  | {
      [k: string]: unknown
    }

/**
 * A message to a program at this one peer. The answer comes once a program there has taken it; where nobody listens, that is the error.
 */
export interface SendMessage {
  params: SendMessageParams
  result: SendMessageResult
}
/**
 * This interface was referenced by `SendMessage`'s JSON-Schema
 * via the `definition` "params".
 */
export interface SendMessageParams {
  message: AnyJson
  /**
   * When it was said, in milliseconds since 1970.
   */
  at_ms: number
  name?: AuthorName
}
/**
 * This interface was referenced by `SendMessage`'s JSON-Schema
 * via the `definition` "result".
 */
export interface SendMessageResult {
  answer?: AnyJson1
}
