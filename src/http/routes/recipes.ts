/** Recipes: looked at, published, taken back, refused. */
import { OPERATIONS } from '../operations.ts'
import { pageOf } from '../whole-list.ts'
import { serve } from '../serve.ts'
import type { FastifyInstance } from 'fastify'
import type { RecipeView } from '../../model/generated/api-recipe.ts'
import type { RouteContext } from './context.ts'

export function addRecipeRoutes(app: FastifyInstance, context: RouteContext<'recipes'>): void {
  const { recipes } = context.services

  serve(app, context, OPERATIONS.listRecipes, async ({ query, reply }) =>
    pageOf(recipes.list(), { idOf: keyOf }, { path: '/v1/recipes', query }, reply)
  )

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
