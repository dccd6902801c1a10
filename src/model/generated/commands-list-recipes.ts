/** Generated from schemas/commands/list-recipes.schema.json by `npm run generate`; do not edit. */

/**
 * Names one life of the answering router: places in the list of another life mean nothing.
 *
 * This interface was referenced by `ListRecipes`'s JSON-Schema
 * via the `definition` "epoch".
 */
export type RecipeEpoch = string
/**
 * Grows with each recipe that the router takes.
 *
 * This interface was referenced by `ListRecipes`'s JSON-Schema
 * via the `definition` "place".
 */
export type RecipePlace = number
/**
 * A libp2p signed envelope around the canonical JSON of the recipe, in base64.
 */
export type RecipeEnvelope = string

/**
 * Recipes that a router has, for another router: those that it has taken since a place in its list. Each is signed by its author, so that it does not matter who brings it.
 */
export interface ListRecipes {
  params: ListRecipesParams
  result: ListRecipesResult
}
/**
 * This interface was referenced by `ListRecipes`'s JSON-Schema
 * via the `definition` "params".
 */
export interface ListRecipesParams {
  epoch?: RecipeEpoch
  after?: RecipePlace
}
/**
 * This interface was referenced by `ListRecipes`'s JSON-Schema
 * via the `definition` "result".
 */
export interface ListRecipesResult {
  epoch: RecipeEpoch
  next: RecipePlace
  /**
   * There are more: ask again from `next` on.
   */
  has_more: boolean
  /**
   * @maxItems 1000
   */
  recipes: RecipeEnvelope[]
}
