/** Generated from schemas/commands/introduce.schema.json by `npm run generate`; do not edit. */

/**
 * A compact JSON Web Signature (RFC 7515) with EdDSA (RFC 8037).
 */
export type SignedText = string
/**
 * A compact JSON Web Signature (RFC 7515) with EdDSA (RFC 8037).
 */
export type SignedText1 = string

/**
 * The first words between two nodes of a mesh: each shows its certificate. Until then either is a stranger to the other and may call nothing but this and `JOIN_MESH`.
 */
export interface Introduce {
  params: IntroduceParams
  result: IntroduceResult
}
/**
 * This interface was referenced by `Introduce`'s JSON-Schema
 * via the `definition` "params".
 */
export interface IntroduceParams {
  certificate: SignedText
  /**
   * Of all notices that the node has: where it is another's too, there is nothing to tell.
   */
  notices?: string
}
/**
 * This interface was referenced by `Introduce`'s JSON-Schema
 * via the `definition` "result".
 */
export interface IntroduceResult {
  certificate?: SignedText1
  /**
   * Of all notices that the node has: where it is another's too, there is nothing to tell.
   */
  notices?: string
}
