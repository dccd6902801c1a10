/** The words of a decision record for workers that no rule refuses. */
import { formatNumber } from './rule.ts'
import { describeNoRoom, roomOf } from './room.ts'
import { LATENCY_ASSUMED_MS } from './scores.ts'
import { TIERS, isTriedBefore } from './tier.ts'
import type { Candidate } from './candidate.ts'
import type { CompiledRequest } from './compile.ts'
import type { Room } from './room.ts'
import type { Contender, Pick } from './pick.ts'

/** Codes of workers that fit; those of refusals are in rule.ts. */
type PlaceCode =
  | 'PICKED'
  | 'NOT_DRAWN'
  | 'NOT_AMONG_BEST'
  | 'WOULD_ONLY_QUEUE'
  | 'TRIED_BEFORE'
  | 'SLOTS_TAKEN'
  | 'MEMORY_TAKEN'
  | 'GPUS_TAKEN'

export interface Place {
  code: PlaceCode
  reason: string
}

/** Why a worker with room was chosen, or wasn't. */
export function describePlace(
  { request }: CompiledRequest,
  { chosen, pool }: Pick,
  contender: Contender,
  { rank, draw }: { rank: number; draw: number }
): Place {
  const { pickCount } = request.route
  if (contender.peerId === chosen?.peerId) {
    return { code: 'PICKED', reason: describeWinner(contender, pool.length, draw) }
  }
  if (chosen !== undefined && contender.tier !== chosen.tier)
    return describeLaterTier(contender, chosen)
  if (pool.some(({ peerId }) => peerId === contender.peerId)) {
    return {
      code: 'NOT_DRAWN',
      reason: `ranked ${ordinal(rank)}; draw ${draw.toFixed(2)} fell on another`
    }
  }
  const best =
    pickCount === 1 ? 'only the best is taken' : `only the best ${pickCount} are drawn from`
  return { code: 'NOT_AMONG_BEST', reason: `ranked ${ordinal(rank)}; ${best}` }
}

/** Why a worker that fits has no room. */
export function describeRoom({ need }: CompiledRequest, candidate: Candidate): Place {
  return { code: codeOfRoom(roomOf(candidate, need)), reason: describeNoRoom(candidate, need) }
}

function codeOfRoom(room: Room): PlaceCode {
  switch (room) {
    case 'memory-taken':
      return 'MEMORY_TAKEN'
    case 'gpus-taken':
      return 'GPUS_TAKEN'
    case 'slots-taken':
    case 'queue':
    case 'run':
      return 'SLOTS_TAKEN'
  }
}

/** What a reader must know to trust the figures of a worker that no rule refused. */
export function notesOn({ request }: CompiledRequest, { latencyMs }: Candidate): string {
  if (latencyMs !== undefined) return ''
  const { latencyMsMax } = request.placement
  const limit =
    latencyMsMax === undefined
      ? ''
      : `, so the limit of ${formatNumber(latencyMsMax)} ms was not applied`
  return `; latency not measured yet, taken as ${LATENCY_ASSUMED_MS} ms${limit}`
}

function describeWinner({ tier }: Contender, poolCount: number, draw: number): string {
  const among =
    poolCount === 1 ? 'picked among 1' : `picked among ${poolCount} with draw ${draw.toFixed(2)}`
  const queues =
    tier === TIERS.queue || tier === TIERS.queueAgain
      ? '; it has no free slot and will queue it'
      : ''
  const again = isTriedBefore(tier) ? '; tried before, but nobody else has room' : ''
  return among + queues + again
}

/** Better tiers have room, so score doesn't come into it. */
function describeLaterTier({ tier }: Contender, chosen: Contender): Place {
  return isTriedBefore(tier) && !isTriedBefore(chosen.tier)
    ? { code: 'TRIED_BEFORE', reason: 'tried before; untried workers with room come first' }
    : {
        code: 'WOULD_ONLY_QUEUE',
        reason: 'has no free slot and would only queue it; others have one'
      }
}

function ordinal(rank: number): string {
  const tens = rank % 100
  const isTeen = tens > 10 && tens < 14
  const ending = isTeen ? undefined : ['th', 'st', 'nd', 'rd'][rank % 10]
  return `${rank}${ending ?? 'th'}`
}
