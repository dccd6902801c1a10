/** The parts of the API and what each of them needs: a node has those whose services it can give. */
import { addDecisionRoutes } from './routes/decisions.ts'
import { addDescriptionRoute } from './routes/description.ts'
import { addEventRoutes } from './routes/events.ts'
import { addFileByteRoutes } from './routes/file-bytes.ts'
import { addFileRoutes } from './routes/files.ts'
import { addForwardingRoutes } from './routes/forwarding.ts'
import { addHealthRoute } from './routes/health.ts'
import { addItemRoutes } from './routes/items.ts'
import { addJobActionRoutes } from './routes/job-actions.ts'
import { addJobRoutes } from './routes/jobs.ts'
import { addLogRoutes } from './routes/logs.ts'
import { addMetricsRoute } from './routes/metrics.ts'
import { addMonitoringRoutes } from './routes/monitoring.ts'
import { addNodeRoutes } from './routes/nodes.ts'
import { addOperatorRoutes } from './routes/operator.ts'
import { addPeerRoutes } from './routes/peers.ts'
import { addRecipeRoutes } from './routes/recipes.ts'
import { addReputationRoutes } from './routes/reputation.ts'
import { addSubmissionRoutes } from './routes/submissions.ts'
import { addTokenRoutes } from './routes/tokens.ts'
import type { FastifyInstance } from 'fastify'
import type { ApiServices, OfferedServices } from './services.ts'
import type { RouteContext } from './routes/context.ts'

type Add<K extends keyof ApiServices> = (app: FastifyInstance, context: RouteContext<K>) => void

interface RouteGroup {
  needs: readonly (keyof ApiServices)[]
  add: Add<keyof ApiServices>
}

function group<const K extends keyof ApiServices>(needs: readonly K[], add: Add<K>): RouteGroup {
  return { needs, add }
}

const GROUPS: readonly RouteGroup[] = [
  group(['jobs'], addSubmissionRoutes),
  group(['jobs'], addJobRoutes),
  group(['jobs'], addJobActionRoutes),
  group(['jobs'], addItemRoutes),
  group(['jobs'], addLogRoutes),
  group(['jobs', 'idleReasons', 'weights'], addDecisionRoutes),
  group(['events'], addEventRoutes),
  group(['files'], addFileRoutes),
  group(['files'], addFileByteRoutes),
  group(['nodes'], addNodeRoutes),
  group(['peers', 'security'], addPeerRoutes),
  group(['monitoring'], addMonitoringRoutes),
  group(['metrics'], addMetricsRoute),
  group(['reputation'], addReputationRoutes),
  group(['recipes'], addRecipeRoutes),
  group(['availability', 'backup'], addOperatorRoutes),
  group(['tokens'], addTokenRoutes),
  group(['health'], addHealthRoute),
  group(['forwarding'], addForwardingRoutes),
  group([], addDescriptionRoute)
]

export function addRoutes(
  app: FastifyInstance,
  context: Omit<RouteContext, 'services'> & { services: OfferedServices }
): void {
  for (const { add, needs } of GROUPS) {
    const isThere = needs.every((name) => context.services[name] !== undefined)
    if (isThere) add(app, context as RouteContext<keyof ApiServices>)
  }
}
