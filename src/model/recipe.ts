/**
 * Recipes: job templates with parameters. What a template may say, what fits a parameter, and the job that comes of
 * both. What is wrong is told by the parameter's name, not by a place in a job that its reader has never seen. Pure.
 */
import { MeshError } from '../core/errors.ts'
import { nearestName, validatorFor } from './validate.ts'
import type { Json } from '../core/json.ts'
import type { RecipeFile, RecipeParameter } from './generated/recipe.ts'

export type { RecipeFile, RecipeParameter }

/** What a recipe is filled from, whoever has published it. */
export type Template = Pick<RecipeFile, 'parameters' | 'job'>

const MARK = '$param'
const SHOWN_LETTERS = 60

const checkShape = validatorFor<RecipeFile>('recipe', 'recipe')

/**
 * A recipe as somebody has written it: each parameter that the job names is there and is used, each default fits.
 * @throws MeshError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID
 */
export function checkRecipe(document: unknown): RecipeFile {
  const recipe = checkShape(document)
  const { job, parameters = {} } = recipe
  const used = new Set<string>()
  replaceMarks(job as Json, 'job', (name, path) => {
    if (!Object.hasOwn(parameters, name)) throw unknownParameter(name, path, parameters)
    used.add(name)
    return null
  })
  for (const [name, parameter] of Object.entries(parameters)) {
    const path = `parameters.${name}`
    if (!used.has(name)) {
      throw new MeshError('FIELD_INVALID', `the job has no {"${MARK}": "${name}"}`, {
        path,
        hint: 'put it where its value belongs, or take the parameter away'
      })
    }
    const { default: value } = parameter
    if (value !== undefined) requireFit(value as Json, parameter, `${path}.default`)
  }
  return recipe
}

/**
 * The job of a recipe with these values.
 * @param values by name of the parameter
 * @throws MeshError FIELD_MISSING, FIELD_UNKNOWN, FIELD_INVALID with the parameter's name as path
 */
export function fillRecipe(
  { job, parameters = {} }: Template,
  values: Readonly<Record<string, Json>>
): Record<string, Json> {
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(parameters, name)) throw unknownParameter(name, name, parameters)
  }
  const filled = new Map(
    Object.entries(parameters).map(([name, one]) => [name, valueOf(name, one, values)])
  )
  const document = replaceMarks(job as Json, '', (name, path) => {
    const value = filled.get(name)
    if (value === undefined && !Object.hasOwn(parameters, name)) {
      throw unknownParameter(name, path, parameters)
    }
    return value
  })
  return document as Record<string, Json>
}

/**
 * A parameter as a command line has it: JSON where that fits, else the text itself where a text does.
 * @throws MeshError FIELD_INVALID with the parameter's name as path
 */
export function readParameter(name: string, parameter: RecipeParameter, text: string): Json {
  if (parameter.type === 'string') return fitting(name, parameter, text)
  try {
    return fitting(name, parameter, JSON.parse(text) as Json)
  } catch (cause) {
    if (cause instanceof MeshError) throw cause
    throw misfit(name, parameter, text)
  }
}

