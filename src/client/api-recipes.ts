/** The part of `ApiClient` that is about recipes, as the router tells of them; `Recipes` checks and signs what they say. */
import { LIMITS } from '../core/limits.ts'
import { ReputationApi } from './api-reputation.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { RecipeView } from '../model/generated/api-recipe.ts'

export class RecipeApi extends ReputationApi {
  /**
   * The recipes of the namespace, by name, without their jobs.
   * @example
   * for await (const { name, description } of client.listRecipes()) console.log(name, description)
   */
  async *listRecipes(options: AbortOptions = {}): AsyncGenerator<RecipeView, void> {
    yield* this.pages<RecipeView>('/v1/recipes', { ...options, limit: LIMITS.pageRowsMax })
  }

  /**
   * One recipe with its job.
   * @param name or `name@author`, where any end of the author's peer id will do
   * @throws MeshError RECIPE_NOT_FOUND, ID_AMBIGUOUS
   * @example
   * const { parameters } = await client.describeRecipe('word-count')
   */
  async describeRecipe(name: string, options: AbortOptions = {}): Promise<RecipeView> {
    return await this.get(recipePath(name), options)
  }

  /**
   * Hands in what an author has signed: a recipe, or that one is taken back, of which there is nothing to see afterwards.
   * @throws MeshError RECEIPT_INVALID, KEY_CONFLICT, STORE_FULL
   */
  async publishRecipe(
    envelope: string,
    options: AbortOptions = {}
  ): Promise<RecipeView | undefined> {
    return await this.post<RecipeView | undefined>('/v1/recipes', { envelope }, options)
  }

  /** Has this router show a recipe no more. Needs scope `operate`. @throws MeshError RECIPE_NOT_FOUND, ID_AMBIGUOUS */
  async refuseRecipe(name: string, options: AbortOptions = {}): Promise<void> {
    await this.delete(recipePath(name), options)
  }
}

function recipePath(name: string): string {
  return `/v1/recipes/${encodeURIComponent(name)}`
}
