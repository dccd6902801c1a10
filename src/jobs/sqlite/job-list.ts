/**
 * Which index a list of jobs is read from. Each condition that only some jobs meet has an index with
 * those jobs in the order of the list: one of these leads, the other conditions are looked up job by job.
 */
import { isIdBeginning } from '../store.ts'
import { isByEnd, isLatestFirst } from '../job-order.ts'
import type { JobFilter } from '../store.ts'
import type { JobPlace } from '../job-order.ts'

type Value = string | number

export interface Condition {
  /** Holds for a job `j`. */
  test: string
  values: Value[]
  lead: Lead
  /** Nobody can tell how many jobs meet it without a look at each. */
  isSearch?: true
}

/** Where the jobs that meet a condition lie in the order of the list. */
interface Lead {
  index: string
  where: string
  /** What joins the jobs to an index that isn't theirs. */
  join: string
  /** The table that has `created_at_ms` and `id`, and them in order. */
  ages: 'j' | 'l'
}

/** The part of the list that is looked at: behind one place, as far as another. */
interface Stretch {
  after: JobPlace | undefined
  until: JobPlace | undefined
}

const ALL_JOBS: Lead = { index: 'jobs j INDEXED BY jobs_by_time', where: '', join: '', ages: 'j' }
const ENDED_JOBS: Lead = { index: 'jobs j INDEXED BY jobs_by_end', where: '', join: '', ages: 'j' }

const DESCENDING = { way: 'DESC', behind: '<', upTo: '>=' } as const
const ASCENDING = { way: 'ASC', behind: '>', upTo: '<=' } as const

function directionOf({ sort }: Pick<JobFilter, 'sort'>): typeof DESCENDING | typeof ASCENDING {
  return isLatestFirst(sort) ? DESCENDING : ASCENDING
}

export function conditionsOf(filter: JobFilter): Condition[] {
  const conditions = Object.entries(filter.labels ?? {}).map(([name, value]) =>
    labelCondition(name, value)
  )
  if (filter.text !== undefined) conditions.unshift(textCondition(filter.text.toLowerCase()))
  if (filter.state !== undefined) {
    conditions.push(columnCondition('state', 'jobs_by_state', filter.state))
  }
  if (filter.parentId !== undefined) {
    conditions.push(columnCondition('parent_id', 'jobs_by_parent', filter.parentId))
  }
  return conditions
}

/** Counts the jobs that meet a condition, `countMax` at most. */
export function countQuery({ lead }: Condition, countMax: number): string {
  const found = `SELECT 1 FROM ${lead.index} WHERE ${lead.where} LIMIT ${countMax}`
  return `SELECT count(*) AS count FROM (${found})`
}

/** The query, whose last value is the limit; `leading` is one of the conditions, or none if there are none. */
export function listQuery(
  filter: JobFilter,
  conditions: readonly Condition[],
  leading: Condition | undefined,
  stretch: Stretch
): { sql: string; values: Value[] } {
  const lead = leading?.lead ?? (isByEnd(filter.sort) ? ENDED_JOBS : ALL_JOBS)
  const { ages } = lead
  const asked = conditions.filter((condition) => condition !== leading).map(testOf)
  if (leading !== undefined) asked.unshift([lead.where, leading.values])
  // It stands in the indexes beside the age, so that nobody else's rows are read.
  if (filter.submitter !== undefined) asked.push(['j.submitter = ?', [filter.submitter]])
  if (filter.sinceMs !== undefined) asked.push([`${ages}.created_at_ms >= ?`, [filter.sinceMs]])
  if (isByEnd(filter.sort)) asked.push(['j.ended_at_ms IS NOT NULL', []])
  const [at, id] = isByEnd(filter.sort)
    ? ['j.ended_at_ms', 'j.id']
    : [`${ages}.created_at_ms`, `${ages}.id`]
  const { behind, upTo, way } = directionOf(filter)
  for (const [comparison, place] of [
    [behind, stretch.after],
    [upTo, stretch.until]
  ] as const) {
    if (place !== undefined)
      asked.push([`(${at}, ${id}) ${comparison} (?, ?)`, [place.atMs, place.id]])
  }
  const where = asked.length === 0 ? '' : `WHERE ${asked.map(([test]) => test).join(' AND ')}`
  return {
    sql: `SELECT j.record FROM ${lead.index} ${lead.join} ${where}
      ORDER BY ${at} ${way}, ${id} ${way} LIMIT ?`,
    values: asked.flatMap(([, values]) => values)
  }
}

function testOf({ test, values }: Condition): [test: string, values: Value[]] {
  return [test, values]
}

function columnCondition(column: string, index: string, value: string): Condition {
  const test = `j.${column} = ?`
  const lead: Lead = { index: `jobs j INDEXED BY ${index}`, where: test, join: '', ages: 'j' }
  return { test, values: [value], lead }
}

/** @param text in small letters, as names are kept for this */
function textCondition(text: string): Condition {
  if (isIdBeginning(text)) {
    const values = [text, `${text}\u{10ffff}`]
    const where = 'k.id >= ? AND k.id < ?'
    const join = 'CROSS JOIN jobs j ON j.seq = k.seq'
    const lead: Lead = { index: 'keys k', where, join, ages: 'j' }
    return { test: 'j.id >= ? AND j.id < ?', values, lead }
  }
  const test = 'j.name IS NOT NULL AND instr(j.name, ?) > 0'
  const lead: Lead = { index: 'jobs j INDEXED BY jobs_by_name', where: test, join: '', ages: 'j' }
  return { test, values: [text], lead, isSearch: true }
}

/** The last of so many named (or, by their ends, of so many) jobs behind a place. */
export function searchEndQuery(filter: Pick<JobFilter, 'after' | 'sort'>): {
  sql: string
  values: Value[]
} {
  const { after } = filter
  const [index, column, test] = isByEnd(filter.sort)
    ? ['jobs_by_end', 'ended_at_ms', 'ended_at_ms IS NOT NULL']
    : ['jobs_by_name', 'created_at_ms', 'name IS NOT NULL']
  const { behind, way } = directionOf(filter)
  const isBehind = after === undefined ? '' : `AND (${column}, id) ${behind} (?, ?)`
  return {
    sql: `SELECT ${column} AS atMs, id FROM jobs INDEXED BY ${index}
      WHERE ${test} ${isBehind} ORDER BY ${column} ${way}, id ${way} LIMIT 1 OFFSET ?`,
    values: after === undefined ? [] : [after.atMs, after.id]
  }
}

function labelCondition(name: string, value: string): Condition {
  return {
    test: `EXISTS (SELECT 1 FROM job_labels x WHERE x.name = ? AND x.value = ?
      AND x.created_at_ms = j.created_at_ms AND x.id = j.id)`,
    values: [name, value],
    lead: {
      index: 'job_labels l',
      where: 'l.name = ? AND l.value = ?',
      // CROSS keeps SQLite from taking the tables the other way round.
      join: 'CROSS JOIN jobs j ON j.seq = l.seq',
      ages: 'l'
    }
  }
}
