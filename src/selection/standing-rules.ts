/**
 * What is asked of a worker whatever the task: that it takes work, answers, was not caught at a wrong result,
 * and reports figures of which a cost can be made. Nearly every worker passes, so all are asked in one go.
 */
import { formatNumber } from './rule.ts'
import type { Availability, Candidate } from './candidate.ts'
import type { Rule, Wording } from './rule.ts'

/** More of anything is a fault in somebody's counting, and so is a clock rate outside of these, in GHz. */
const FIGURE_MAX = 1e12
const SPEED_MIN = 1e-3
const SPEED_MAX = 1e4

/** A worker takes nothing new in three ways, of which an owner wants to know the right one. */
export const STANDING_RULES: readonly Rule[] = [
  closedRule('WORKER_STOPPING', 'stopping', { one: 'is stopping', many: 'are stopping' }),
  closedRule('WORKER_DRAINING', 'draining', { one: 'is draining', many: 'are draining' }),
  closedRule('WORKER_CORDONED', 'cordoned', {
    one: 'is cordoned by its owner',
    many: 'are cordoned by their owners'
  }),
  {
    code: 'SUSPECTED',
    refuses: ({ isSuspected }) => isSuspected,
    wording: () => ({
      one: 'has not answered when it was asked',
      many: 'have not answered when they were asked'
    })
  },
  {
    code: 'QUARANTINED',
    refuses: ({ tier }) => tier === 'quarantined',
    wording: () => ({
      one: 'is quarantined for a wrong result',
      many: 'are quarantined for wrong results'
    })
  },
  {
    // It must neither be chosen for having no cost, nor spoil the order of the others.
    code: 'FIGURES_ABSURD',
    refuses: (candidate) => !isPlausible(candidate),
    wording: () => ({
      one: 'reports figures that make no sense',
      many: 'report figures that make no sense'
    }),
    instead: ({ latencyMs = 0, prospect, slots, speed }) =>
      `${slots} slots at ${formatNumber(speed)} GHz, ${formatNumber(latencyMs)} ms away, expected to see ${formatNumber(prospect)} of its tasks through`
  }
]

/** Whether none of these rules refuses a worker. */
export function isInOrder(candidate: Candidate): boolean {
  const { availability, isSuspected, tier } = candidate
  return availability === 'open' && !isSuspected && tier !== 'quarantined' && isPlausible(candidate)
}

function closedRule(code: Rule['code'], closed: Availability, wording: Wording): Rule {
  return {
    code,
    refuses: ({ availability }) => availability === closed,
    wording: () => wording
  }
}

/** A figure that is not a number makes both the least and the most of all no number, which is never plausible. */
function isPlausible(candidate: Candidate): boolean {
  const { diskTotalMb, latencyMs = 0, memoryTotalMb, ownRate, queued, queuedMs } = candidate
  const { prospect, routers, running, slots, speed } = candidate
  const { unseenCount, unseenMs, waitMs, workRate } = candidate
  const countMost = Math.max(slots, running, queued, unseenCount, routers)
  const countLeast = Math.min(slots - 1, running, queued, unseenCount, routers)
  const most = Math.max(waitMs, queuedMs, unseenMs, latencyMs, memoryTotalMb, diskTotalMb)
  const least = Math.min(waitMs, queuedMs, unseenMs, latencyMs, memoryTotalMb, diskTotalMb)
  return (
    Math.min(countLeast, least, workRate, ownRate, prospect) >= 0 &&
    Math.max(countMost, most, workRate, ownRate) <= FIGURE_MAX &&
    speed >= SPEED_MIN &&
    speed <= SPEED_MAX &&
    prospect > 0 &&
    prospect <= 1
  )
}
