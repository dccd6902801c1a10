/**
 * The life of one item, as a pure function: what happened to it or to one of its attempts goes in, the new
 * record comes out. It may have several attempts at a time, copies of each other, and takes one result: the
 * first, or the one that was found right. A copy that fails while another is open changes nothing but what is
 * known of its worker; a word of an attempt that the item does not count on any more comes too late.
 */
import { assert } from '../core/assert.ts'
import { isTerminal } from './records.ts'
import type { AttemptRecord, Cause, Copy, EarlierRun, Ending } from './records.ts'
import type { ErrorData } from '../core/errors.ts'
import type { ItemFiles, ItemRecord, ItemState, Verified } from './records.ts'

export type ItemEvent =
  /** A worker was chosen; attempt `attempt` begins, beside others that are open. */
  | { kind: 'dispatched'; attempt: number; workerId: string }
  /** The worker refused, or it was cut off by no fault of its own: as if nothing had been. */
  | { kind: 'returned'; attempt: number; error: ErrorData }
  /** The attempt failed and another is worth it. */
  | { kind: 'retried'; attempt: number; error: ErrorData }
  /** Its result is here, and is to be checked before the item takes it. */
  | { kind: 'delivered'; attempt: number }
  /** The item takes the attempt's result. */
  | { kind: 'completed'; attempt: number; files?: ItemFiles; verified?: Verified }
  /** An equal task gave its result before. */
  | { kind: 'reused'; from: EarlierRun; files: ItemFiles }
  /** The attempt failed for good: that ends the item, or it waits for somebody to look. */
  | { kind: 'failed'; attempt: number; error: ErrorData; then: 'failed' | 'held' }
  /** Results are here, and which of them is right will not be known. */
  | { kind: 'undecided'; error: ErrorData; then: 'failed' | 'held' }
  /** The worker is silent, and the job would rather wait than run twice. The attempt stays open. */
  | { kind: 'awaited'; attempt: number; error: ErrorData }
  /** That worker is back, and still has it. */
  | { kind: 'resumed'; attempt: number; cause: Cause }
  /** An end without an attempt's word: a stop, or a time that is up. Open attempts are ended first. */
  | { kind: 'ended'; ending: Ending }
  | { kind: 'held'; cause: Cause }
  | { kind: 'released'; cause: Cause }

/** The end of an attempt that gave no result. */
type Miss = Extract<ItemEvent, { kind: 'returned' | 'retried' | 'failed' }>

export interface ItemContext {
  /** Whether the owner lets nothing of the job begin. */
  isOnHold: boolean
  nowMs: number
}

const NO_COPIES: readonly Copy[] = []

/** The item after the event; the same object when it came too late, or changes nothing. */
export function stepItem(item: ItemRecord, event: ItemEvent, context: ItemContext): ItemRecord {
  return isLate(item, event) ? item : changed(item, event, context)
}

/** The attempts whose worker's word an item waits for. */
export function openCopies({ copies }: ItemRecord): readonly Copy[] {
  return (copies ?? NO_COPIES).filter(isOpen)
}

/** The attempts whose results wait for their checks. */
export function uncheckedCopies({ copies }: ItemRecord): readonly Copy[] {
  return (copies ?? NO_COPIES).filter(({ phase }) => phase === 'unchecked')
}

/**
 * The item as a restarted router goes on with it, by its attempts that are open. Results that waited for their
 * checks were in memory only: where nothing else is open, it goes again.
 */
export function recoverItem(
  item: ItemRecord,
  open: readonly AttemptRecord[],
  context: ItemContext
): ItemRecord {
  if (isTerminal(item.state)) return item
  const phase = item.state === 'held' ? 'awaited' : 'out'
  const copies = open.map(({ number, workerId }): Copy => ({ attempt: number, workerId, phase }))
  if (copies.length > 0) return { ...item, copies }
  const alone = { ...item, copies: null }
  if (item.ending !== null) return ended(alone, item.ending, context.nowMs)
  return item.state === 'running' ? waiting(alone, context) : alone
}

function isLate(item: ItemRecord, event: ItemEvent): boolean {
  if (isTerminal(item.state)) return true
  if (!('attempt' in event) || event.kind === 'dispatched') return false
  return !(item.copies ?? NO_COPIES).some(({ attempt }) => attempt === event.attempt)
}

