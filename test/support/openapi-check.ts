/** Holds what a server answers against the OpenAPI document that it gives of itself. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ErrorObject } from 'ajv/dist/2020.js'

export interface OpenApiOperation {
  operationId: string
  summary: string
  security: { token: string[] }[]
  parameters: { name: string; in: string; required?: boolean; schema: object }[]
  requestBody?: { required: boolean; content: Record<string, { schema: object }> }
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: object }> }>
}

export interface OpenApiDocument {
  openapi: string
  info: { title: string; version: string }
  paths: Record<string, Record<string, OpenApiOperation>>
  components: { schemas: Record<string, object> }
}

export interface FoundOperation {
  path: string
  method: string
  operation: OpenApiOperation
}

export function operationsOf({ paths }: OpenApiDocument): FoundOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation }))
  )
}

export class OpenApiCheck {
  readonly #ajv = new Ajv2020({ strict: false, discriminator: true, validateFormats: false })
  readonly #found: Map<string, FoundOperation>

  constructor(document: OpenApiDocument) {
    this.#ajv.addSchema(document, 'api')
    this.#found = new Map(operationsOf(document).map((each) => [each.operation.operationId, each]))
  }

  /** What does not fit; throws where the document knows no such answer. */
  findings(operationId: string, response: Response, body: unknown): ErrorObject[] {
    const { method, operation, path } = this.#found.get(operationId) as FoundOperation
    const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
    const { status } = response
    if (operation.responses[status]?.content?.[type] === undefined) {
      throw new Error(`${operationId} is not said to answer ${status} ${type}`)
    }
    const steps = ['paths', path, method, 'responses', `${status}`, 'content', type, 'schema']
    const validate = this.schemaAt(steps)
    return validate(body) === true ? [] : (validate.errors ?? [])
  }

  schemaAt(steps: readonly string[]): ReturnType<Ajv2020['compile']> {
    const pointer = steps.map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1'))
    return this.#ajv.compile({ $ref: `api#/${pointer.map(encodeURIComponent).join('/')}` })
  }
}
