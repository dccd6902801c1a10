/** Recipes: looked at, published, taken back, refused. */
import { OPERATIONS } from '../operations.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RecipeView } from '../../model/generated/api-recipe.ts'
import type { RouteContext } from './context.ts'

export function addRecipeRoutes(app: FastifyInstance, context: RouteContext<'recipes'>): void {
  const { recipes } = context.services

  serve(app, context, OPERATIONS.listRecipes, async ({ query: { after, limit }, reply }) => {
    const later = recipes.list().filter((row) => after === undefined || keyOf(row) > after)
    const rows = later.slice(0, limit)
    const last = rows.at(-1)
    if (last !== undefined && later.length > limit) {
      const query = new URLSearchParams({ after: keyOf(last), limit: `${limit}` })
      reply.header('link', `</v1/recipes?${query}>; rel="next"`)
    }
    return rows
  })

  serve(app, context, OPERATIONS.describeRecipe, async ({ parameter }) =>
    recipes.describe(parameter('name'))
  )

  serve(app, context, OPERATIONS.publishRecipe, async ({ body: { envelope }, reply }) => {
    const published = await recipes.publish(envelope)
    if (published === undefined) return reply.code(204).send()
    const location = `/v1/recipes/${encodeURIComponent(keyOf(published))}`
    return reply.code(201).header('location', location).send(published)
  })

  serve(app, context, OPERATIONS.removeRecipe, async ({ parameter, reply }) => {
    await recipes.refuse(parameter('name'))
    return reply.code(204).send()
  })
}

function keyOf({ author, name }: RecipeView): string {
  return `${name}@${author}`
}
