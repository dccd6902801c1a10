/** The words of a decision record for workers that no rule refuses. */
import { formatNumber } from './rule.ts'
import { roundTo } from '../core/units.ts'
import { LATENCY_ASSUMED_MS } from './scores.ts'
import { doubtIn, isTriedBefore } from './tier.ts'
import type { Candidate, SelectionRequest } from './candidate.ts'
import type { CompiledRequest } from './compile.ts'
import type { Room } from './room.ts'
import type { Choice, Contender } from './pick.ts'

/** Codes of workers that fit; those of refusals are in rule.ts. */
export type PlaceCode =
  | 'PICKED'
  | 'EXPLORED'
  | 'NOT_DRAWN'
  | 'NOT_AMONG_BEST'
  | 'ON_PROBATION'
  | 'UNRELIABLE'
  | 'TRIED_BEFORE'
export type RoomCode =
  | 'SLOTS_TAKEN'
  | 'QUEUE_TAKEN'
  | 'MEMORY_TAKEN'
  | 'GPUS_TAKEN'
  | 'ALLOWANCE_TAKEN'

/** Where a worker with room stands. */
export function codeOfPlace(
  { chosen, isExploration, newcomer, pool }: Choice,
  peerId: string,
  tier: number
): PlaceCode {
  const [best] = pool
  if (peerId === chosen?.peerId) return isExploration ? 'EXPLORED' : 'PICKED'
  if (best !== undefined && tier > best.tier) {
    // Better tiers have room, so cost doesn't come into it.
    if (isTriedBefore(tier) && !isTriedBefore(best.tier)) return 'TRIED_BEFORE'
    return doubtIn(tier) === 'unreliable' ? 'UNRELIABLE' : 'ON_PROBATION'
  }
  const isDrawn = peerId === newcomer?.peerId || pool.some((one) => one.peerId === peerId)
  return isDrawn ? 'NOT_DRAWN' : 'NOT_AMONG_BEST'
}

/**
 * The same in words.
 * @param rank its place among those with room, from 1; 0: further down than is counted
 */
export function describePlace(
  { isByChance = false, route: { pickCount } }: SelectionRequest,
  choice: Choice,
  contender: Contender,
  { rank, draw }: { rank: number; draw: number }
): string {
  const { isExploration, pool } = choice
  const ranked = describeRank(rank, contender, pool[0])
  switch (codeOfPlace(choice, contender.peerId, contender.tier)) {
    case 'EXPLORED':
      return `picked with draw ${draw.toFixed(4)} because little is known of it`
    case 'PICKED':
      return describeWinner(contender, pool.length, draw) + (isByChance ? '; each as likely' : '')
    case 'TRIED_BEFORE':
      return 'tried before; untried workers with room come first'
    case 'ON_PROBATION':
      return 'on probation; trusted workers with room come first'
    case 'UNRELIABLE':
      return 'loses too many tasks; workers with room that lose fewer come first'
    case 'NOT_DRAWN': {
      const whom = isExploration ? 'one of whom little is known' : 'another'
      return `${ranked}; draw ${draw.toFixed(2)} fell on ${whom}`
    }
    case 'NOT_AMONG_BEST':
      return pickCount === 1
        ? `${ranked}; only the best is taken`
        : `${ranked}; only the best ${pickCount} are drawn from`
  }
}

/** Why a worker that fits has no room. */
export function codeOfRoom(room: Room): RoomCode {
  switch (room) {
    case 'memory-taken':
      return 'MEMORY_TAKEN'
    case 'gpus-taken':
      return 'GPUS_TAKEN'
    case 'queue-taken':
      return 'QUEUE_TAKEN'
    case 'allowance-taken':
      return 'ALLOWANCE_TAKEN'
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

const WORDS_OF_DOUBT = {
  none: '',
  unreliable: '; loses too many tasks, but nobody who loses fewer has room',
  probation: '; on probation, but no trusted worker has room'
}

function describeWinner({ tier }: Contender, poolCount: number, draw: number): string {
  const among =
    poolCount === 1 ? 'picked among 1' : `picked among ${poolCount} with draw ${draw.toFixed(2)}`
  const doubt = WORDS_OF_DOUBT[doubtIn(tier) ?? 'none']
  const again = isTriedBefore(tier) ? '; tried before, but nobody else has room' : ''
  return among + doubt + again
}

/** `ranked 2nd, 12.5 ms after the best` */
function describeRank(rank: number, { cost }: Contender, best: Contender | undefined): string {
  const behindMs = best === undefined ? 0 : roundTo(cost - best.cost, 1, 'down')
  const shownMs = behindMs < 100 ? behindMs : Math.floor(behindMs)
  const behind = behindMs > 0 ? `, ${shownMs} ms after the best` : ''
  return `ranked ${rank === 0 ? 'far down' : ordinal(rank)}${behind}`
}

function ordinal(rank: number): string {
  const tens = rank % 100
  const isTeen = tens > 10 && tens < 14
  const ending = isTeen ? undefined : ['th', 'st', 'nd', 'rd'][rank % 10]
  return `${rank}${ending ?? 'th'}`
}
