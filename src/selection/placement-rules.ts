/**
 * What the job's author asks of the worker: conditions on labels and facts, named workers, distance,
 * reputation, not the same worker again, and none that has just refused.
 */
import { enforcedResource, enforcementKey } from '../model/enforcement.ts'
import { isFulfilled } from '../model/requirement.ts'
import { isolationKey } from '../model/isolation.ts'
import { factOf, factsFor, isLabel } from './facts.ts'
import { atLeast, formatCount, formatNumber, unmet } from './rule.ts'
import type { Placement } from '../model/job.ts'
import type { Requirement } from '../model/requirement.ts'
import type { Candidate, SelectionRequest } from './candidate.ts'
import type { Figure, Rule, Wording } from './rule.ts'

export function placementRules(request: SelectionRequest): (Rule | undefined)[] {
  const { engine, placement } = request
  return [
    onlyRule(placement),
    neverRule(placement),
    triedRule(request),
    refusedRule(request),
    copyRule(request),
    request.trust === 'trusted_only' ? NOT_TRUSTED : undefined,
    ...placement.require.map((requirement) => conditionRule(ofEngine(requirement, engine))),
    latencyRule(placement.latencyMsMax),
    atLeast('REPUTATION_TOO_LOW', placement.reputationMin ?? 0, 'too low a reputation', {
      of: ({ reputation }) => reputation,
      format: formatCount
    }),
    atLeast('EVIDENCE_TOO_LITTLE', placement.evidenceMin ?? 0, 'too little evidence', {
      of: ({ evidenceCount }) => evidenceCount,
      format: formatCount
    })
  ]
}

/** Whether one condition holds for a worker, by its labels and facts. */
export function meets(candidate: Candidate, requirement: Requirement): boolean {
  return isFulfilled(requirement, factsFor(candidate, requirement.key))
}

/** Whether a condition is on the engine of a task, and so says nothing of a worker alone. */
export function isOnTask({ key }: Requirement): boolean {
  return key === 'isolation' || enforcedResource(key) !== undefined
}

/** `isolation` and `enforces.memory` by themselves are of the engine that the task wants. */
function ofEngine(requirement: Requirement, engine: string): Requirement {
  const { key } = requirement
  if (key === 'isolation') return { ...requirement, key: isolationKey(engine) }
  const resource = enforcedResource(key)
  return resource === undefined
    ? requirement
    : { ...requirement, key: enforcementKey(engine, resource) }
}

function onlyRule({ only }: Placement): Rule | undefined {
  if (only.length === 0) return undefined
  const named = new Set(only)
  const rest = `not among the ${only.length} in where.only`
  return {
    code: 'NOT_IN_ONLY',
    refuses: ({ peerId }) => !named.has(peerId),
    wording: () => ({ one: `is ${rest}`, many: `are ${rest}` })
  }
}

function neverRule({ never }: Placement): Rule | undefined {
  if (never.length === 0) return undefined
  const named = new Set(never)
  return {
    code: 'IN_NEVER',
    refuses: ({ peerId }) => named.has(peerId),
    wording: () => ({ one: 'is named in where.never', many: 'are named in where.never' })
  }
}

function triedRule({ triedWorkers, sameWorker }: SelectionRequest): Rule | undefined {
  if (sameWorker !== 'never' || triedWorkers.length === 0) return undefined
  return {
    code: 'TRIED_BEFORE',
    refuses: ({ peerId }) => triedWorkers.includes(peerId),
    wording: () => ({ one: 'was tried before', many: 'were tried before' })
  }
}

const NOT_TRUSTED: Rule = {
  code: 'NOT_TRUSTED',
  refuses: ({ tier }) => tier !== 'trusted',
  wording: () => ({ one: 'is still on probation', many: 'are still on probation' })
}

/** What a worker's owner will not have is not asked again and again. */
function refusedRule({ refusedLately }: SelectionRequest): Rule | undefined {
  if (refusedLately.size === 0) return undefined
  return {
    code: 'REFUSED_LATELY',
    refuses: ({ peerId }) => refusedLately.has(peerId),
    wording: () => ({ one: 'refused it lately', many: 'refused it lately' }),
    instead: ({ peerId }) => `saying: ${refusedLately.get(peerId) ?? ''}`
  }
}

/** Copies of one task are of use only where they cannot fail, or lie, together. */
function copyRule({ elsewhere }: SelectionRequest): Rule | undefined {
  if (elsewhere === undefined || elsewhere.size === 0) return undefined
  return {
    code: 'HAS_COPY',
    refuses: ({ peerId }) => elsewhere.has(peerId),
    wording: () => ({ one: 'is not to have this copy', many: 'are not to have this copy' }),
    instead: ({ peerId }) => elsewhere.get(peerId) ?? ''
  }
}

function conditionRule(requirement: Requirement): Rule {
  const { key } = requirement
  const rule: Rule = {
    code: 'CONDITION_UNMET',
    refuses: (candidate) => !meets(candidate, requirement),
    wording: () => conditionWording(requirement)
  }
  const saysItAll = requirement.kind === 'exists' && !requirement.isNegated
  return saysItAll ? rule : { ...rule, instead: (candidate) => describeFact(candidate, key) }
}

function conditionWording(requirement: Requirement): Wording {
  const { key, kind, text } = requirement
  switch (kind) {
    case 'exists':
      return requirement.isNegated ? unmet(text) : { one: `has no ${key}`, many: `have no ${key}` }
    case 'in':
      return lack(key, text)
    case 'compare':
      return requirement.comparison === '=' ? lack(key, text) : unmet(text)
  }
}

function lack(key: string, text: string): Wording {
  return isLabel(key) ? { one: `lacks label ${text}`, many: `lack label ${text}` } : unmet(text)
}

function describeFact(candidate: Candidate, key: string): string {
  const fact = factOf(candidate, key)
  if (fact === undefined) return `has no ${key}`
  return `has ${key} = ${typeof fact === 'number' ? formatNumber(fact) : fact}`
}

const formatMs: Figure['format'] = (ms, side) => `${formatCount(ms, side)} ms`

/** A worker whose distance nobody has measured yet isn't refused: it could never be measured then. */
function latencyRule(latencyMsMax: number | undefined): Rule | undefined {
  if (latencyMsMax === undefined) return undefined
  return {
    code: 'LATENCY_TOO_HIGH',
    refuses: ({ latencyMs }) => latencyMs !== undefined && !(latencyMs <= latencyMsMax),
    wording: () => ({ one: 'is too far away', many: 'are too far away' }),
    figure: {
      of: ({ latencyMs }) => latencyMs ?? 0,
      format: formatMs,
      asked: latencyMsMax,
      isMoreBetter: false
    }
  }
}
