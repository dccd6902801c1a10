/**
 * The ledger as it is stored, and the check of it when it comes back. A file that somebody edited or a
 * disk that forgot a bit must not give a worker a name that it didn't earn: what is wrong is refused.
 */
import { MeshError } from '../core/errors.ts'
import { BAD_WEIGHT, GOOD_WEIGHT } from './outcomes.ts'
import type { Evidence } from './score.ts'

/** One worker's line. `good` and `bad` are as of `lastSeenMs`; the counts are of all time. */
export interface LedgerEntry extends Evidence {
  peerId: string
  successCount: number
  failureCount: number
  latencyMsSum: number
  latencyCount: number
  firstSeenMs: number
  lastSeenMs: number
  lastChange: string
}

export interface LedgerDocument {
  version: 1
  workers: LedgerEntry[]
}

/** The longest text of a peer id in use has 62 letters. */
const PEER_ID_LENGTH_MAX = 128
const CHANGE_LENGTH_MAX = 200

const AMOUNTS = ['good', 'bad', 'latencyMsSum', 'firstSeenMs', 'lastSeenMs'] as const
const COUNTS = ['successCount', 'failureCount', 'latencyCount'] as const

/** @throws MeshError STORE_FAILED, naming the place */
export function readLedger(value: unknown, workerCountMax: number): LedgerEntry[] {
  if (!isObject(value) || value['version'] !== 1) throw refusal('version', 'is not 1')
  const { workers } = value
  if (!Array.isArray(workers)) throw refusal('workers', 'is not a list')
  if (workers.length > workerCountMax) throw refusal('workers', `has more than ${workerCountMax}`)
  const seen = new Set<string>()
  return workers.map((worker: unknown, index) => {
    const entry = readEntry(worker, `workers[${index}]`)
    if (seen.has(entry.peerId)) throw refusal(`workers[${index}].peerId`, 'is there twice')
    seen.add(entry.peerId)
    return entry
  })
}

function readEntry(value: unknown, path: string): LedgerEntry {
  if (!isObject(value)) throw refusal(path, 'is not an object')
  const peerId = readText(value['peerId'], `${path}.peerId`, PEER_ID_LENGTH_MAX)
  if (peerId === '') throw refusal(`${path}.peerId`, 'is empty')
  const lastChange = readText(value['lastChange'], `${path}.lastChange`, CHANGE_LENGTH_MAX)
  for (const field of AMOUNTS) readAmount(value[field], `${path}.${field}`)
  for (const field of COUNTS) {
    if (!Number.isSafeInteger(readAmount(value[field], `${path}.${field}`))) {
      throw refusal(`${path}.${field}`, 'is not a whole number')
    }
  }
  const { good, bad, ...rest } = value as unknown as LedgerEntry
  if (rest.firstSeenMs > rest.lastSeenMs) {
    throw refusal(`${path}.firstSeenMs`, 'is after lastSeenMs')
  }
  if (good > GOOD_WEIGHT * rest.successCount) {
    throw refusal(`${path}.good`, 'is more than its successes give')
  }
  if (bad > BAD_WEIGHT * rest.failureCount) {
    throw refusal(`${path}.bad`, 'is more than its failures give')
  }
  return {
    peerId,
    good,
    bad,
    successCount: rest.successCount,
    failureCount: rest.failureCount,
    latencyMsSum: rest.latencyMsSum,
    latencyCount: rest.latencyCount,
    firstSeenMs: rest.firstSeenMs,
    lastSeenMs: rest.lastSeenMs,
    lastChange
  }
}

function readText(value: unknown, path: string, lengthMax: number): string {
  if (typeof value !== 'string' || value.length > lengthMax) {
    throw refusal(path, `is not a text of at most ${lengthMax} letters`)
  }
  return value
}

function readAmount(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw refusal(path, 'is not a number from 0 up')
  }
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refusal(path: string, what: string): MeshError {
  return new MeshError('STORE_FAILED', `the stored reputation is damaged: ${path} ${what}`, {
    path,
    hint: 'restore the store from a backup, or remove the note to start with no reputation',
    retryable: false
  })
}
