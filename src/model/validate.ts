/**
 * Checks data from outside against the schemas, compiled once. The only place that knows ajv:
 * its findings become a `MeshError` that names the field by JSON path and says what to do.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import leven from 'leven'
import { MeshError } from '../core/errors.ts'
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'

const SCHEMAS = fileURLToPath(new URL('../../schemas', import.meta.url))
const SCHEMA_URI = 'taskmesh:///'

/** A misspelt name is offered its neighbour up to this many changed letters away. */
const NEAREST_DISTANCE_MAX = 3

/** Fields among which a misspelt one is looked for; whoever writes by hand has fewer. */
const FIELDS_LOOKED_AT = 200

/** Characters of a value that an error shows. */
const SHOWN_MAX = 60

const ajv = new Ajv2020({
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
  discriminator: true,
  verbose: true,
  addUsedSchema: false
})

/** Path below schemas/ without its ending → the schema. Loaded once, when first asked for. */
export const schemaDocuments: ReadonlyMap<string, object> = loadSchemas()
for (const schema of schemaDocuments.values()) ajv.addSchema(schema)

/** Gives back `value` as a `T`, or throws. */
export type Validator<T> = (value: unknown) => T

/**
 * A validator for one schema, such as `job` or `commands/execute-task#/$defs/params`.
 * @param root prefix of the JSON paths in errors, such as `params`
 * @throws MeshError FIELD_UNKNOWN, FIELD_MISSING or FIELD_INVALID (from the validator)
 */
export function validatorFor<T>(name: string, root = ''): Validator<T> {
  let validate: ValidateFunction | undefined
  return (value) => {
    validate ??= compile(name)
    if (!validate(value)) throw describe(takeErrors(validate), root)
    return value as T
  }
}

/**
 * A validator for a schema that is not ours: one that a program gives for the input of its functions.
 * @throws Error where it is no JSON Schema of draft 2020-12
 */
export function inputValidator(schema: object, root: string): Validator<unknown> {
  // An instance of its own: two schemas may bear the same `$id`.
  const validate = new Ajv2020({
    allowUnionTypes: true,
    strictRequired: false,
    // In this draft a format only describes, and generators of schemas write many of them.
    validateFormats: false,
    logger: false,
    verbose: true
  }).compile(schema)
  // Its verdict would be a promise, and that is true whatever it says.
  if ('$async' in validate) throw new Error('it is asynchronous ($async)')
  return (value) => {
    if (!validate(value)) throw describe(takeErrors(validate), root)
    return value
  }
}

/** The known name that `name` was probably meant to be. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .flatMap((candidate) => {
      const distanceMax = Math.min(NEAREST_DISTANCE_MAX, Math.ceil(candidate.length / 2))
      // Comparing takes the product of both lengths, and a stranger's name may have millions of letters.
      if (name.length > candidate.length + distanceMax) return []
      const distance = leven(name.toLowerCase(), candidate.toLowerCase())
      return distance <= distanceMax ? [{ candidate, distance }] : []
    })
    .toSorted((left, right) => left.distance - right.distance)
  return ranked[0]?.candidate
}

function loadSchemas(): Map<string, object> {
  const schemas = new Map<string, object>()
  for (const file of readdirSync(SCHEMAS, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (!file.endsWith('.schema.json')) continue
    const name = file.replaceAll('\\', '/').replace('.schema.json', '')
    schemas.set(name, JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')) as object)
  }
  return schemas
}

function compile(name: string): ValidateFunction {
  const [file, pointer] = name.split('#')
  const uri = `${SCHEMA_URI}${file}.schema.json${pointer === undefined ? '' : `#${pointer}`}`
  const validate = ajv.getSchema(uri)
  if (validate === undefined) throw new Error(`there is no schema ${name}`)
  return validate
}

/** They hold the value, which may be a stranger's megabytes, and ajv would keep them until the next that is wrong. */
function takeErrors(validate: ValidateFunction): readonly ErrorObject[] {
  const errors = validate.errors ?? []
  validate.errors = null
  return errors
}

