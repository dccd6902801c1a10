/** Which jobs a table is asked to show: as the address has it, as the API takes it, and as news are held against it. Pure. */
import type { ApiQuery } from '../../client/api-transport.ts'
import type { JobView } from '../../model/generated/api-job.ts'

export const JOB_STATES = [
  'queued',
  'running',
  'completed',
  'failed',
  'stopped',
  'held',
  'pending'
] as const satisfies readonly JobView['state'][]

export interface JobFilter {
  state: JobView['state'] | undefined
  /** Such as `team=media`. */
  label: string
  submitter: string
  /** How long ago at most, such as `1h`. */
  since: string
  /** Part of the name, or the beginning of the id. */
  q: string
}

const TEXTS = ['label', 'submitter', 'since', 'q'] as const

export function readFilter(search: string): JobFilter {
  const params = new URLSearchParams(search)
  const state = params.get('state')
  const text = (name: string): string => params.get(name) ?? ''
  return {
    state: JOB_STATES.find((known) => known === state),
    label: text('label'),
    submitter: text('submitter'),
    since: text('since'),
    q: text('q')
  }
}

/** Without its question mark; nothing where all jobs are wanted. */
export function writeFilter(filter: JobFilter): string {
  const params = new URLSearchParams()
  if (filter.state !== undefined) params.set('state', filter.state)
  for (const name of TEXTS) if (filter[name] !== '') params.set(name, filter[name])
  return params.toString()
}

export function toQuery(filter: JobFilter): ApiQuery {
  return {
    state: filter.state,
    ...Object.fromEntries(
      TEXTS.filter((name) => filter[name] !== '').map((name) => [name, filter[name]])
    )
  }
}

/** Whether a job that has just changed belongs into the table; `since` it always is. */
export function fits(filter: JobFilter, job: JobView): boolean {
  const { label, q, state, submitter } = filter
  if (state !== undefined && job.state !== state) return false
  if (submitter !== '' && job.submitter !== submitter) return false
  return hasLabel(job, label) && isNamed(job, q.toLowerCase())
}

export function isAnything({ label, q, since, state, submitter }: JobFilter): boolean {
  return state === undefined && `${label}${q}${since}${submitter}` === ''
}

function hasLabel({ labels = {} }: JobView, text: string): boolean {
  const at = text.indexOf('=')
  return at < 1 || labels[text.slice(0, at)] === text.slice(at + 1)
}

function isNamed({ id, name }: JobView, text: string): boolean {
  return text === '' || id.startsWith(text) || (name ?? '').toLowerCase().includes(text)
}
