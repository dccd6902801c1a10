/** A router with one recipe, that of the schema's example. */
import { schemaDocuments } from '../../src/model/validate.ts'
import type { RecipeServices } from '../../src/http/services.ts'
import type { RecipeView } from '../../src/model/generated/api-recipe.ts'

export function fakeRecipes(): RecipeServices {
  const { examples } = schemaDocuments.get('api/recipe') as { examples: [RecipeView] }
  const [recipe] = examples
  return {
    list: () => [recipe],
    describe: () => recipe,
    publish: async () => recipe,
    refuse: async () => {}
  }
}