function changed(item: ItemRecord, event: ItemEvent, context: ItemContext): ItemRecord {
  switch (event.kind) {
    case 'dispatched':
      return sentOut(item, event, context)
    case 'completed':
      return completed(item, event, context)
    case 'reused':
      return reused(item, event, context)
    case 'delivered':
      return unlessEnding(marked(item, event.attempt, 'unchecked', context), context)
    case 'returned':
    case 'retried':
    case 'failed':
      return unlessEnding(afterMiss(item, event, context), context)
    case 'undecided':
      return atEnd({ ...item, copies: null, error: event.error }, event.then, context)
    case 'awaited':
      return awaited(item, event, context)
    case 'resumed':
      return resumed(item, event, context)
    case 'ended':
      return toEnd(item, event.ending, context)
    case 'held':
      return held(item)
    case 'released':
      return released(item, context)
  }
}

function sentOut(
  item: ItemRecord,
  { attempt, workerId }: Extract<ItemEvent, { kind: 'dispatched' }>,
  context: ItemContext
): ItemRecord {
  const mayBegin = item.state === 'queued' || item.state === 'running'
  assert(mayBegin && item.ending === null, `an item that is ${item.state} is not sent out`)
  assert(attempt === item.attemptCount + 1, 'attempts are numbered one after the other')
  const startedAtMs = item.startedAtMs ?? context.nowMs
  const copies = [...(item.copies ?? NO_COPIES), { attempt, workerId, phase: 'out' } as const]
  return withCopies({ ...item, attemptCount: attempt, startedAtMs }, copies, context)
}

function completed(
  item: ItemRecord,
  { attempt, files, verified }: Extract<ItemEvent, { kind: 'completed' }>,
  { nowMs }: ItemContext
): ItemRecord {
  const { workerId } = copyOf(item, attempt)
  const done = { ...withResult(item, files, nowMs), resultAttempt: attempt, workerId }
  return verified === undefined ? done : { ...done, verified }
}

function withResult(item: ItemRecord, files: ItemFiles | undefined, nowMs: number): ItemRecord {
  const ending = { copies: null, ending: null, error: null, endedAtMs: nowMs }
  return { ...item, ...files, ...ending, state: 'completed' }
}

/** Whoever held it back meanwhile wants nothing of it to end, either. */
function reused(
  item: ItemRecord,
  { files, from }: Extract<ItemEvent, { kind: 'reused' }>,
  { nowMs }: ItemContext
): ItemRecord {
  if (item.state !== 'queued') return item
  return { ...withResult(item, files, nowMs), reusedFrom: from }
}

/** The last open attempt decides what follows; before it, others may still do. */
function afterMiss(item: ItemRecord, event: Miss, context: ItemContext): ItemRecord {
  const { attempt, error } = event
  const rest = (item.copies ?? NO_COPIES).filter((copy) => copy.attempt !== attempt)
  const left = { ...item, crashedOn: crashedOn(item, event) }
  if (rest.some(isOpen)) {
    const next = withCopies(left, rest, context)
    return next.state === item.state ? next : { ...next, error }
  }
  if (event.kind === 'returned') return afterLast(left, rest, context)
  const failed = { ...left, failureCount: item.failureCount + 1, error }
  if (item.ending !== null || event.kind === 'retried') return afterLast(failed, rest, context)
  return atEnd({ ...failed, copies: null }, event.then, context)
}

/** Results that wait for their checks stay; without any it goes again. */
function afterLast(item: ItemRecord, rest: readonly Copy[], context: ItemContext): ItemRecord {
  return rest.length > 0 || item.ending !== null
    ? withCopies(item, rest, context)
    : waiting({ ...item, copies: null }, context)
}

function waiting(item: ItemRecord, { isOnHold }: ItemContext): ItemRecord {
  return { ...item, state: isOnHold ? 'held' : 'queued' }
}

function atEnd(item: ItemRecord, state: 'failed' | 'held', { nowMs }: ItemContext): ItemRecord {
  if (state === 'failed') return { ...item, state, endedAtMs: nowMs }
  // Nobody holds a job that is to end.
  return item.ending === null ? { ...item, state } : ended(item, item.ending, nowMs)
}

