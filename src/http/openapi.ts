/**
 * The OpenAPI 3.1 document of a table of operations. Published schemas stand in it as components, each
 * under its title; references are rewritten to point there, so that no reader needs to know our `$id`s.
 */
import { schemaDocuments } from '../model/validate.ts'
import { VERSION } from '../core/version.ts'
import type { AnswerSpec, Operation, Schema } from './operation.ts'

type Json = Record<string, unknown>

const JSON_TYPE = 'application/json'
const PROBLEM = { $ref: '#/components/responses/Problem' }
const PROBLEM_SCHEMA = 'taskmesh:///api/problem.schema.json'

export function openApiDocument(operations: Readonly<Record<string, Operation>>): Json {
  const components = new Components()
  const paths: Record<string, Json> = {}
  for (const [name, operation] of Object.entries(operations)) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{path}')
    const item = (paths[path] ??= {})
    item[operation.method.toLowerCase()] = describe(name, operation, components)
  }
  const problem = components.inline({ $ref: PROBLEM_SCHEMA })
  return {
    openapi: '3.1.1',
    info: {
      title: 'taskmesh router',
      version: VERSION,
      description:
        'Jobs, files and workers of one router. The roles of a security requirement are the scope that a token needs; each scope holds those before it: read, submit, operate.'
    },
    // Relative: wherever this document came from.
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: components.schemas(),
      responses: {
        Problem: {
          description: 'What is wrong, by a code that never changes its meaning',
          content: { 'application/problem+json': { schema: problem } }
        }
      },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } }
    }
  }
}

function describe(name: string, operation: Operation, components: Components): Json {
  const { answers, method, scope, summary } = operation
  const responses = Object.entries(answers).map(([status, answer]) => [
    status,
    describeAnswer(answer, components)
  ])
  return {
    operationId: name,
    summary,
    security: scope === undefined ? [] : [{ token: [scope] }],
    parameters: [...pathParameters(operation), ...queryParameters(operation)],
    ...(method === 'POST' || method === 'PUT'
      ? { requestBody: describeBody(operation, components) }
      : {}),
    responses: { ...Object.fromEntries(responses), default: PROBLEM }
  }
}

function pathParameters({ path }: Operation): Json[] {
  return [...path.replace('*', ':path').matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' }
  }))
}

function queryParameters({ query }: Operation): Json[] {
  return Object.entries(query).map(([name, { schema }]) => ({ name, in: 'query', schema }))
}

function describeBody({ body }: Operation, components: Components): Json {
  const { isOptional, schema, type = JSON_TYPE } = body
  return { required: !isOptional, content: { [type]: { schema: components.inline(schema) } } }
}

function describeAnswer({ content, means }: AnswerSpec, components: Components): Json {
  if (content === undefined) return { description: means }
  const schema = components.inline(content.schema)
  return { description: means, content: { [content.type]: { schema } } }
}

/** The published schemas that were referred to, with all that those refer to. */
class Components {
  /** By title. */
  readonly #schemas = new Map<string, unknown>()

  /** A schema with its references pointing to components. */
  inline(schema: Schema): unknown {
    return this.#rewrite(schema, 'taskmesh:///')
  }

  schemas(): Json {
    return Object.fromEntries([...this.#schemas].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** @param isOfNames its keys are names of properties, which may be called as anything */
  #rewrite(value: unknown, base: string, isOfNames = false): unknown {
    if (Array.isArray(value)) return value.map((part) => this.#rewrite(part, base))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([key, part]) => [
      key,
      key === '$ref' && typeof part === 'string'
        ? this.#reference(new URL(part, base))
        : // An example is data, whatever its keys are.
          !isOfNames && (key === 'examples' || key === 'default' || key === 'const')
          ? part
          : this.#rewrite(part, base, !isOfNames && key === 'properties')
    ])
    return Object.fromEntries(entries) as unknown
  }

  #reference(target: URL): string {
    const name = target.pathname.replace(/^\//, '').replace('.schema.json', '')
    const {
      $id,
      $schema: _draft,
      ...schema
    } = schemaDocuments.get(name) as Json & {
      $id: string
      title: string
    }
    const title = schema.title
    if (!this.#schemas.has(title)) {
      // Before what it refers to, as that may refer back to it.
      this.#schemas.set(title, undefined)
      this.#schemas.set(title, this.#rewrite(schema, $id))
    }
    return `#/components/schemas/${title}${decodeURIComponent(target.hash.slice(1))}`
  }
}
