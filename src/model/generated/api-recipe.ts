/** Generated from schemas/api/recipe.schema.json by `npm run generate`; do not edit. */

/**
 * Small letters, digits, dots, hyphens and underscores, 63 at most.
 */
export type RecipeName = string
/**
 * What it is for.
 */
export type RecipeText = string
/**
 * What it is where it is not given; it must fit.
 */
export type AnyJson =
  | null
  | boolean
  | number
  | string
  | unknown[]
  | {
      [k: string]: unknown
    }
/**
 * Any JSON value: what `main` gets.
 */
export type AnyJson1 =
  | null
  | boolean
  | number
  | string
  | unknown[]
  | {
      [k: string]: unknown
    }
/**
 * A libp2p signed envelope around the canonical JSON of the recipe, in base64.
 */
export type RecipeEnvelope = string

/**
 * A recipe that the router has. Lists leave out its job and its envelope.
 */
export interface RecipeView {
  name: RecipeName
  /**
   * Who has signed it.
   */
  author: string
  revision: number
  /**
   * When its author published this revision.
   */
  at_ms: number
  /**
   * Another author has a recipe of this name: it is asked for as name@author.
   */
  is_shared: boolean
  description?: RecipeText
  parameters: RecipeParameters
  job?: RecipeTemplate
  envelope?: RecipeEnvelope
}
/**
 * By name.
 */
export interface RecipeParameters {
  [k: string]: RecipeParameter
}
/**
 * One parameter: what it may be, in words of JSON Schema.
 */
export interface RecipeParameter {
  type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'
  description?: string
  /**
   * Must be given. By default one without a default must.
   */
  required?: boolean
  default?: AnyJson
  /**
   * It must be one of these.
   *
   * @minItems 1
   * @maxItems 100
   */
  enum?: AnyJson1[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  /**
   * Of a list: what each entry is.
   */
  items?: {
    type: 'string' | 'integer' | 'number' | 'boolean' | 'object'
  }
}
/**
 * A job, or a graph of jobs, with {"$param": "name"} in place of values.
 */
export interface RecipeTemplate {
  [k: string]: unknown
}
