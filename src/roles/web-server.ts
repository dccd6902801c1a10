/** The HTTP server of a role that has one: its token and certificate, its counts, and the file by which this user's commands find it. */
import { ApiFile } from './api-file.ts'
import { ApiServer } from '../http/server.ts'
import { Pages } from '../http/pages.ts'
import { RequestWatch } from '../http/request-watch.ts'
import { loadApiToken } from './api-token.ts'
import { loadTlsPair } from './tls-pair.ts'
import type { ApiFacts } from './api-file.ts'
import type { NodeCore } from './node-core.ts'
import type { OfferedServices } from '../http/services.ts'
import type { PeerCallers } from '../http/peer-door.ts'
import type { ReadyReport } from './role.ts'
import type { Startable } from '../core/startable.ts'
import type { WebSettings } from '../config/settings.ts'

export interface WebServerInit {
  role: ApiFacts['role']
  services: OfferedServices
  /** With it, peers of the mesh may ask by libp2p, too. */
  peers?: PeerCallers
  /** Gives out the dashboard beside the API. */
  hasPages: boolean
}

export interface WebServer {
  /** Need the network. */
  readonly parts: readonly Startable[]
  /** Once it listens. */
  report(): Pick<ReadyReport, 'http' | 'pages'>
}

export function createWebServer(
  core: NodeCore,
  settings: WebSettings,
  { hasPages, peers, role, services }: WebServerInit
): WebServer {
  const { folder, logger } = core
  const token = settings.token ?? loadApiToken(folder.path)
  const tls = settings.tls === undefined ? undefined : loadTlsPair(settings.tls, core)
  const watch = new RequestWatch(core)
  core.metrics.add(() => watch.readings())
  const pages = hasPages ? { pages: new Pages() } : {}
  const api = new ApiServer(
    { services, peers, logger },
    { ...settings.http, token, tls, watch, ...pages }
  )
  const ca = tls === undefined ? {} : { ca: tls.cert }
  const facts = (): ApiFacts => ({ role, url: api.address(), token, ...ca })
  return {
    parts: [api, new ApiFile(folder.path, facts)],
    report: () => ({
      http: api.address(),
      ...(hasPages ? { pages: `${api.address()}/` } : {})
    })
  }
}
