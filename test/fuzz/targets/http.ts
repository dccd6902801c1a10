/**
 * Requests to the router's API, made of its own table of operations: each as `{method, path, query, headers, body}`, or
 * with `text` for a body that is no JSON. A real server on loopback answers, in front of services that do nothing.
 */
import { Agent, request as httpRequest } from 'node:http'
import { MeshError, isErrorCode } from '../../../src/core/errors.ts'
import { ApiServer } from '../../../src/http/server.ts'
import { OPERATIONS } from '../../../src/http/operations.ts'
import { FakeApiServices, buildJobView } from '../../support/fake-api-services.ts'
import { JSON_REFUSALS, SCHEMA_REFUSALS, bytesOf, examplesOf, textOf } from '../target.ts'
import type { IncomingMessage } from 'node:http'
import type { Operation, Schema } from '../../../src/http/operation.ts'
import type { Problem } from '../../../src/model/generated/api-problem.ts'
import type { FuzzTarget } from '../target.ts'

interface Asked {
  method: string
  path: string
  query: Record<string, unknown>
  headers: Record<string, string>
  body?: unknown
  text?: string
}

const TOKEN = 'a-token-for-fuzzing'
const REQUESTS_MAX = 1e9
/** What a problem takes, and more. */
const PROBLEM_LETTERS_MAX = 65_536
const REFUSED = 400
const SERVER_ERROR = 500

const services = new FakeApiServices()
// Whoever waits for a job that has ended need not wait.
services.change(buildJobView({ state: 'completed' }))
const server = new ApiServer(
  { services },
  {
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
    wrongTokensMax: REQUESTS_MAX,
    ownRequestsMax: REQUESTS_MAX
  }
)
const agent = new Agent({ keepAlive: true })

const api: FuzzTarget = {
  name: 'http',
  form: 'json',
  seeds: async () => {
    await server.start()
    const made = Object.values<Operation>(OPERATIONS).flatMap(seedsOf)
    const answers = await Promise.all(made.map(statusOf))
    // The table does not tell which example goes with which operation.
    return made.filter((_, index) => (answers[index] ?? REFUSED) < REFUSED).map(bytesOf)
  },
  read: async (input) => {
    services.calls.length = 0
    const sent = askedOf(textOf(input))
    const response = sent === undefined ? undefined : await ask(sent)
    if (response !== undefined) await judge(response)
  },
  refusals: [
    ...JSON_REFUSALS,
    ...SCHEMA_REFUSALS,
    'COMMAND_UNKNOWN',
    'FILE_NOT_FOUND',
    'FORBIDDEN',
    'ID_AMBIGUOUS',
    'JOB_NOT_FOUND',
    'NEEDS_CYCLE',
    'NODE_NOT_FOUND',
    'NOT_FOUND',
    'RANGE_INVALID',
    'UNAUTHORISED',
    'WRONG_RECIPIENT'
  ].filter(isErrorCode)
}

async function statusOf(asked: Asked): Promise<number | undefined> {
  const response = await ask(asked)
  response?.destroy()
  return response?.statusCode
}

/** One for each body that the schemas have as an example, with every parameter that the operation knows. */
function seedsOf({ body, method, path, query }: Operation): Asked[] {
  const about = {
    method,
    path: path
      .replace('/jobs/:id', `/jobs/${[...services.jobsById.keys()][0]}`)
      .replace('/pieces/:index', '/pieces/0')
      .replaceAll(/:\w+/g, services.nodeView.peer_id),
    query: Object.fromEntries(
      Object.entries(query).map(([name, { schema }]) => [name, valueOf(schema)])
    ),
    headers: { authorization: `Bearer ${TOKEN}` }
  }
  const bodies = method === 'GET' ? [] : examplesIn(body.schema)
  return [
    { ...about, query: {} },
    about,
    ...bodies.flatMap((one) => [
      { ...about, body: one },
      { ...about, text: JSON.stringify(one) }
    ])
  ]
}

function valueOf({ enum: known, items, minimum, type }: Schema): unknown {
  if (Array.isArray(known)) return known[0]
  if (type === 'integer') return minimum ?? 1
  return type === 'array' ? valueOf((items ?? {}) as Schema) : '1h'
}

function examplesIn(schema: Schema): unknown[] {
  const { $ref, anyOf } = schema as { $ref?: string; anyOf?: Schema[] }
  if (anyOf !== undefined) return anyOf.flatMap(examplesIn)
  const name = $ref?.replace('taskmesh:///', '').replace(/\.schema\.json.*/, '') ?? ''
  return [...examplesOf(name)]
}

/** Undefined for what is no request that could be sent. */
function askedOf(text: string): Asked | undefined {
  try {
    const { body, headers, method, path, query, text: sent } = asObject(JSON.parse(text))
    return {
      method: String(method),
      path: String(path),
      query: asObject(query),
      headers: asObject(headers) as Record<string, string>,
      body,
      ...(typeof sent === 'string' ? { text: sent } : {})
    }
  } catch {
    return undefined
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

async function ask(asked: Asked): Promise<IncomingMessage | undefined> {
  const { body, headers, method, path, query, text = JSON.stringify(body) } = asked
  try {
    const pairs = Object.entries(query).flatMap(([name, value]) =>
      [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`)
    )
    const target = encodeURI(path) + (pairs.length === 0 ? '' : `?${pairs.join('&')}`)
    const type = text === undefined ? {} : { 'content-type': 'application/json' }
    const options = { agent, method, path: target, headers: { ...type, ...headers } }
    return await new Promise((resolve, reject) => {
      const request = httpRequest(server.address(), options, resolve)
      request.on('error', reject)
      request.end(text)
    })
  } catch (cause) {
    const { code } = cause as { code?: string }
    // What Node's own client does not send; or a server that hung up on what is no HTTP.
    if (cause instanceof TypeError || cause instanceof URIError || code === 'ECONNRESET') {
      return undefined
    }
    throw cause
  }
}

async function judge(response: IncomingMessage): Promise<void> {
  const { headers, statusCode = 0 } = response
  const type = headers['content-type'] ?? ''
  if (type.startsWith('text/event-stream')) {
    response.destroy()
    return
  }
  const text = Buffer.concat(await response.toArray()).toString()
  if (statusCode >= SERVER_ERROR) throw new Error(`${statusCode}: ${text.slice(0, 400)}`)
  if (!type.startsWith('application/problem+json')) return
  if (text.length > PROBLEM_LETTERS_MAX) throw new Error(`a problem has ${text.length} letters`)
  const { code, detail } = JSON.parse(text) as Problem
  if (!isErrorCode(code)) throw new Error(`${code} is no code`)
  throw new MeshError(code, detail)
}

export const HTTP_TARGETS: readonly FuzzTarget[] = [api]
