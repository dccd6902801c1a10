/** The recipes of a router: kept in its folder, exchanged with the others of its namespace, offered by its API. */
import { join } from 'node:path'
import { FolderRecipeStore } from '../recipes/recipe-store.ts'
import { RecipeBook } from '../recipes/recipe-book.ts'
import { RecipeExchange } from '../recipes/recipe-exchange.ts'
import { findRouters } from '../discovery/find-routers.ts'
import { newLeaseId } from '../core/ids.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { NodeCore } from './node-core.ts'
import type { RecipeServices } from '../http/services.ts'
import type { Startable } from '../core/startable.ts'

const FOLDER = 'recipes'
const ROUTERS_MAX = 32
const LOOKUP_TIMEOUT_MS = 10_000

export interface RouterRecipes {
  readonly handlers: CommandHandlers
  readonly services: RecipeServices
  /** Reads what is on disk. */
  readonly before: readonly Startable[]
  readonly after: readonly Startable[]
}

export function createRouterRecipes(
  core: NodeCore,
  { namespace }: { namespace: string }
): RouterRecipes {
  const { folder, logger } = core
  const store = new FolderRecipeStore(join(folder.path, FOLDER))
  const book = new RecipeBook({ store, logger }, { namespace })
  const search = { namespace, countMax: ROUTERS_MAX, timeoutMs: LOOKUP_TIMEOUT_MS }
  const exchange = new RecipeExchange(
    { ...core, book, findRouters: (signal) => findRouters(core, { ...search, signal }) },
    { epoch: newLeaseId(core.random) }
  )
  return {
    handlers: exchange.handlers,
    services: recipeServices(book),
    before: [book],
    after: [exchange]
  }
}

function recipeServices(book: RecipeBook): RecipeServices {
  return {
    list: () => book.list(),
    describe: (name) => book.describe(name),
    publish: async (envelope) => await book.publish(envelope),
    refuse: (name) => book.refuse(name)
  }
}
