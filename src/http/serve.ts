/**
 * Makes a route of an operation, and the only way to make one: the scope is checked before a body is
 * read (`app.ts`), query and body before the handler is called, so that no handler can forget to.
 */
import { MeshError } from '../core/errors.ts'
import { readQuery } from './query.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from './caller.ts'
import type { Operation } from './operation.ts'
import type { QueryOf, QuerySpec } from './query.ts'
import type { RouteContext } from './routes/context.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of every route. */
    operation?: Operation
  }
  interface FastifyRequest {
    /** Undefined before the token was looked at, and where none is needed. */
    caller: Caller | undefined
  }
}

/** One request, as handlers see it. */
export interface Call<Q extends QuerySpec, B> {
  readonly query: QueryOf<Q>
  readonly body: B
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly caller: Caller
  /** One `:name` of the path. @throws MeshError NOT_FOUND if the path leaves it empty */
  readonly parameter: (name: string) => string
}

export function serve<Q extends QuerySpec, B>(
  app: FastifyInstance,
  { bodyBytesMax, clock }: RouteContext,
  operation: Operation<Q, B>,
  handle: (call: Call<Q, B>) => Promise<unknown>
): void {
  const { method, path, query, body } = operation
  app.route({
    // As a GET, and Node leaves the body out.
    method: method === 'GET' ? ['GET', 'HEAD'] : method,
    url: path,
    bodyLimit: Math.min(operation.bodyBytesMax, bodyBytesMax),
    config: { operation },
    handler: (request, reply) =>
      handle({
        query: readQuery(request.query, query, clock),
        body: body.read(request.body),
        request,
        reply,
        // Where no token is needed, nothing is done on anybody's behalf.
        caller: request.caller as Caller,
        parameter: (name) => pathParameter(request, name)
      })
  })
}

function pathParameter(request: FastifyRequest, name: string): string {
  const value = (request.params as Record<string, string | undefined>)[name]
  if (value !== undefined && value !== '') return value
  throw new MeshError('NOT_FOUND', `the path has no ${name}`, { path: name })
}