function describe(errors: readonly ErrorObject[], root: string): MeshError {
  // The deepest finding says most; what `oneOf` and `anyOf` add above it only repeats it.
  const error = errors.toSorted((left, right) => depthOf(right) - depthOf(left))[0]
  if (error === undefined)
    return new MeshError('FIELD_INVALID', 'the value does not fit its schema')
  const path = jsonPath(error.instancePath, root)
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownField(String(params['additionalProperty']), path, error)
    case 'required': {
      const typo = misspelt(String(params['missingProperty']), error)
      if (typo !== undefined) return unknownField(typo, path, error)
      const missing = join2(path, String(params['missingProperty']))
      const known = tagValues(error, String(params['missingProperty']))
      const hint = known.length === 0 ? undefined : `it must be one of ${known.join(', ')}`
      return new MeshError('FIELD_MISSING', `${missing} is missing`, { path: missing, hint })
    }
    case 'discriminator':
      return wrongTag(path, params, error)
    case 'enum':
      return invalid(
        path,
        `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`,
        error
      )
    case 'const':
      return invalid(path, `must be ${JSON.stringify(params['allowedValue'])}`, error)
    case 'pattern':
      return invalid(path, patternUnmet(error), error)
    case 'maxLength':
      return invalid(
        path,
        `has ${String(error.data).length} characters; at most ${String(params['limit'])} are taken`,
        error
      )
    default:
      return invalid(path, error.message ?? 'does not fit', error)
  }
}

function unknownField(field: string, path: string, error: ErrorObject): MeshError {
  const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {})
  const nearest = nearestName(field, known)
  return new MeshError('FIELD_UNKNOWN', `${join2(path, field)} is not a field here`, {
    path: join2(path, field),
    hint: nearest === undefined ? `known fields: ${known.join(', ')}` : `did you mean "${nearest}"?`
  })
}

/** The field that was probably meant to be the missing one. */
function misspelt(missing: string, { data, parentSchema }: ErrorObject): string | undefined {
  const known = Object.keys((parentSchema as { properties?: object }).properties ?? {})
  return Object.keys(data as object)
    .slice(0, FIELDS_LOOKED_AT)
    .find((field) => !known.includes(field) && nearestName(field, known) === missing)
}

function wrongTag(path: string, params: Record<string, unknown>, error: ErrorObject): MeshError {
  const tag = String(params['tag'])
  const value = params['tagValue']
  const known = tagValues(error, tag)
  return new MeshError('FIELD_INVALID', `${join2(path, tag)} must be one of ${known.join(', ')}`, {
    path: join2(path, tag),
    hint: suggestion(JSON.stringify(value), known)
  })
}

/** What a field may be that tells the branches of `oneOf` apart; none for any other field. */
function tagValues(error: ErrorObject, tag: string): string[] {
  const { discriminator, oneOf = [] } = error.parentSchema as {
    discriminator?: { propertyName: string }
    oneOf?: { $ref: string }[]
  }
  if (discriminator?.propertyName !== tag) return []
  return oneOf.map(({ $ref }) => {
    const branch = (
      schemaDocuments.get('job') as {
        $defs: Record<string, { properties: Record<string, { const: string }> }>
      }
    ).$defs[$ref.slice($ref.lastIndexOf('/') + 1)]
    return branch?.properties[tag]?.const ?? $ref
  })
}

function invalid(path: string, what: string, error: ErrorObject): MeshError {
  const allowed = (error.params as { allowedValues?: unknown[] }).allowedValues?.map(String)
  const { description } = error.parentSchema as { description?: string }
  const described = description ?? patternHint(error)
  const hint = allowed === undefined ? described : suggestion(JSON.stringify(error.data), allowed)
  return new MeshError('FIELD_INVALID', `${path === '' ? 'the value' : path} ${what}`, {
    path,
    hint
  })
}

/** Shows the value that does not fit, for few can read the pattern: `must not be "../secret"`. */
function patternUnmet({ data, propertyName }: ErrorObject): string {
  const text = String(data)
  const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text
  return `must not ${propertyName === undefined ? 'be' : 'have'} ${JSON.stringify(shown)}`
}

function patternHint({ keyword, params }: ErrorObject): string | undefined {
  return keyword === 'pattern' ? `it must match ${String(params['pattern'])}` : undefined
}

function suggestion(value: string, known: readonly string[]): string | undefined {
  const nearest = nearestName(value.replaceAll('"', ''), known)
  return nearest === undefined ? undefined : `did you mean "${nearest}"?`
}

function depthOf(error: ErrorObject): number {
  const isSummary = error.keyword === 'oneOf' || error.keyword === 'anyOf'
  return error.instancePath.split('/').length - (isSummary ? 0.5 : 0)
}

/** `/each/3/id` → `each[3].id` */
function jsonPath(pointer: string, root: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : join2(path, part)), root)
}

function join2(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`
}
