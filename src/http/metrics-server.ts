/**
 * What Prometheus and a supervisor ask of a node: `/metrics` and `/healthz`, by plain HTTP, without a token and to be
 * read alone. It listens on loopback unless its owner says otherwise.
 */
import { createServer } from 'node:http'
import { MeshError, messageOf } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { bracketed, checkOrigin, hostGuard, isLoopback } from './guards.ts'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HostPort } from '../config/settings.ts'
import type { Logger } from '../observe/logger.ts'
import type { MetricsPage } from '../observe/node-metrics.ts'
import type { Startable } from '../core/startable.ts'

export interface MetricsServerComponents {
  logger: Logger
  metrics: { page(): Promise<MetricsPage> }
}

/** A scrape takes milliseconds; who needs longer is holding a connection. */
const TIMEOUT_MS = 10_000
/** Some scrapers at once, and somebody who looks. */
const CONNECTIONS_MAX = 64
const PLAIN = 'text/plain; charset=utf-8'

export class MetricsServer implements Startable {
  readonly #components: MetricsServerComponents
  readonly #init: HostPort
  readonly #server: Server

  constructor(components: MetricsServerComponents, init: HostPort) {
    this.#components = components
    this.#init = init
    const limits = {
      requestTimeout: TIMEOUT_MS,
      headersTimeout: TIMEOUT_MS,
      keepAliveTimeout: TIMEOUT_MS,
      maxHeaderSize: LIMITS.apiHeaderBytesMax
    }
    const checkHost = hostGuard(init.host)
    this.#server = createServer(limits, (request, response) => {
      void this.#answer(request, response, checkHost)
    })
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  /** Where a program on this machine reads them. */
  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo
    const host = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address
    return `http://${bracketed(host)}:${port}/metrics`
  }

  /** @throws MeshError ADDRESS_IN_USE, CONFIG_INVALID */
  async start(): Promise<void> {
    if (this.#server.listening) return
    const { host, port } = this.#init
    const { promise, reject, resolve } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen({ host: host === 'localhost' ? '127.0.0.1' : host, port }, resolve)
    await promise.catch((cause: unknown) => {
      throw listenError(this.#init, cause)
    })
    this.#server.off('error', reject)
    if (isLoopback(host)) return
    const hint = 'let nobody but your own Prometheus reach that port'
    this.#components.logger.warn({ host, hint }, 'metrics are open to the network')
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeAllConnections()
    await promise
  }

  async #answer(
    { headers, method, url = '' }: IncomingMessage,
    response: ServerResponse,
    checkHost: (host: string | undefined) => void
  ): Promise<void> {
    try {
      checkHost(headers.host)
      checkOrigin(headers)
      const path = url.split('?', 1)[0]
      if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'GET alone\n')
      if (path === '/healthz') return send(response, 200, 'ok\n')
      if (path !== '/metrics') return send(response, 404, 'there are /metrics and /healthz\n')
      const { text, type } = await this.#components.metrics.page()
      send(response, 200, text, type)
    } catch (cause) {
      const error = MeshError.from(cause)
      if (error.code !== 'INTERNAL') return send(response, 403, `${error.message}\n`)
      this.#components.logger.error({ err: cause }, 'metrics could not be read')
      send(response, 500, 'they could not be read\n')
    }
  }
}

function send(response: ServerResponse, status: number, text: string, type = PLAIN): void {
  const safe = {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff'
  }
  response.writeHead(status, safe).end(text)
}

function listenError({ host, port }: HostPort, cause: unknown): MeshError {
  const place = `${bracketed(host)}:${port}`
  const isTaken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
  return new MeshError(
    isTaken ? 'ADDRESS_IN_USE' : 'CONFIG_INVALID',
    isTaken
      ? `another program listens on ${place}`
      : `can't listen on ${place}: ${messageOf(cause)}`,
    {
      path: '--metrics',
      hint: 'name an address of this machine and a free port, such as 127.0.0.1:0',
      cause
    }
  )
}
