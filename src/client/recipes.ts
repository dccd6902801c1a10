/**
 * Recipes as programs use them, by whatever way the router is asked: what it shows is checked against its author's
 * signature, what is published is signed here, and a recipe with its parameters becomes a job.
 */
import { MeshError } from '../core/errors.ts'
import { blameParameter, fillRecipe } from '../model/recipe.ts'
import { checkGraph } from '../model/graph.ts'
import { checkJob, compileJob } from '../model/job.ts'
import { openRecipe, sealRecipe } from '../recipes/sealed-recipe.ts'
import { systemClock } from '../core/clock.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ApiClient, Submission, SubmitOptions } from './api-client.ts'
import type { Clock } from '../core/clock.ts'
import type { Json } from '../core/json.ts'
import type { RecipeFile } from '../model/recipe.ts'
import type { RecipeView } from '../model/generated/api-recipe.ts'
import type { Signer } from '../receipts/signer.ts'

/** What of the API it needs. */
export type RecipeRouter = Pick<
  ApiClient,
  'describeRecipe' | 'handIn' | 'health' | 'listRecipes' | 'publishRecipe' | 'refuseRecipe'
>

/** A recipe that is what its author has signed. */
export type Recipe = RecipeView & Required<Pick<RecipeView, 'job'>>

export interface RecipesComponents {
  /** Whom to ask. */
  router: (options: AbortOptions) => Promise<RecipeRouter>
  /** By whose key an author signs. @throws MeshError where there is none that lasts */
  signer: () => Promise<Signer>
  /** @default systemClock */
  clock?: Pick<Clock, 'wallMs'>
}

export class Recipes {
  readonly #router: RecipesComponents['router']
  readonly #signer: RecipesComponents['signer']
  readonly #clock: Pick<Clock, 'wallMs'>

  constructor({ clock = systemClock, router, signer }: RecipesComponents) {
    this.#router = router
    this.#signer = signer
    this.#clock = clock
  }

  /**
   * By name, without their jobs.
   * @example
   * for await (const { name, author } of client.recipes.list()) console.log(name, author)
   */
  async *list(options: AbortOptions = {}): AsyncGenerator<RecipeView, void, undefined> {
    yield* (await this.#router(options)).listRecipes(options)
  }

  /**
   * One recipe, as its author has signed it.
   * @param name or `name@author`, where any end of the author's peer id will do
   * @throws MeshError RECIPE_NOT_FOUND, ID_AMBIGUOUS, RECEIPT_INVALID where it is not what was signed
   * @example
   * const { author, job, parameters } = await client.recipes.get('word-lengths')
   */
  async get(name: string, options: AbortOptions = {}): Promise<Recipe> {
    const told = await (await this.#router(options)).describeRecipe(name, options)
    const { envelope = '' } = told
    const signed = await openRecipe(envelope)
    if (signed.author !== told.author || signed.name !== told.name || signed.job === undefined) {
      throw new MeshError('RECEIPT_INVALID', 'the router shows another recipe than was signed')
    }
    const { at_ms, author, description, job, parameters = {}, revision } = signed
    return {
      name: signed.name,
      author,
      revision,
      at_ms,
      is_shared: told.is_shared,
      ...(description === undefined ? {} : { description }),
      parameters,
      job,
      envelope
    }
  }

  /**
   * The job of a recipe with these values, checked.
   * @throws MeshError FIELD_MISSING, FIELD_UNKNOWN, FIELD_INVALID with the parameter's name as path
   */
  fill(recipe: Recipe, values: Readonly<Record<string, Json>>): Record<string, Json> {
    const document = fillRecipe(recipe, values)
    try {
      if (Object.hasOwn(document, 'jobs')) checkGraph(document)
      else compileJob(checkJob(document))
    } catch (cause) {
      throw blameParameter(recipe, cause)
    }
    return document
  }

  /**
   * Hands in the job of a recipe with these values: of a graph, all of its jobs.
   * @throws MeshError as `get`, `fill` and `ApiClient.handIn`
   * @example
   * const { jobs } = await client.recipes.run('word-lengths', { text: 'one two three' })
   */
  async run(
    name: string,
    values: Readonly<Record<string, Json>> = {},
    options: SubmitOptions = {}
  ): Promise<Submission> {
    const recipe = await this.get(name, options)
    return await (await this.#router(options)).handIn(this.fill(recipe, values), options)
  }

  /**
   * Publishes a recipe in the router's namespace: its author's next revision of that name.
   * @throws MeshError FIELD_INVALID and its kin, REQUEST_TOO_LARGE, STORE_FULL
   * @example
   * const job = { task: { engine: 'builtin', name: 'sha256', args: { text: { $param: 'text' } } } }
   * await client.recipes.publish({ name: 'hash', parameters: { text: { type: 'string' } }, job })
   */
  async publish(recipe: RecipeFile, options: AbortOptions = {}): Promise<RecipeView> {
    const signer = await this.#signer()
    const { description, job, name, parameters } = recipe
    const envelope = await sealRecipe(
      {
        ...(await this.#next(name, signer.peer, options)),
        ...(description === undefined ? {} : { description }),
        ...(parameters === undefined ? {} : { parameters }),
        job
      },
      signer
    )
    const published = await (await this.#router(options)).publishRecipe(envelope, options)
    if (published !== undefined) return published
    throw new MeshError('RESPONSE_INVALID', 'the router took the recipe, but does not show it')
  }

  /**
   * Takes an own recipe back, everywhere in the namespace.
   * @throws MeshError RECIPE_NOT_FOUND
   * @example
   * await client.recipes.retract('hash')
   */
  async retract(name: string, options: AbortOptions = {}): Promise<void> {
    const signer = await this.#signer()
    await this.get(`${name}@${signer.peer}`, options)
    const next = await this.#next(name, signer.peer, options)
    const envelope = await sealRecipe({ ...next, removed: true }, signer)
    await (await this.#router(options)).publishRecipe(envelope, options)
  }

  /** Has this router alone show a recipe no more. Needs scope `operate`. @throws MeshError RECIPE_NOT_FOUND, ID_AMBIGUOUS */
  async refuse(name: string, options: AbortOptions = {}): Promise<void> {
    await (await this.#router(options)).refuseRecipe(name, options)
  }

  /** Revisions are times, so that one is above those that were taken back, which nobody sees. */
  async #next(
    name: string,
    author: string,
    options: AbortOptions
  ): Promise<{ name: string; namespace: string; revision: number; at_ms: number }> {
    const { namespace } = await (await this.#router(options)).health(options)
    const nowMs = this.#clock.wallMs()
    const known = await this.get(`${name}@${author}`, options).catch((cause: unknown) => {
      if (MeshError.from(cause).code !== 'RECIPE_NOT_FOUND') throw cause
      return undefined
    })
    return { name, namespace, revision: Math.max(nowMs, (known?.revision ?? 0) + 1), at_ms: nowMs }
  }
}
