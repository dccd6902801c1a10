/**
 * What other nodes answer, asked through this one: every path behind `/v1/routers/PEER` is that router's own behind `/v1`. Who asks is for
 * that router what this node is in the mesh, unless it is shown a token of that router's, in a header of its own.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { OPERATIONS } from '../operations.ts'
import { OWNER } from '../caller.ts'
import { PeerQuota } from '../../protocol/peer-quota.ts'
import { forward } from '../forward.ts'
import { validatorFor } from '../../model/validate.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../../core/clock.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RouteContext } from './context.ts'

/** The header with a token of the router that is asked. */
export const ROUTER_TOKEN_HEADER = 'router-authorization'

const BEARER = /^Bearer +([^\s]+) *$/i
const checkPeer = validatorFor<string>('job#/$defs/peerId', 'peer')

const FORWARDED = [
  OPERATIONS.readFromRouter,
  OPERATIONS.postToRouter,
  OPERATIONS.putToRouter,
  OPERATIONS.deleteAtRouter
] as const

/** Half of what a router gives this node, so that nobody but its owner takes all of it from the others. */
const OPEN_PER_CALLER_MAX = LIMITS.apiPeerStreamsMax / 2

/** How soon those who may not ask any more get no more of an answer. */
const LOOK_MS = 15_000

export function addForwardingRoutes(
  app: FastifyInstance,
  { clock, services }: RouteContext<'forwarding'>
): void {
  const shares = new PeerQuota({ perPeerMax: OPEN_PER_CALLER_MAX, totalMax: Infinity })
  void app.register(async (scope) => {
    // What is passed on is not looked at.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', async () => undefined)
    for (const operation of FORWARDED) {
      scope.route({
        method: operation.method,
        url: operation.path,
        bodyLimit: LIMITS.submissionBytesMax,
        config: { operation },
        handler: async (request, reply) => {
          const { peer, path } = placeOf(request)
          const { fetch, url } = services.forwarding.to(peer)
          const { end, signal } = beginTurn(request.caller as Caller, shares, clock)
          try {
            return await forward(request, reply, {
              fetch,
              url: `${url}/v1/${path}`,
              base: `/v1/routers/${peer}`,
              token: tokenOf(request),
              signal
            })
          } finally {
            end()
          }
        }
      })
    }
  })
}

/** The right to one answer, for as long as its caller has it. @throws MeshError TOO_MANY_REQUESTS */
function beginTurn(
  caller: Caller,
  shares: PeerQuota,
  clock: Clock
): { signal: AbortSignal; end: () => void } {
  const { submitter } = caller
  const isCounted = caller !== OWNER
  if (isCounted && !shares.take(submitter, 1)) {
    throw new MeshError('TOO_MANY_REQUESTS', `too many requests of ${submitter} are open here`, {
      hint: 'wait for answers, or close streams, before you ask more'
    })
  }
  const over = new AbortController()
  const stopLooking = clock.every(LOOK_MS, () => {
    if (!caller.isValid()) over.abort(new MeshError('FORBIDDEN', 'the right to ask is over'))
  })
  const end = (): void => {
    stopLooking()
    if (isCounted) shares.give(submitter, 1)
  }
  return { signal: over.signal, end }
}

/** @throws MeshError FIELD_INVALID for what is no PeerId, NOT_FOUND where there is no path behind the peer */
function placeOf({ params, url }: FastifyRequest): { peer: string; path: string } {
  const { '*': rest, peer } = params as { '*': string; peer: string }
  const [first, ...others] = rest.split('/')
  // A router that forwards on would be another's door; dots would lead out of what was asked for.
  const isBehind = first !== '' && !rest.split('/').some((part) => part === '.' || part === '..')
  const isDoor = first === 'routers' && others.length > 0
  if (isBehind && !isDoor) return { peer: checkPeer(peer), path: url.split('/').slice(4).join('/') }
  throw new MeshError('NOT_FOUND', 'nothing of that router is named', {
    hint: 'write a path of its own behind it, such as /v1/routers/PEER/jobs'
  })
}

function tokenOf({ headers }: FastifyRequest): string | undefined {
  return BEARER.exec([headers[ROUTER_TOKEN_HEADER] ?? ''].flat()[0] ?? '')?.[1]
}
