/**
 * What must be true when a run is over, whatever happened in it: the guarantees of the job engine, each
 * a rule that names what contradicts it. Pure: evidence in, violations out.
 */
import { isDeepStrictEqual } from 'node:util'
import { isTerminal } from '../../src/jobs/records.ts'
import type { AttemptRecord, ItemRecord } from '../../src/jobs/records.ts'
import type { Evidence, JobEvidence } from './evidence.ts'
import type { JournalLine } from './journals.ts'
import type { ExpectedOutput, PlannedJob } from './workload.ts'

export interface Violation {
  rule: string
  jobId: string
  text: string
}

/** The evidence, with the ways through it that the rules take. */
interface Case extends Evidence {
  plannedByName: ReadonlyMap<string, PlannedJob>
  beganByJob: ReadonlyMap<string, JournalLine[]>
}

type Finding = Omit<Violation, 'rule'>
type Rule = (evidence: Case) => Finding[]

const RULES: Readonly<Record<string, Rule>> = {
  'an acknowledged job exists': findVanished,
  'a key stands for one job': findDoubleKeys,
  'a job ends exactly once': perJob(findWrongEnds),
  'a result is that of the attempt it names, which completed': perJob(findWrongResults),
  'an attempt has a number and a lease of its own': findSharedLeases,
  'what completed has begun at a worker': perJob(findCompletedUnbegun),
  'a lease begins once': findLeasesBegunTwice,
  'a job that may run once began at most once': perJob(findRunTwice),
  'nothing begins that was given out after the item was completed': perJob(findBegunAfterEnd),
  'an attempt is on disk before it begins': perJob(findUnknownBegins),
  'counts agree with items and attempts': perJob(findWrongCounts)
}

export function audit(evidence: Evidence): Violation[] {
  const began = evidence.journal.filter(({ event }) => event === 'began')
  const all: Case = {
    ...evidence,
    plannedByName: new Map(evidence.planned.map((planned) => [planned.name, planned])),
    beganByJob: Map.groupBy(began, ({ job_id: jobId }) => jobId)
  }
  return Object.entries(RULES).flatMap(([rule, find]) =>
    find(all).map((finding) => ({ rule, ...finding }))
  )
}

function perJob(find: (job: JobEvidence, evidence: Case) => string[]): Rule {
  return (evidence) =>
    evidence.jobs.flatMap((job) => find(job, evidence).map((text) => ({ jobId: job.job.id, text })))
}

function findVanished({ acknowledged, jobs }: Case): Finding[] {
  const known = new Map(jobs.map(({ job }) => [job.id, job.name]))
  return acknowledged.flatMap(({ jobId, planned }) =>
    known.get(jobId) === planned.name
      ? []
      : [{ jobId, text: `${planned.name} was acknowledged by ${planned.router}, which has it not` }]
  )
}

/** Names are unique among the planned jobs; two jobs of one name are one that was taken twice. */
function findDoubleKeys({ jobs, plannedByName }: Case): Finding[] {
  const byName = Map.groupBy(jobs, ({ job }) => job.name ?? '')
  return [...byName].flatMap(([name, group]) => {
    const isKeyed = plannedByName.get(name)?.key !== undefined
    if (!isKeyed || group.length === 1) return []
    const ids = group.map(({ job }) => job.id).join(', ')
    return [{ jobId: group[0]?.job.id ?? '', text: `${name} became ${group.length} jobs: ${ids}` }]
  })
}

function findWrongEnds({ attempts, items, job }: JobEvidence, { plannedByName }: Case): string[] {
  const ends = job.history.filter(({ state }) => isTerminal(state as typeof job.state))
  const isOnceOnly = plannedByName.get(job.name ?? '')?.isOnceOnly === true
  const lost = attempts.filter(({ state }) => state === 'lost').map(({ itemIndex }) => itemIndex)
  // No task fails by itself: only the loss of its one attempt keeps an item from its end.
  const failures = items.filter(
    ({ index, state }) => state !== 'completed' && !(isOnceOnly && lost.includes(index))
  )
  return [
    ...(isTerminal(job.state) ? [] : [`it is ${job.state}`]),
    ...(ends.length === 1 ? [] : [`its history has ${ends.length} ends`]),
    ...(ends.at(-1)?.state === job.state ? [] : ['its last end is not its state']),
    ...failures.map((item) => `item ${item.index} is ${item.state}: ${why(item)}`)
  ]
}

function why({ error }: ItemRecord): string {
  return error === null ? 'nobody knows why' : `${error.code} ${error.message}`
}

function findWrongResults(evidence: JobEvidence, { plannedByName }: Case): string[] {
  const planned = plannedByName.get(evidence.job.name ?? '')
  return evidence.items.flatMap((item) => {
    const attempts = evidence.attempts.filter(({ itemIndex }) => itemIndex === item.index)
    const completed = attempts.filter(({ state }) => state === 'completed')
    const winner = completed.find(({ number }) => number === item.resultAttempt)
    const name = `item ${item.index}`
    if (item.state !== 'completed') {
      return completed.length === 0 ? [] : [`${name} is ${item.state}, but an attempt completed it`]
    }
    if (winner === undefined) {
      return [`${name} has the result of attempt ${item.resultAttempt}, which did not complete`]
    }
    const later = attempts.find(({ offeredAtMs }) => offeredAtMs > (item.endedAtMs ?? Infinity))
    if (later !== undefined) return [`${name} was complete when attempt ${later.number} was made`]
    const left = attempts.find(({ endedAtMs }) => endedAtMs === null)
    if (left !== undefined) return [`${name} is complete, and attempt ${left.number} is open`]
    const expected = planned?.expected[item.index]
    if (expected === undefined) return [`${name} was never planned`]
    return findWrongOutput(evidence, winner, expected).map((text) => `${name} ${text}`)
  })
}

