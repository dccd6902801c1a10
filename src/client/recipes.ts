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

/** With whose key. */
export interface SigningOptions extends AbortOptions {
  signer: Signer
}

/**
 * @example
 * const { jobs } = await recipes.run('square', { n: 12 })
 */
export class Recipes {
  readonly #router: RecipeRouter
  readonly #nowMs: () => number

  constructor(router: RecipeRouter, nowMs: () => number = () => systemClock.wallMs()) {
    this.#router = router
    this.#nowMs = nowMs
  }

  /** By name, without their jobs. */
  list(options: AbortOptions = {}): AsyncGenerator<RecipeView, void> {
    return this.#router.listRecipes(options)
  }

  /**
   * One recipe, as its author has signed it.
   * @param name or `name@author`, where any end of the author's peer id will do
   * @throws MeshError RECIPE_NOT_FOUND, ID_AMBIGUOUS, RECEIPT_INVALID where it is not what was signed
   */
  async get(name: string, options: AbortOptions = {}): Promise<Recipe> {
    const told = await this.#router.describeRecipe(name, options)
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

  /** Submits that job. @throws MeshError as `get`, `fill` and `ApiClient.handIn` */
  async run(
    name: string,
    values: Readonly<Record<string, Json>> = {},
    options: SubmitOptions = {}
  ): Promise<Submission> {
    const recipe = await this.get(name, options)
    return await this.#router.handIn(this.fill(recipe, values), options)
  }

  /**
   * Publishes a recipe in the router's namespace: the signer's next revision of that name.
   * @throws MeshError FIELD_INVALID and its kin, REQUEST_TOO_LARGE, STORE_FULL
   */
  async publish(recipe: RecipeFile, { signer, ...options }: SigningOptions): Promise<RecipeView> {
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
    const published = await this.#router.publishRecipe(envelope, options)
    if (published !== undefined) return published
    throw new MeshError('RESPONSE_INVALID', 'the router took the recipe, but does not show it')
  }

  /** Takes an own recipe back, everywhere in the namespace. @throws MeshError RECIPE_NOT_FOUND */
  async retract(name: string, { signer, ...options }: SigningOptions): Promise<void> {
    await this.get(`${name}@${signer.peer}`, options)
    const next = await this.#next(name, signer.peer, options)
    const envelope = await sealRecipe({ ...next, removed: true }, signer)
    await this.#router.publishRecipe(envelope, options)
  }

  /** Has this router alone show a recipe no more. Needs scope `operate`. @throws MeshError RECIPE_NOT_FOUND, ID_AMBIGUOUS */
  async refuse(name: string, options: AbortOptions = {}): Promise<void> {
    await this.#router.refuseRecipe(name, options)
  }

  /** Revisions are times, so that one is above those that were taken back, which nobody sees. */
  async #next(
    name: string,
    author: string,
    options: AbortOptions
  ): Promise<{ name: string; namespace: string; revision: number; at_ms: number }> {
    const { namespace } = await this.#router.health(options)
    const nowMs = this.#nowMs()
    const known = await this.get(`${name}@${author}`, options).catch((cause: unknown) => {
      if (MeshError.from(cause).code !== 'RECIPE_NOT_FOUND') throw cause
      return undefined
    })
    return { name, namespace, revision: Math.max(nowMs, (known?.revision ?? 0) + 1), at_ms: nowMs }
  }
}
