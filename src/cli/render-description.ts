/** Everything about one job, for people: what is wrong first, what to do about it last. */
import { isAutomaticKey } from '../client/api-client.ts'
import { isTerminal } from '../jobs/records.ts'
import { ageOf, timeOf, tookOf } from './columns.ts'
import { describeUsage } from './usage.ts'
import { codesOf, splitMessage } from './errors.ts'
import { nextStep } from './job-hints.ts'
import { colourOf, renderResult } from './render-job.ts'
import { describeEarlierRun, describeResultFile, renderOutputs } from './render-files.ts'
import { formatLabels, renderFacts, shortPeer, shorten } from './render.ts'
import type { AttemptView, JobView, VerifiedView } from '../model/generated/api-job.ts'
import type { JobDocument } from '../model/job.ts'
import type { Style } from './render.ts'

export interface JobDescription {
  job: JobView
  /** As it was submitted. */
  document: JobDocument
  /** Of a single task. */
  lastAttempt: AttemptView | undefined
}

type Fact = [name: string, text: string]

/** What of a document says how the job is to be run; its tasks and inputs may be megabytes. */
const SPEC_FIELDS = [
  'resources',
  'network',
  'where',
  'route',
  'timeouts',
  'retry',
  'on_disconnect',
  'schedule',
  'ops',
  'inputs',
  'outputs',
  'cache',
  'verify',
  'keep'
] as const

const TEXT_LETTERS = 100

export function renderDescription(description: JobDescription, style: Style): string {
  const { document, job, lastAttempt } = description
  const hint = nextStep(job)
  const facts: Fact[] = [
    ...errorFacts(job, style),
    ['id', style.bold(job.id)],
    ['name', job.name ?? '–'],
    ['state', stateText(job, style)],
    ...waitFacts(job),
    ['tasks', countsText(job)],
    ['attempts', String(job.attempts)],
    ...attemptFacts(lastAttempt),
    ...timeFacts(job),
    ...originFacts(job),
    ['engine', job.engine],
    ['priority', `${job.priority}, share ${job.share}`],
    ['labels', formatLabels(job.labels)],
    ...specFacts(document),
    ...resultFacts(job, style),
    ...(hint === undefined ? [] : [['next', style.cyan(hint)] as Fact])
  ]
  return renderFacts(facts, style)
}

function resultFacts(job: JobView, style: Style): Fact[] {
  const { output_file: file, outputs, result, reused_from: earlier, verified } = job
  return [
    ...(result === undefined ? [] : [['result', renderResult(result)] as Fact]),
    ...(file === undefined ? [] : [['result', describeResultFile(file, job.id)] as Fact]),
    ...(outputs === undefined ? [] : [['left', renderOutputs(outputs, style)] as Fact]),
    ...(earlier === undefined ? [] : [['reused from', describeEarlierRun(earlier)] as Fact]),
    ...(verified === undefined ? [] : [['believed', describeVerified(verified)] as Fact])
  ]
}

function describeVerified({ agreed, by, copies }: VerifiedView): string {
  switch (by) {
    case 'agreement':
      return `${agreed} of ${copies} copies agree, one of a trusted worker`
    case 'majority':
      return `${agreed} of ${copies} copies agree; no trusted worker could be asked`
    case 'record':
      return 'on its worker’s record, unchecked'
    case 'chance':
      return 'not drawn for a check'
  }
}

function errorFacts({ error }: JobView, style: Style): Fact[] {
  if (error === undefined) return []
  const { blame, hint, message } = error
  const whose = blame === undefined ? '' : ` (${blame})`
  const { block, head } = splitMessage(message)
  const fact: Fact = [
    'error',
    [style.red(`${codesOf(error)}: ${head}${whose}`), ...block].join('\n')
  ]
  return hint === undefined ? [fact] : [fact, ['hint', hint]]
}

function stateText({ on_hold: isOnHold, state }: JobView, style: Style): string {
  const note = isOnHold && state !== 'held' ? ', on hold: nothing more of it begins' : ''
  return `${colourOf(state, style)(state)}${note}`
}

function waitFacts(job: JobView): Fact[] {
  return [
    ...(job.waiting_for === null ? [] : [['waiting for', job.waiting_for] as Fact]),
    ...(job.due_at_ms === null ? [] : [['begins', timeOf(job.due_at_ms)] as Fact]),
    ...(job.needs.length === 0 ? [] : [['needs', job.needs.join('\n')] as Fact])
  ]
}

function countsText({ counts, item_count: itemCount }: JobView): string {
  if (itemCount === 1) return '1'
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
  return `${itemCount}: ${parts.join(', ')}`
}

function attemptFacts(attempt: AttemptView | undefined): Fact[] {
  if (attempt === undefined) return []
  const { progress, reason, state, usage, worker } = attempt
  const why = reason === undefined ? '' : `: ${shorten(reason, TEXT_LETTERS)}`
  const facts: Fact[] = [
    ['last attempt', `${attempt.attempt}, ${state} on ${shortPeer(worker)}${why}`],
    ...(usage === undefined ? [] : [['it used', describeUsage(usage)] as Fact])
  ]
  if (state !== 'running' || progress === undefined) return facts
  const share = progress.ratio === undefined ? '' : `${Math.floor(progress.ratio * 100)}%  `
  return [...facts, ['progress', `${share}${shorten(progress.text ?? '', TEXT_LETTERS)}`.trimEnd()]]
}

function timeFacts(job: JobView): Fact[] {
  const submitted: Fact = [
    'submitted',
    `${ageOf(job.created_at_ms)} ago, by ${shortPeer(job.submitter)}`
  ]
  const isDone = isTerminal(job.state)
  if (job.started_at_ms === null) return [submitted]
  return [submitted, [isDone ? 'took' : 'since', tookOf(job.started_at_ms, job.ended_at_ms)]]
}

function originFacts({ key, parent }: JobView): Fact[] {
  return [
    ...(key === null || isAutomaticKey(key) ? [] : [['key', key] as Fact]),
    ...(parent === null ? [] : [['made by', parent] as Fact])
  ]
}

function specFacts(document: JobDocument): Fact[] {
  return SPEC_FIELDS.flatMap((field): Fact[] => {
    const value = document[field]
    return value === undefined
      ? []
      : [[field.replace('_', ' '), shorten(inWords(value), TEXT_LETTERS)]]
  })
}

/** `{"cpu":2,"memory":"1GiB"}` → `cpu 2, memory 1GiB` */
function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(inWords).join('; ')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${inWords(inner)}`)
    .join(', ')
}
