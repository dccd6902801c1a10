/**
 * Which index a list of jobs is read from. Each condition that only some jobs meet has an index with
 * those jobs in the order of the list: one of these leads, the other conditions are looked up job by job.
 */
import { isIdBeginning } from '../store.ts'
import type { JobFilter } from '../store.ts'

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

/** A place in the order of the list. */
export interface Place {
  createdAtMs: number
  id: string
}

/** The part of the list that is looked at: behind one place, as far as another. */
interface Stretch {
  after: Place | undefined
  until: Place | undefined
}

const ALL_JOBS: Lead = { index: 'jobs j INDEXED BY jobs_by_time', where: '', join: '', ages: 'j' }

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
  { after, until }: Stretch
): { sql: string; values: Value[] } {
  const lead = leading?.lead ?? ALL_JOBS
  const { ages } = lead
  const tests = leading === undefined ? [] : [lead.where]
  const values = leading === undefined ? [] : [...leading.values]
  const ask = (test: string, ...asked: Value[]): void => {
    tests.push(test)
    values.push(...asked)
  }
  for (const condition of conditions) {
    if (condition !== leading) ask(condition.test, ...condition.values)
  }
  // It stands in the indexes beside the age, so that nobody else's rows are read.
  if (filter.submitter !== undefined) ask('j.submitter = ?', filter.submitter)
  if (filter.sinceMs !== undefined) ask(`${ages}.created_at_ms >= ?`, filter.sinceMs)
  if (after !== undefined)
    ask(`(${ages}.created_at_ms, ${ages}.id) < (?, ?)`, after.createdAtMs, after.id)
  if (until !== undefined)
    ask(`(${ages}.created_at_ms, ${ages}.id) >= (?, ?)`, until.createdAtMs, until.id)
  const where = tests.length === 0 ? '' : `WHERE ${tests.join(' AND ')}`
  return {
    sql: `SELECT j.record FROM ${lead.index} ${lead.join} ${where}
      ORDER BY ${ages}.created_at_ms DESC, ${ages}.id DESC LIMIT ?`,
    values
  }
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

/** The last of so many named jobs behind a place. */
export function searchEndQuery(after: Place | undefined): { sql: string; values: Value[] } {
  const isBehind = after === undefined ? '' : 'AND (created_at_ms, id) < (?, ?)'
  return {
    sql: `SELECT created_at_ms AS createdAtMs, id FROM jobs INDEXED BY jobs_by_name
      WHERE name IS NOT NULL ${isBehind} ORDER BY created_at_ms DESC, id DESC LIMIT 1 OFFSET ?`,
    values: after === undefined ? [] : [after.createdAtMs, after.id]
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
