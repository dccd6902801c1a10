/**
 * One piece of work on each item of any source, by jobs of the mesh: so many items on their way at the same time, and no more
 * in memory, however long the source is.
 */
import { MeshError } from '../core/errors.ts'
import { assert } from '../core/assert.ts'
import { inPool } from './in-pool.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { ErrorData } from '../core/errors.ts'
import type { AnyJson, ErrorDocument } from '../model/generated/api-job.ts'
import type { ApiClient } from './api-client.ts'
import type { JobDocument, TaskDocument } from '../model/generated/job.ts'

/**
 * What is done with each item: a JavaScript program with a `main (input)`, a function (sent as its text: it sees nothing of what
 * is around it), a task of another engine that takes an `input`, or a job file with one.
 */
export type MapSource = string | ((item: never) => unknown) | TaskDocument | JobDocument

export interface MapOptions extends AbortOptions {
  /** Jobs on their way at the same time, 48 at most. @default 16 */
  concurrency?: number
  /** Items of one job: more of them for items that take milliseconds each. @default 1 */
  batch?: number
  /** @default 'completion' */
  order?: 'completion' | 'input'
  /** `throw` ends at the first item that fails and stops the others; `yield` gives it out with its `error`. @default 'throw' */
  failures?: 'throw' | 'yield'
}

/** What came of one item. */
export interface Mapped<I, R> {
  /** Its place in the source, from 0. */
  index: number
  item: I
  job: string
  result: R
  /** With `failures: 'yield'`, of one that failed: then there is no result. */
  error?: MeshError
}

/** Each has a request open at its router, which takes 64 of one peer. */
const CONCURRENCY_MAX = 48
const DEFAULT_MAP = { concurrency: 16, batch: 1, order: 'completion', failures: 'throw' } as const

/** A stopped map is not waited for longer than this. */
const STOP_TIMEOUT_MS = 5_000

interface Batch<I> {
  /** Of its first item. */
  index: number
  items: readonly I[]
}

/** @throws MeshError of the first item that fails, unless failures are given out; what the source throws; the signal's reason */
export async function* mapItems<I, R>(
  api: ApiClient,
  source: MapSource,
  items: AsyncIterable<I> | Iterable<I>,
  options: MapOptions = {}
): AsyncGenerator<Mapped<I, R>, void, undefined> {
  const { batch, concurrency, failures, order, signal } = { ...DEFAULT_MAP, ...options }
  assert(concurrency >= 1 && batch >= 1, 'a map has room for an item')
  const template = templateOf(source)
  const work = async (one: Batch<I>, inside: AbortSignal): Promise<Mapped<I, R>[]> =>
    await runBatch<I, R>(api, template, one, inside)
  const pool = { countMax: Math.min(concurrency, CONCURRENCY_MAX), order, signal }
  for await (const done of inPool(batchesOf(items, batch), work, pool)) {
    for (const one of done) {
      if (one.error !== undefined && failures === 'throw') throw one.error
      yield one
    }
  }
}

function templateOf(source: MapSource): JobDocument {
  if (typeof source === 'string') return { task: { engine: 'javascript', source } }
  if (typeof source !== 'function') return 'task' in source ? source : { task: source }
  const program = `const work = ${source.toString()}\nfunction main (input) { return work(input) }`
  return { task: { engine: 'javascript', source: program } }
}

async function* batchesOf<I>(
  items: AsyncIterable<I> | Iterable<I>,
  countMax: number
): AsyncGenerator<Batch<I>, void, undefined> {
  let index = 0
  let gathered: I[] = []
  for await (const item of items) {
    gathered.push(item)
    if (gathered.length < countMax) continue
    yield { index, items: gathered }
    index += gathered.length
    gathered = []
  }
  if (gathered.length > 0) yield { index, items: gathered }
}

async function runBatch<I, R>(
  api: ApiClient,
  template: JobDocument,
  { index, items }: Batch<I>,
  signal: AbortSignal
): Promise<Mapped<I, R>[]> {
  const each = items.map((item) => ({ input: item as AnyJson }))
  const { id } = await api.submit({ ...template, each }, { signal })
  const found: Mapped<I, R>[] = []
  try {
    await api.wait(id, { signal })
    for await (const { error, index: at, result, state } of api.allItems(id, {}, { signal })) {
      const whole = { index: index + at, item: items[at] as I, job: id, result: result as R }
      found.push(state === 'completed' ? whole : { ...whole, error: failureOf(error, state, id) })
    }
    return found
  } catch (cause) {
    if (signal.aborted) await stopQuietly(api, id)
    throw cause
  }
}

/** What nobody waits for any more need not be run. */
async function stopQuietly(api: ApiClient, id: string): Promise<void> {
  const signal = AbortSignal.timeout(STOP_TIMEOUT_MS)
  await api.stop(id, 'nobody waits for it any more', { signal }).catch(() => {})
}

/** Of a task or job that has no result. */
export function failureOf(error: ErrorDocument | undefined, state: string, job: string): MeshError {
  if (error !== undefined) return MeshError.fromData(error as Partial<ErrorData>)
  return new MeshError('TASK_STOPPED', `job ${job} is ${state}`, {
    hint: `taskmesh job show ${job} says why`
  })
}
