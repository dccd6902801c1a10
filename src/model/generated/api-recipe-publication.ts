/** Generated from schemas/api/recipe-publication.schema.json by `npm run generate`; do not edit. */

/**
 * A libp2p signed envelope around the canonical JSON of the recipe, in base64.
 */
export type RecipeEnvelope = string

/**
 * A recipe, or that one is taken back, as its author has signed it.
 */
export interface RecipePublication {
  envelope: RecipeEnvelope
}
