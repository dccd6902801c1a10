/**
 * Fastify, put together: guards, body parser, routes, errors. No response schemas are attached: Fastify's
 * serialiser would drop unknown fields and coerce values, and a task's result is any JSON there is.
 */
import fastify from 'fastify'
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { LIMITS } from '../core/limits.ts'
import { hostGuard, tokenGuard } from './guards.ts'
import { methodsOf, unknownRoute, wrongMethod } from './not-found.ts'
import { answerFor, methodNotAllowed, refuseConnection, sendProblem } from './problems.ts'
import { addEventRoutes } from './routes/events.ts'
import { addFileByteRoutes } from './routes/file-bytes.ts'
import { addFileRoutes } from './routes/files.ts'
import { addItemRoutes } from './routes/items.ts'
import { addJobActionRoutes } from './routes/job-actions.ts'
import { addJobRoutes } from './routes/jobs.ts'
import { addLogRoutes } from './routes/logs.ts'
import { addMeshRoutes, HEALTH_ROUTE } from './routes/mesh.ts'
import { addDecisionRoutes } from './routes/decisions.ts'
import { addReputationRoutes } from './routes/reputation.ts'
import { addOperationRoutes } from './routes/operations.ts'
import { addSubmissionRoutes } from './routes/submissions.ts'
import type { FastifyInstance } from 'fastify'
import type { Json } from '../core/json.ts'
import type { KnownRoute } from './not-found.ts'
import type { RouteContext } from './routes/context.ts'
import type { ApiLogger } from './services.ts'

export interface AppInit {
  host: string
  token: string
  headersTimeoutMs: number
  requestTimeoutMs: number
  idleTimeoutMs: number
  connectionsMax: number
  bodyBytesMax: number
}

/** How often Node looks for requests that came too slowly; they live up to this much longer. */
const SLOW_CHECK_MS = 1_000

/** A kept connection without a request; shorter than the minute after which proxies drop theirs. */
const KEEP_ALIVE_MS = 30_000

/** A PeerId has some 60 letters; anything much longer is no name of ours. */
const PARAMETER_LETTERS_MAX = 200

export function buildApp(
  context: RouteContext,
  init: AppInit,
  logger?: ApiLogger
): FastifyInstance {
  const app = fastify({
    bodyLimit: init.bodyBytesMax,
    requestTimeout: init.requestTimeoutMs,
    connectionTimeout: init.idleTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: refuseConnection,
    routerOptions: { maxParamLength: PARAMETER_LETTERS_MAX },
    http: {
      headersTimeout: init.headersTimeoutMs,
      connectionsCheckingInterval: SLOW_CHECK_MS,
      // Our own guard answers for Host, with a problem that says what is wrong.
      requireHostHeader: false
    },
    frameworkErrors: (error, request, reply) => {
      void sendProblem(reply, answerFor(error, request, logger))
    }
  })
  app.server.maxConnections = init.connectionsMax
  addGuards(app, context, init)
  addBodyParser(app)
  addErrors(app, logger)
  addSubmissionRoutes(app, context)
  addJobRoutes(app, context)
  addJobActionRoutes(app, context)
  addItemRoutes(app, context)
  addLogRoutes(app, context)
  addEventRoutes(app, context)
  addFileRoutes(app, context)
  addFileByteRoutes(app, context)
  addMeshRoutes(app, context)
  addReputationRoutes(app, context)
  addDecisionRoutes(app, context)
  addOperationRoutes(app, context)
  return app
}

/** They run before a body is read, so that strangers can't make us hold any. */
function addGuards(app: FastifyInstance, { stopping }: RouteContext, init: AppInit): void {
  const checkHost = hostGuard(init.host)
  const checkToken = tokenGuard(init.token)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    checkHost(request.headers.host)
    if (request.routeOptions.url !== HEALTH_ROUTE) checkToken(request.headers.authorization)
    if (stopping.aborted) throw new MeshError('STOPPING', 'this router is stopping')
  })
}

function addBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, body: Buffer) => parseBody(body)
  )
}

function parseBody(body: Buffer): Json | undefined {
  if (body.length === 0) return undefined
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch (cause) {
    throw new MeshError('REQUEST_NOT_JSON', 'the body is not UTF-8', { cause })
  }
  return parseJson(text, LIMITS.submissionBytesMax)
}

function addErrors(app: FastifyInstance, logger?: ApiLogger): void {
  const routes: KnownRoute[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.push({ method: each, path: url })
  })
  app.setErrorHandler((error, request, reply) =>
    sendProblem(reply, answerFor(error, request, logger))
  )
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] as string
    const allowed = methodsOf(routes, path)
    return sendProblem(
      reply,
      allowed.length === 0
        ? { error: unknownRoute(routes, path) }
        : methodNotAllowed(wrongMethod(request.method, path, allowed), allowed)
    )
  })
}
