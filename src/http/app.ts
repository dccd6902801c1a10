/**
 * Fastify, put together: guards, body parser, routes, errors. A request is looked at in this order: whom it
 * was sent to, which page sent it, whose token it has, whether that is enough; then its body is read. No response schemas are attached: Fastify's
 * serialiser would drop unknown fields and coerce values, and a task's result is any JSON there is.
 */
import fastify from 'fastify'
import rateLimit from '@fastify/rate-limit'
import { assert } from '../core/assert.ts'
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { LIMITS } from '../core/limits.ts'
import { Access } from './access.ts'
import { SAFE_HEADERS } from './safe-headers.ts'
import { addDescriptionRoute } from './routes/description.ts'
import { checkOrigin, hostGuard, pipelineGuard } from './guards.ts'
import { methodsOf, unknownRoute, wrongMethod } from './not-found.ts'
import { answerFor, methodNotAllowed, refuseConnection, sendProblem } from './problems.ts'
import { addEventRoutes } from './routes/events.ts'
import { addFileByteRoutes } from './routes/file-bytes.ts'
import { addFileRoutes } from './routes/files.ts'
import { addItemRoutes } from './routes/items.ts'
import { addJobActionRoutes } from './routes/job-actions.ts'
import { addJobRoutes } from './routes/jobs.ts'
import { addLogRoutes } from './routes/logs.ts'
import { addMeshRoutes } from './routes/mesh.ts'
import { addDecisionRoutes } from './routes/decisions.ts'
import { addReputationRoutes } from './routes/reputation.ts'
import { addOperatorRoutes } from './routes/operator.ts'
import { addSubmissionRoutes } from './routes/submissions.ts'
import type { FastifyHttpOptions, FastifyInstance } from 'fastify'
import type { Server } from 'node:http'
import type { Json } from '../core/json.ts'
import type { KnownRoute } from './not-found.ts'
import type { RouteContext } from './routes/context.ts'
import type { AccessInit } from './access.ts'
import type { ApiLogger } from './services.ts'

export interface AppInit extends AccessInit {
  host: string
  /** Without them it speaks http. */
  tls?: TlsPair | undefined
  headersTimeoutMs: number
  requestTimeoutMs: number
  idleTimeoutMs: number
  connectionsMax: number
}

/** In PEM. */
export interface TlsPair {
  /** With those between it and its authority, if it has one. */
  cert: string
  key: string
}

/** How often Node looks for requests that came too slowly; they live up to this much longer. */
const SLOW_CHECK_MS = 1_000

/** A kept connection without a request; shorter than the minute after which proxies drop theirs. */
const KEEP_ALIVE_MS = 30_000

/** Of a handshake; who needs longer is holding a connection. */
const HANDSHAKE_MS = 10_000

/** A PeerId has some 60 letters; anything much longer is no name of ours. */
const PARAMETER_LETTERS_MAX = 200

export async function buildApp(
  context: RouteContext,
  init: AppInit,
  logger?: ApiLogger
): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: context.bodyBytesMax,
    requestTimeout: init.requestTimeoutMs,
    connectionTimeout: init.idleTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: refuseConnection,
    routerOptions: { maxParamLength: PARAMETER_LETTERS_MAX },
    ...serverOptions(init),
    frameworkErrors: (error, request, reply) => {
      void sendProblem(reply.headers(SAFE_HEADERS), answerFor(error, request, logger))
    }
  })
  app.server.maxConnections = init.connectionsMax
  addErrors(app, logger)
  await app.register(rateLimit, { global: false })
  addGuards(app, context, init)
  addBodyParser(app)
  addRoutes(app, context)
  return app
}

/** For Node's own server, whichever it is. The types have an overload for each; to all others they are the same. */
function serverOptions({
  headersTimeoutMs,
  tls
}: AppInit): Pick<FastifyHttpOptions<Server>, 'http'> {
  const http = {
    headersTimeout: headersTimeoutMs,
    maxHeaderSize: LIMITS.apiHeaderBytesMax,
    connectionsCheckingInterval: SLOW_CHECK_MS,
    // Our own guard answers for Host, with a problem that says what is wrong.
    requireHostHeader: false
  }
  if (tls === undefined) return { http }
  const secure = { ...tls, handshakeTimeout: HANDSHAKE_MS, minVersion: 'TLSv1.2' }
  return { https: { ...http, ...secure } } as object
}

function addRoutes(app: FastifyInstance, context: RouteContext): void {
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
  addOperatorRoutes(app, context)
  addDescriptionRoute(app, context)
}

/** They run before a body is read, so that strangers can't make us hold any. */
function addGuards(app: FastifyInstance, context: RouteContext, init: AppInit): void {
  const { services, stopping } = context
  const checkHost = hostGuard(init.host)
  const checkPipeline = pipelineGuard()
  const access = new Access(app, services.tokens, init)
  app.decorateRequest('caller', undefined)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SAFE_HEADERS)
    checkPipeline(request.raw, reply.raw)
    checkHost(request.headers.host)
    checkOrigin(request.headers)
    await access.check(request)
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
  app.addHook('onRoute', ({ config, method, url }) => {
    assert(config?.operation !== undefined, `the route ${url} is an operation of the table`)
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
