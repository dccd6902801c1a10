/**
 * What an operation of the API is: one method of one path, with the scope that it needs and the shapes
 * that go in and come out. From this a route is made (`serve.ts`) and the OpenAPI document (`openapi.ts`).
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { validatorFor } from '../model/validate.ts'
import type { QuerySpec } from './query.ts'
import type { TokenScope } from '../model/generated/api-token.ts'

export type Method = 'DELETE' | 'GET' | 'POST' | 'PUT'

/** A JSON Schema; references to published ones are absolute (`schemaOf`). */
export type Schema = Readonly<Record<string, unknown>>

/** What a request carries. */
export interface BodySpec<T> {
  readonly schema: Schema
  readonly isOptional: boolean
  /** Of anything but JSON, which is read as it comes. */
  readonly type?: string
  /** Checks what was parsed; undefined where nothing came. @throws MeshError */
  readonly read: (body: unknown) => T
}

/** One of the answers that are no problem. */
export interface AnswerSpec {
  readonly means: string
  /** Without it there is no body. */
  readonly content?: { readonly type: string; readonly schema: Schema }
}

export interface Operation<Q extends QuerySpec = QuerySpec, B = unknown> {
  readonly method: Method
  /** With `:name` for its parameters. */
  readonly path: string
  /** Undefined: anybody may, without a token. */
  readonly scope: TokenScope | undefined
  readonly summary: string
  readonly query: Q
  readonly body: BodySpec<B>
  readonly bodyBytesMax: number
  /** By status. */
  readonly answers: Readonly<Record<number, AnswerSpec>>
}

interface OperationInit<Q, B> {
  summary: string
  answers: Record<number, AnswerSpec>
  query?: Q
  body?: BodySpec<B>
  /** @default LIMITS.apiRequestBytesMax */
  bodyBytesMax?: number
}

/** Of an operation that takes no parameters. */
const NO_QUERY = Object.freeze({})

/** @example operation('read', 'GET /v1/jobs/:id', { summary: 'One job', answers: { 200: one('api/job') } }) */
export function operation<const Q extends QuerySpec = typeof NO_QUERY, B = undefined>(
  scope: TokenScope | undefined,
  route: `${Method} /v1/${string}`,
  init: OperationInit<Q, B>
): Operation<Q, B> {
  const [method, path] = route.split(' ') as [Method, string]
  const { answers, bodyBytesMax = LIMITS.apiRequestBytesMax, summary } = init
  const { body = NO_BODY as BodySpec<B>, query = NO_QUERY as Q } = init
  return { method, path, scope, summary, query, body, bodyBytesMax, answers }
}

/** A published schema, or a part of one, as in `validatorFor`. */
export function schemaOf(name: string): Schema {
  const [file, pointer] = name.split('#')
  const part = pointer === undefined ? '' : `#${pointer}`
  return { $ref: `taskmesh:///${file}.schema.json${part}` }
}

const JSON_TYPE = 'application/json'

export function one(name: string, means = 'Done'): AnswerSpec {
  return { means, content: { type: JSON_TYPE, schema: schemaOf(name) } }
}

export function listOf(name: string, means = 'A page of them'): AnswerSpec {
  return { means, content: { type: JSON_TYPE, schema: { type: 'array', items: schemaOf(name) } } }
}

export function answer(means: string, type: string, schema: Schema): AnswerSpec {
  return { means, content: { type, schema } }
}

export function nothing(means: string): AnswerSpec {
  return { means }
}

/** A body that fits a published schema; where it may be left out, that is as good as no field. */
export function json<T>(name: string, { isOptional = false } = {}): BodySpec<T> {
  const check = validatorFor<T>(name)
  return {
    schema: schemaOf(name),
    isOptional,
    read: (body) => check(body === undefined && isOptional ? {} : body)
  }
}

/** Where a body is of no use; one without fields does no harm. */
const NO_BODY: BodySpec<undefined> = {
  schema: { type: 'object', additionalProperties: false },
  isOptional: true,
  read: (body) => {
    const isEmpty = typeof body === 'object' && body !== null && Object.keys(body).length === 0
    if (body === undefined || isEmpty) return undefined
    throw new MeshError('FIELD_UNKNOWN', 'this takes no fields')
  }
}

/** A job or a graph of jobs, which the intake checks. */
export const JOB_DOCUMENT: BodySpec<unknown> = {
  schema: { anyOf: [schemaOf('job'), schemaOf('job-graph')] },
  isOptional: false,
  read: (body) => {
    if (body !== undefined) return body
    throw new MeshError('REQUEST_NOT_JSON', 'the body is empty', {
      hint: 'send a job document as JSON'
    })
  }
}

/** Bytes, read by the route itself as they come. */
export const BYTES: BodySpec<undefined> = {
  schema: { type: 'string', contentMediaType: 'application/octet-stream' },
  type: 'application/octet-stream',
  isOptional: false,
  read: () => undefined
}