function findWrongOutput(
  { logs, outputs }: JobEvidence,
  { itemIndex, number }: AttemptRecord,
  { hasNonce, value }: ExpectedOutput
): string[] {
  const output = outputs.get(itemIndex)
  const { nonce, ...rest } = (hasNonce ? output : {}) as { nonce?: number }
  if (!isDeepStrictEqual(hasNonce ? rest : output, value)) {
    return [`returned ${JSON.stringify(output)}`]
  }
  // A log belongs to one attempt; so the result is that attempt's own.
  const log = logs.get(`${itemIndex}/${number}`)
  if (!hasNonce || log === `nonce ${nonce}\n`) return []
  return [`returned the nonce ${nonce}, but attempt ${number} wrote ${JSON.stringify(log)}`]
}

function findSharedLeases({ jobs }: Case): Finding[] {
  const seen = new Map<string, string>()
  return jobs.flatMap(({ attempts, job }) =>
    attempts.flatMap(({ itemIndex, leaseId, number }) => {
      const place = `${job.id} item ${itemIndex} attempt ${number}`
      const other = seen.get(leaseId)
      seen.set(leaseId, place)
      return other === undefined ? [] : [{ jobId: job.id, text: `${leaseId}: ${other}, ${place}` }]
    })
  )
}

function findCompletedUnbegun({ attempts, job }: JobEvidence, { beganByJob }: Case): string[] {
  const begun = new Set((beganByJob.get(job.id) ?? []).map(({ lease_id: lease }) => lease))
  return attempts
    .filter(({ leaseId, state }) => state === 'completed' && !begun.has(leaseId))
    .map(({ itemIndex, leaseId, number }) => `item ${itemIndex} attempt ${number} (${leaseId})`)
}

function findLeasesBegunTwice({ beganByJob }: Case): Finding[] {
  return [...beganByJob].flatMap(([jobId, lines]) =>
    [...Map.groupBy(lines, ({ lease_id: lease }) => lease)]
      .filter(([, begun]) => begun.length > 1)
      .map(([lease, begun]) => ({
        jobId,
        text: `${lease} began ${begun.length} times, at ${begun.map(({ worker }) => worker).join()}`
      }))
  )
}

function findRunTwice({ job }: JobEvidence, { beganByJob, plannedByName }: Case): string[] {
  if (plannedByName.get(job.name ?? '')?.isOnceOnly !== true) return []
  const byItem = Map.groupBy(beganByJob.get(job.id) ?? [], ({ item }) => item)
  return [...byItem]
    .filter(([, lines]) => lines.length > 1)
    .map(([item, lines]) => `item ${item} began ${lines.length} times: ${places(lines)}`)
}

/**
 * An older attempt, or a copy, may begin late, when the link that held its dispatch is healed: it was given out
 * before, and its result counts for nothing.
 */
function findBegunAfterEnd({ attempts, items, job }: JobEvidence, { beganByJob }: Case): string[] {
  const ends = new Map(items.map(({ endedAtMs, index }) => [index, endedAtMs ?? Infinity]))
  const late = (beganByJob.get(job.id) ?? []).filter(({ attempt, item }) => {
    const made = attempts.find((one) => one.itemIndex === item && one.number === attempt)
    return (made?.offeredAtMs ?? 0) > (ends.get(item) ?? Infinity)
  })
  return late.map((line) => `item ${line.item} was complete before: ${places([line])}`)
}

function findUnknownBegins({ attempts, job }: JobEvidence, { beganByJob }: Case): string[] {
  const known = new Set(attempts.map(({ leaseId }) => leaseId))
  return (beganByJob.get(job.id) ?? [])
    .filter(({ lease_id: lease }) => !known.has(lease))
    .map((line) => `item ${line.item}: ${places([line])}`)
}

function findWrongCounts({ attempts, items, job }: JobEvidence): string[] {
  const wrong: string[] = []
  for (const [state, count] of Object.entries(job.counts)) {
    const found = items.filter((item) => item.state === state).length
    if (found !== count) wrong.push(`it counts ${count} items ${state}, there are ${found}`)
  }
  if (items.length !== job.itemCount)
    wrong.push(`${items.length} of ${job.itemCount} items are there`)
  for (const { attemptCount, index } of items) {
    const found = attempts.filter(({ itemIndex }) => itemIndex === index)
    if (found.length !== attemptCount || (found.at(-1)?.number ?? 0) !== attemptCount) {
      wrong.push(`item ${index} counts ${attemptCount} attempts, there are ${found.length}`)
    }
  }
  if (attempts.length !== job.attemptCount) {
    wrong.push(`it counts ${job.attemptCount} attempts, there are ${attempts.length}`)
  }
  return wrong
}

function places(lines: readonly JournalLine[]): string {
  return lines
    .map(({ attempt, at_ms: atMs, lease_id: lease, worker }) => {
      return `attempt ${attempt} (${lease}) at ${worker}, ${new Date(atMs).toISOString()}`
    })
    .join('; ')
}
