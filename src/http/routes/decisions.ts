/** What was decided and why: decisions of all jobs, what counts for them, and why workers were passed over. */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { OPERATIONS } from '../operations.ts'
import { defined } from '../query.ts'
import { lastOf, linkNext } from '../next-page.ts'
import { leavingSignal } from './leaving.ts'
import { serve } from '../serve.ts'
import type { DecisionRecord } from '../../model/generated/decision.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteContext } from './context.ts'

export function addDecisionRoutes(
  app: FastifyInstance,
  context: RouteContext<'idleReasons' | 'jobs' | 'weights'>
): void {
  const { services, stopping } = context

  serve(app, context, OPERATIONS.listDecisions, async ({ query, reply }) => {
    const { after, limit, since } = query
    const rows = await services.jobs.decisions({
      sinceMs: since ?? 0,
      ...defined({ after: after === undefined ? undefined : readPlace(after) }),
      limit
    })
    const last = lastOf(rows, limit)
    if (last !== undefined) linkNext(reply, '/v1/decisions', { after: placeOf(last), limit })
    return rows
  })

  serve(app, context, OPERATIONS.explainIdle, async ({ query: { peer, since }, reply }) => {
    const signal = leavingSignal(reply, stopping)
    return services.idleReasons({ ...defined({ peer }), spanMs: since }, { signal })
  })

  serve(app, context, OPERATIONS.readWeights, async () => services.weights())
}

function placeOf({ at_ms: atMs, attempt, item, job_id: jobId }: DecisionRecord): string {
  return [atMs, jobId, item, attempt].join(',')
}

/** `AT_MS,JOB,ITEM,ATTEMPT` of the last record of the page before. */
function readPlace(place: string): {
  atMs: number
  jobId: string
  itemIndex: number
  attempt: number
} {
  const [at = '', jobId = '', item = '', attempt = ''] = place.split(',')
  const [atMs, itemIndex, number] = [Number(at), Number(item), Number(attempt)]
  const isValid =
    Number.isFinite(atMs) && Number.isInteger(itemIndex) && itemIndex < LIMITS.jobItemsMax
  if (isValid && Number.isInteger(number)) return { atMs, jobId, itemIndex, attempt: number }
  throw new MeshError('FIELD_INVALID', `"${place}" is no place among decisions`, {
    path: 'after',
    hint: 'at_ms, job_id, item and attempt of the last record that you have, with commas between them'
  })
}
