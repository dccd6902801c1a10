/**
 * The calls that wait for the disk, gathered into batches in the order in which they came. It
 * bounds what waits: a slow disk makes it refuse, never grow for ever.
 */
import { assert } from '../../core/assert.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import { appendChange } from './batch.ts'
import type { Deferred } from '../../core/abort.ts'
import type { CallFailure, SqliteBatch } from './batch.ts'
import type { StoreChange } from '../store.ts'

export interface SqliteQueueInit {
  backlogBytesMax: number
  backlogChangesMax: number
}

interface CallBatch extends SqliteBatch {
  callers: Deferred<void>[]
  changeCount: number
  bytes: number
}

/** Above this many changes an fsync is a small part of a commit's cost, and sending takes some ms. */
const BATCH_CHANGES = 4_096
const BATCH_BYTES = 4 * 1_024 * 1_024

/** What a value weighs besides its letters. */
const VALUE_BYTES = 8

/** A disk that keeps up takes a full batch several times a second. */
const RETRY_AFTER_MS = 1_000

export class SqliteQueue {
  readonly #init: SqliteQueueInit
  readonly #waiting: CallBatch[] = []
  readonly #sent: CallBatch[] = []
  #backlogBytes = 0
  #backlogChanges = 0

  constructor(init: SqliteQueueInit) {
    this.#init = init
  }

  get sentCount(): number {
    return this.#sent.length
  }

  /** Adds a call. @throws MeshError STORE_FAILED or QUEUE_FULL, and then nothing was added */
  add(changes: readonly StoreChange[]): Promise<void> {
    const batch = this.#openBatch()
    const start = batch.values.length
    let bytes = 0
    try {
      for (const change of changes) appendChange(batch.values, change)
      bytes = measure(batch.values, start)
      this.#assertRoom(bytes, changes.length)
    } catch (cause) {
      batch.values.length = start
      throw notTaken(cause)
    }
    this.#backlogBytes += bytes
    this.#backlogChanges += changes.length
    batch.changeCount += changes.length
    batch.bytes += bytes
    batch.callEnds.push(batch.values.length)
    const caller = Promise.withResolvers<void>()
    batch.callers.push(caller)
    return caller.promise
  }

  /**
   * The batch to send now, which counts as sent from here on. At most two are with the thread, the
   * second only once it is full: so it never idles under load, and lighter load shares commits.
   */
  takeReady(): SqliteBatch | undefined {
    const next = this.#waiting[0]
    if (next === undefined || this.#sent.length >= 2) return undefined
    return this.#sent.length === 0 || isFull(next) ? this.takeNext() : undefined
  }

  /** The next batch, however many are with the thread. */
  takeNext(): SqliteBatch | undefined {
    const batch = this.#waiting.shift()
    // A batch whose only call was refused is empty.
    if (batch === undefined || batch.callers.length === 0) return undefined
    this.#sent.push(batch)
    return { values: batch.values, callEnds: batch.callEnds }
  }

  /** The oldest batch sent is on disk, except for some calls. */
  settle(failures: readonly CallFailure[]): void {
    const { callers } = this.#takeSent()
    for (const { call, error } of failures) callers[call]?.reject(MeshError.fromData(error))
    // Resolving one that was rejected does nothing.
    for (const caller of callers) caller.resolve()
  }

  /** Nothing of the oldest batch sent is on disk. */
  reject(error: MeshError): void {
    for (const caller of this.#takeSent().callers) caller.reject(error)
  }

  rejectAll(error: MeshError): void {
    for (const batch of [...this.#sent.splice(0), ...this.#waiting.splice(0)]) {
      for (const caller of batch.callers) caller.reject(error)
    }
  }

  #openBatch(): CallBatch {
    const last = this.#waiting.at(-1)
    if (last !== undefined && !isFull(last)) return last
    const batch: CallBatch = { values: [], callEnds: [], callers: [], changeCount: 0, bytes: 0 }
    this.#waiting.push(batch)
    return batch
  }

  #takeSent(): CallBatch {
    const batch = this.#sent.shift()
    assert(batch !== undefined, 'the thread answers each batch once')
    this.#backlogBytes -= batch.bytes
    this.#backlogChanges -= batch.changeCount
    return batch
  }

  #assertRoom(bytes: number, changeCount: number): void {
    // Alone, a call may be of any size: its submission was bounded before.
    if (this.#backlogChanges === 0) return
    const { backlogBytesMax, backlogChangesMax } = this.#init
    const hasRoom =
      this.#backlogBytes + bytes <= backlogBytesMax &&
      this.#backlogChanges + changeCount <= backlogChangesMax
    if (hasRoom) return
    throw new MeshError(
      'QUEUE_FULL',
      `the job store has no room for more: ${this.#backlogChanges} changes wait for the disk`,
      {
        retryAfterMs: RETRY_AFTER_MS,
        hint: 'try again in a second; if it stays so, the disk is too slow'
      }
    )
  }
}

function isFull(batch: CallBatch): boolean {
  return batch.changeCount >= BATCH_CHANGES || batch.bytes >= BATCH_BYTES
}

/** @throws TypeError for what can't be sent to the thread, or bound to a column there */
function measure(values: SqliteBatch['values'], start: number): number {
  let bytes = 0
  for (let index = start; index < values.length; index += 1) {
    const value = values[index]
    bytes += VALUE_BYTES
    if (typeof value === 'string') bytes += value.length
    else if (typeof value !== 'number' && value !== null) {
      throw new TypeError(`a record has ${typeof value} where a text or a number belongs`)
    }
  }
  return bytes
}

/** What isn't our own refusal is a value that no row can hold: the caller's mistake. */
function notTaken(cause: unknown): MeshError {
  if (cause instanceof MeshError) return cause
  return new MeshError('STORE_FAILED', `the job store refused a change: ${messageOf(cause)}`, {
    retryable: false,
    hint: 'this is a bug of taskmesh: please report it with this message',
    cause
  })
}
