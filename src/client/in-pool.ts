/** Work on the values of any iterable, so many at a time: no value is asked for before there is room for it. */
import { unlessAborted } from '../core/abort.ts'
import type { AbortOptions } from '../core/abort.ts'

export interface PoolOptions extends AbortOptions {
  /** Values that are worked on, or whose result waits for its turn. */
  countMax: number
  /** `input`: in the order of the values; else as they come. */
  order: 'completion' | 'input'
}

type Sign<T, R> =
  | { kind: 'value'; next: IteratorResult<T> }
  | { kind: 'result'; task: symbol; result: R }

/**
 * Whatever ends it, no work goes on: the signal that it was given fires, and it is waited for.
 * @throws what the source, or the work on any value, throws; the signal's reason
 */
export async function* inPool<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  work: (value: T, signal: AbortSignal) => Promise<R>,
  { countMax, order, signal }: PoolOptions
): AsyncGenerator<R, void, undefined> {
  const ending = new AbortController()
  const inside = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal])
  const values = iteratorOf(source)
  /** In the order of the values. */
  const tasks = new Map<symbol, Promise<Sign<T, R>>>()
  let pulling: Promise<Sign<T, R>> | undefined
  let isOver = false
  const begin = (value: T): void => {
    const name = Symbol('task')
    const task = work(value, inside).then(
      (result) => ({ kind: 'result', task: name, result }) as const
    )
    // Whoever waits for it hears of it; nobody may be by then.
    task.catch(() => {})
    tasks.set(name, task)
  }
  try {
    for (;;) {
      signal?.throwIfAborted()
      if (!isOver && tasks.size < countMax) {
        pulling ??= Promise.resolve(values.next()).then((next) => ({ kind: 'value', next }))
      }
      const all = [...tasks.values()]
      const waited = order === 'input' ? all.slice(0, 1) : all
      const awaited = [...waited, ...(pulling === undefined ? [] : [pulling])]
      if (awaited.length === 0) return
      // oxlint-disable-next-line no-await-in-loop -- whichever comes first
      const sign = await unlessAborted(Promise.race(awaited), { signal: inside })
      if (sign.kind === 'result') {
        tasks.delete(sign.task)
        yield sign.result
        continue
      }
      pulling = undefined
      if (sign.next.done === true) isOver = true
      else begin(sign.next.value)
    }
  } finally {
    ending.abort(new Error('nobody asks for more'))
    pulling?.catch(() => {})
    // A source that waits for its own next value ends after it.
    if (!isOver) Promise.resolve(values.return?.()).catch(() => {})
    await Promise.allSettled(tasks.values())
  }
}

function iteratorOf<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}
