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
import { Access, peerOf } from './access.ts'
import { SAFE_HEADERS } from './safe-headers.ts'
import { checkOrigin, hostGuard, pipelineGuard } from './guards.ts'
import { methodsOf, unknownRoute, wrongMethod } from './not-found.ts'
import {
  PackedBodyError,
  answerFor,
  methodNotAllowed,
  refuseConnection,
  sendProblem
} from './problems.ts'
import { addRoutes } from './route-groups.ts'
import { isPageRequest } from './pages.ts'
import type { FastifyHttpOptions, FastifyInstance, FastifyRequest } from 'fastify'
import type { Server } from 'node:http'
import type { Json } from '../core/json.ts'
import type { KnownRoute } from './not-found.ts'
import type { Operation } from './operation.ts'
import type { Pages } from './pages.ts'
import type { RequestWatch } from './request-watch.ts'
import type { RouteContext } from './routes/context.ts'
import type { AccessInit } from './access.ts'
import type { ApiLogger, OfferedServices } from './services.ts'

export interface AppContext extends Omit<RouteContext, 'operations' | 'services'> {
  services: OfferedServices
}

export interface AppInit extends AccessInit {
  host: string
  /** Given out wherever no operation is. */
  pages?: Pages | undefined
  /** Counts and traces requests. */
  watch?: RequestWatch | undefined
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
  context: AppContext,
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
  const operations = addErrors(app, init, logger)
  await app.register(rateLimit, { global: false })
  init.watch?.attach(app)
  addGuards(app, context, init)
  init.watch?.attachTraces(app)
  addBodyParser(app)
  addRoutes(app, { ...context, operations })
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

/** They run before a body is read, so that strangers can't make us hold any. */
function addGuards(app: FastifyInstance, context: AppContext, init: AppInit): void {
  const { services, stopping } = context
  const checkHost = hostGuard(init.host)
  const checkPipeline = pipelineGuard()
  const access = new Access(app, services.tokens, init)
  app.decorateRequest('caller', undefined)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SAFE_HEADERS)
    checkPipeline(request.raw, reply.raw)
    const isOfPeer = peerOf(request) !== undefined
    // Only what comes to a port may be a browser's doing.
    if (!isOfPeer) checkHost(request.headers.host)
    // A page says nothing of the mesh: whoever follows a link to it may, and brings a token with what it asks next.
    if (init.pages !== undefined && isPageRequest(request)) return
    if (!isOfPeer) checkOrigin(request.headers)
    await access.check(request)
    if (stopping.aborted) throw new MeshError('STOPPING', 'this router is stopping')
  })
}

function addBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async ({ headers }: FastifyRequest, body: Buffer) => {
      // What is small when it is packed may be of any size afterwards.
      if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw new PackedBodyError()
      return parseBody(body)
    }
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

/** @returns the operations that routes are made of from here on */
function addErrors(
  app: FastifyInstance,
  { pages }: AppInit,
  logger?: ApiLogger
): ReadonlySet<Operation> {
  const routes: KnownRoute[] = []
  const operations = new Set<Operation>()
  app.addHook('onRoute', ({ config, method, url }) => {
    assert(config?.operation !== undefined, `the route ${url} is an operation of the table`)
    operations.add(config.operation)
    for (const each of [method].flat()) routes.push({ method: each, path: url })
  })
  app.setErrorHandler((error, request, reply) =>
    sendProblem(reply, answerFor(error, request, logger))
  )
  app.setNotFoundHandler(async (request, reply) => {
    if (pages !== undefined && isPageRequest(request)) return await pages.answer(request, reply)
    const path = request.url.split('?', 1)[0] as string
    const allowed = methodsOf(routes, path)
    return sendProblem(
      reply,
      allowed.length === 0
        ? { error: unknownRoute(routes, path) }
        : methodNotAllowed(wrongMethod(request.method, path, allowed), allowed)
    )
  })
  return operations
}
