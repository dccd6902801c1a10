/** The OpenAPI document of what is looked at, as the page reads it: operations by area, and what their shapes are. Pure. */

export interface Schema {
  $ref?: string
  title?: string
  description?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  default?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  examples?: unknown[]
}

export interface Parameter {
  name: string
  in: 'path' | 'query'
  required?: boolean
  schema: Schema
}

type Content = Record<string, { schema: Schema }>

interface Described {
  operationId: string
  summary: string
  security: { token: string[] }[]
  parameters: Parameter[]
  requestBody?: { required: boolean; content: Content }
  responses: Record<string, { description?: string; content?: Content }>
}

export interface ApiDocument {
  info: { title: string; version: string; description: string }
  paths: Record<string, Record<string, Described>>
  components: { schemas: Record<string, Schema> }
}

export interface Operation extends Described {
  method: string
  path: string
  /** What a token needs; undefined where none is needed. */
  scope: string | undefined
}

export interface Area {
  name: string
  operations: Operation[]
}

/** In the order of the document, with what is looked for in any of their words. */
export function areasOf({ paths }: ApiDocument, wanted: string): Area[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  const areas = new Map<string, Operation[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, described] of Object.entries(methods)) {
      const scope = described.security[0]?.token[0]
      const operation = { ...described, method: method.toUpperCase(), path, scope }
      if (!words.every((word) => textOf(operation).includes(word))) continue
      const name = path.split('/')[2] ?? ''
      areas.set(name, [...(areas.get(name) ?? []), operation])
    }
  }
  return [...areas].map(([name, operations]) => ({ name, operations }))
}

function textOf({ method, operationId, path, summary }: Operation): string {
  return `${method} ${path} ${operationId} ${summary}`.toLowerCase()
}

/** The schema that one stands for, and its name where it has one. */
export function resolve(document: ApiDocument, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema
  const steps = schema.$ref.replace('#/components/schemas/', '').split('/')
  let found: unknown = document.components.schemas
  for (const step of steps) {
    found = (found as Record<string, unknown> | undefined)?.[decodeURIComponent(step)]
  }
  const { $ref: _ref, ...beside } = schema
  return { ...(found as Schema | undefined), ...beside }
}

/** In few words: `integer`, `JobView[]`, `"a" | "b"`. */
export function typeOf(document: ApiDocument, schema: Schema): string {
  const { anyOf, const: only, enum: values, items, oneOf, title, type } = resolve(document, schema)
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' | ')
  if (only !== undefined) return JSON.stringify(only)
  if (items !== undefined) return `${typeOf(document, items)}[]`
  const choices = anyOf ?? oneOf
  if (choices !== undefined && title === undefined) {
    return choices.map((choice) => typeOf(document, choice)).join(' | ')
  }
  return title ?? [type ?? 'any'].flat().join(' | ')
}

/** What one may look like, to begin with. */
export function exampleOf(document: ApiDocument, schema: Schema): string {
  const first = resolve(document, schema)
  const choice = first.examples === undefined ? (first.anyOf ?? first.oneOf)?.[0] : undefined
  const { examples = [] } = choice === undefined ? first : resolve(document, choice)
  return examples.length === 0 ? '{}' : JSON.stringify(examples[0], null, 2)
}
