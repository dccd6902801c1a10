/** Generated from schemas/recipe.schema.json by `npm run generate`; do not edit. */

/**
 * Small letters, digits, dots, hyphens and underscores, 63 at most.
 *
 * This interface was referenced by `RecipeFile`'s JSON-Schema
 * via the `definition` "name".
 */
export type RecipeName = string
/**
 * What it is for.
 *
 * This interface was referenced by `RecipeFile`'s JSON-Schema
 * via the `definition` "text".
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
 * A job template with parameters, as people write it: wherever the job has {"$param": "name"}, the parameter's value is put.
 */
export interface RecipeFile {
  $schema?: string
  name: RecipeName
  description?: RecipeText
  parameters?: RecipeParameters
  job: RecipeTemplate
}
/**
 * By name.
 *
 * This interface was referenced by `RecipeFile`'s JSON-Schema
 * via the `definition` "parameters".
 */
export interface RecipeParameters {
  [k: string]: RecipeParameter
}
/**
 * One parameter: what it may be, in words of JSON Schema.
 *
 * This interface was referenced by `RecipeFile`'s JSON-Schema
 * via the `definition` "parameter".
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
 *
 * This interface was referenced by `RecipeFile`'s JSON-Schema
 * via the `definition` "template".
 */
export interface RecipeTemplate {
  [k: string]: unknown
}
/**
 * What its author signs.
 *
 * This interface was referenced by `RecipeFile`'s JSON-Schema
 * via the `definition` "signed".
 */
export interface SignedRecipe {
  at_ms: number
  /**
   * A libp2p peer id.
   */
  author: string
  description?: RecipeText
  job?: RecipeTemplate
  name: RecipeName
  namespace: string
  parameters?: RecipeParameters
  /**
   * Its author has taken it back; then it has no job.
   */
  removed?: true
  /**
   * A higher one of the same author takes the place of a lower one.
   */
  revision: number
  /**
   * Of this form.
   */
  version: 1
}