function awaited(
  item: ItemRecord,
  { attempt, error }: Extract<ItemEvent, { kind: 'awaited' }>,
  context: ItemContext
): ItemRecord {
  // Nobody holds a job that is to end.
  if (item.ending !== null || copyOf(item, attempt).phase === 'unchecked') return item
  const next = marked(item, attempt, 'awaited', context)
  return next.state === 'held' ? { ...next, error } : next
}

function resumed(
  item: ItemRecord,
  { attempt }: Extract<ItemEvent, { kind: 'resumed' }>,
  context: ItemContext
): ItemRecord {
  if (copyOf(item, attempt).phase !== 'awaited') return item
  const next = marked(item, attempt, 'out', context)
  return item.state === 'held' ? { ...next, error: null } : next
}

function toEnd(item: ItemRecord, ending: Ending, { nowMs }: ItemContext): ItemRecord {
  if (!isAnyOut(item)) return ended(item, ending, nowMs)
  if (item.ending === null) return { ...item, ending }
  // The first word counts: a time-out on the way to a stop is still a stop. A later one may hurry it.
  const { killAfterMs = Infinity } = ending
  if (killAfterMs >= (item.ending.killAfterMs ?? Infinity)) return item
  return { ...item, ending: { ...item.ending, killAfterMs } }
}

/** An end that was asked for comes once no worker's word is waited for; silent ones are not. */
function unlessEnding(item: ItemRecord, { nowMs }: ItemContext): ItemRecord {
  if (item.ending === null || isTerminal(item.state) || isAnyOut(item)) return item
  return ended(item, item.ending, nowMs)
}

function ended(item: ItemRecord, ending: Ending, nowMs: number): ItemRecord {
  const { error, state } = ending
  return { ...item, state, copies: null, ending: null, error, endedAtMs: nowMs }
}

function held(item: ItemRecord): ItemRecord {
  const mayBegin = item.state === 'queued' || item.state === 'running'
  return mayBegin && openCopies(item).length === 0 ? { ...item, state: 'held' } : item
}

/** Silent workers are waited for no longer; results that are here still count. */
function released(item: ItemRecord, { nowMs }: ItemContext): ItemRecord {
  if (item.state !== 'held') return item
  const again = { ...item, failureCount: 0 }
  if (item.copies === null || openCopies(item).length > 0) {
    return { ...again, copies: null, state: 'queued' }
  }
  return withCopies(again, item.copies, { isOnHold: false, nowMs })
}

function marked(
  item: ItemRecord,
  attempt: number,
  phase: Copy['phase'],
  context: ItemContext
): ItemRecord {
  const copies = (item.copies ?? NO_COPIES).map((copy) =>
    copy.attempt === attempt ? { ...copy, phase } : copy
  )
  return withCopies(item, copies, context)
}

/** Its copies, with what follows from them: where it is, and whether it runs. */
function withCopies(
  item: ItemRecord,
  copies: readonly Copy[],
  { isOnHold }: ItemContext
): ItemRecord {
  const workerId = copies.find(isOpen)?.workerId ?? item.workerId
  return { ...item, copies, workerId, state: stateBy(copies, isOnHold) }
}

function stateBy(copies: readonly Copy[], isOnHold: boolean): ItemState {
  if (copies.some(({ phase }) => phase === 'out')) return 'running'
  // Somebody has to look, as the job would rather wait; or its owner lets no other copy begin.
  return isOnHold || copies.some(isOpen) ? 'held' : 'running'
}

function isOpen({ phase }: Copy): boolean {
  return phase !== 'unchecked'
}

function isAnyOut({ copies }: ItemRecord): boolean {
  return copies?.some(({ phase }) => phase === 'out') === true
}

/** A word that is not late is of one of its copies. */
function copyOf({ copies }: ItemRecord, attempt: number): Copy {
  const copy = copies?.find((one) => one.attempt === attempt)
  assert(copy !== undefined, `the item does not count on attempt ${attempt}`)
  return copy
}

function crashedOn(item: ItemRecord, { attempt, error }: Miss): readonly string[] {
  const { crashedOn: known } = item
  const { workerId } = copyOf(item, attempt)
  const isNew = error.code === 'SANDBOX_CRASHED' && !known.includes(workerId)
  return isNew ? [...known, workerId] : known
}
