/**
 * One sentence for people on where a task stands with all workers: `3 of 4 workers were refused: 2 lack
 * label zone = home, 1 has too little memory (1GiB of 4GiB); 1 fits but is full`. Workers refused for the
 * same reason are one group; each worker counts under its first reason.
 */
import { firstRefusal } from './compile.ts'
import { roomOf } from './room.ts'
import { describeFigure, describeInstead } from './rule.ts'
import type { Candidate } from './candidate.ts'
import type { CompiledRequest } from './compile.ts'
import type { Room } from './room.ts'
import type { Figure, Rule } from './rule.ts'

/** Groups that are spelt out, largest first; a sentence with more would not be read. */
const GROUPS_MAX = 5

interface Group {
  rule: Rule
  candidates: Candidate[]
}

export function summarise(compiled: CompiledRequest, candidates: readonly Candidate[]): string {
  if (candidates.length === 0) return 'no worker is known in this namespace'
  const groups = new Map<Rule, Group>(
    compiled.rules.map((rule) => [rule, { rule, candidates: [] }])
  )
  const rooms = {
    run: 0,
    queue: 0,
    'slots-taken': 0,
    'queue-taken': 0,
    'memory-taken': 0,
    'gpus-taken': 0,
    'allowance-taken': 0
  }
  let refusedCount = 0
  for (const candidate of candidates) {
    const refusal = firstRefusal(compiled.rules, candidate)
    if (refusal === undefined) rooms[roomOf(candidate, compiled.need)] += 1
    else {
      groups.get(refusal)?.candidates.push(candidate)
      refusedCount += 1
    }
  }
  const refused = describeRefused(
    [...groups.values()].filter((group) => group.candidates.length > 0),
    refusedCount,
    candidates.length
  )
  const fitting = describeFitting(rooms)
  const parts = rooms.run + rooms.queue > 0 ? [...fitting, ...refused] : [...refused, ...fitting]
  return parts.join('; ')
}

function describeFitting(rooms: Readonly<Record<Room, number>>): string[] {
  const parts: string[] = []
  if (rooms.run > 0) parts.push(`${rooms.run} can start it now`)
  if (rooms.queue > 0) parts.push(`${rooms.queue} would queue it`)
  const [slots, memory] = [rooms['slots-taken'] + rooms['queue-taken'], rooms['memory-taken']]
  if (slots > 0) parts.push(`${slots} ${slots === 1 ? 'fits but is' : 'fit but are'} full`)
  if (memory > 0) parts.push(`${fitButHave(memory)} too little memory free now`)
  if (rooms['gpus-taken'] > 0)
    parts.push(`${fitButHave(rooms['gpus-taken'])} too few GPUs free now`)
  const allowance = rooms['allowance-taken']
  if (allowance > 0) parts.push(`${fitButHave(allowance)} all that its owner lets this router have`)
  return parts
}

function fitButHave(count: number): string {
  return `${count} ${count === 1 ? 'fits but has' : 'fit but have'}`
}

function describeRefused(groups: readonly Group[], refusedCount: number, count: number): string[] {
  if (refusedCount === 0) return []
  const sorted = groups.toSorted((left, right) => right.candidates.length - left.candidates.length)
  const texts = sorted.slice(0, GROUPS_MAX).map(describeGroup)
  const rest = sorted.slice(GROUPS_MAX).reduce((sum, group) => sum + group.candidates.length, 0)
  if (rest > 0) texts.push(`${rest} for other reasons`)
  const whom = `${refusedCount} of ${count} ${count === 1 ? 'worker' : 'workers'}`
  return [`${whom} ${refusedCount === 1 ? 'was' : 'were'} refused: ${texts.join(', ')}`]
}

function describeGroup({ rule, candidates }: Group): string {
  const [first] = candidates
  const { many, one } = rule.wording()
  if (candidates.length === 1 && first !== undefined) {
    const instead = describeInstead(rule, first)
    return instead === undefined ? `1 ${one}` : `1 ${one} (${instead})`
  }
  const best = rule.figure === undefined ? '' : ` (${describeBest(rule.figure, candidates)})`
  return `${candidates.length} ${many}${best}`
}

function describeBest(figure: Figure, candidates: readonly Candidate[]): string {
  // A fold, for Math.max takes no list of ten thousand.
  const pickBetter = figure.isMoreBetter ? Math.max : Math.min
  const best = candidates
    .map((candidate) => figure.of(candidate))
    .reduce((left, right) => pickBetter(left, right))
  return `at best ${describeFigure(figure, best)}`
}