/** The same error, told by the parameter that the wrong value has come from, where it has come from one. */
export function blameParameter({ job }: Template, cause: unknown): MeshError {
  const error = MeshError.from(cause)
  const path = error.path ?? ''
  let blamed: string | undefined
  replaceMarks(job as Json, '', (name, place) => {
    if (path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`))
      blamed = name
    return null
  })
  if (blamed === undefined) return error
  const message = `the parameter "${blamed}" makes no job: ${error.message}`
  return new MeshError(error.code, message, { path: blamed, hint: error.hint, cause })
}

/** Whether it has to be given. */
export function isRequired({ default: value, required }: RecipeParameter): boolean {
  return required ?? value === undefined
}

function valueOf(
  name: string,
  parameter: RecipeParameter,
  values: Readonly<Record<string, Json>>
): Json | undefined {
  if (Object.hasOwn(values, name)) return fitting(name, parameter, values[name] as Json)
  if (!isRequired(parameter)) return parameter.default as Json | undefined
  const { description } = parameter
  throw new MeshError('FIELD_MISSING', `the parameter "${name}" is missing`, {
    path: name,
    hint: `give it as --param ${name}=VALUE; it is ${wordsFor(parameter)}${description === undefined ? '' : `: ${description}`}`
  })
}

function fitting(name: string, parameter: RecipeParameter, value: Json): Json {
  requireFit(value, parameter, name)
  return value
}

function requireFit(value: Json, parameter: RecipeParameter, path: string): void {
  const isFit = hasType(value, parameter.type) && isWithin(value, parameter)
  if (!isFit) throw misfit(path, parameter, JSON.stringify(value))
}

function misfit(path: string, parameter: RecipeParameter, shown: string): MeshError {
  const short = shown.length > SHOWN_LETTERS ? `${shown.slice(0, SHOWN_LETTERS)}…` : shown
  return new MeshError('FIELD_INVALID', `"${path}" must be ${wordsFor(parameter)}, not ${short}`, {
    path
  })
}

function hasType(value: Json, type: RecipeParameter['type']): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'integer':
      return Number.isSafeInteger(value)
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
  }
}

function isWithin(value: Json, parameter: RecipeParameter): boolean {
  const { enum: choices, items } = parameter
  const isChoice = choices?.some((one) => JSON.stringify(one) === JSON.stringify(value)) ?? true
  if (!isChoice) return false
  const { maxItems, maxLength, maximum, minItems, minLength, minimum } = parameter
  if (typeof value === 'number') return isBetween(value, minimum, maximum)
  if (typeof value === 'string') return isBetween(value.length, minLength, maxLength)
  if (!Array.isArray(value)) return true
  const areItems = items === undefined || value.every((one) => hasType(one, items.type))
  return areItems && isBetween(value.length, minItems, maxItems)
}

function isBetween(value: number, min = -Infinity, max = Infinity): boolean {
  return value >= min && value <= max
}

/** `an integer from 1 to 9`, `one of "a", "b"`. */
export function wordsFor({ enum: choices, items, type, ...bounds }: RecipeParameter): string {
  if (choices !== undefined) return `one of ${choices.map((one) => JSON.stringify(one)).join(', ')}`
  const article = /^[aio]/.test(type) ? 'an' : 'a'
  const of = items === undefined ? '' : ` of ${items.type}s`
  const low = bounds.minimum ?? bounds.minLength ?? bounds.minItems
  const high = bounds.maximum ?? bounds.maxLength ?? bounds.maxItems
  const unit = type === 'string' ? ' letters' : type === 'array' ? ' entries' : ''
  const from = low === undefined ? '' : ` from ${low}`
  const to = high === undefined ? '' : ` to ${high}`
  return `${article} ${type}${of}${from}${to}${from + to === '' ? '' : unit}`
}

function unknownParameter(name: string, path: string, parameters: object): MeshError {
  const names = Object.keys(parameters)
  const nearest = nearestName(name, names)
  return new MeshError('FIELD_UNKNOWN', `the recipe has no parameter "${name.slice(0, 64)}"`, {
    path,
    hint:
      nearest === undefined
        ? `it has ${names.length === 0 ? 'none' : names.join(', ')}`
        : `did you mean "${nearest}"?`
  })
}

/** A copy with each mark replaced; one that becomes nothing is left out of its object or list. */
function replaceMarks(
  value: Json,
  path: string,
  replace: (name: string, path: string) => Json | undefined
): Json | undefined {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    return value
      .map((one, index) => replaceMarks(one, `${path}[${index}]`, replace))
      .filter((one) => one !== undefined)
  }
  const { [MARK]: name } = value
  if (typeof name === 'string' && Object.keys(value).length === 1) return replace(name, path)
  const rows = Object.entries(value).flatMap(([key, one]): [string, Json][] => {
    const inner = replaceMarks(one, path === '' ? key : `${path}.${key}`, replace)
    return inner === undefined ? [] : [[key, inner]]
  })
  return Object.fromEntries(rows)
}
