/** Many pieces of work, a few at once. */

/**
 * Works on each item once, in order, so many at the same time. After a failure none begins any more.
 * @throws what the first failure was, once all that had begun is over
 */
export async function inLanes<T>(
  items: Iterable<T>,
  atOnceMax: number,
  work: (item: T) => Promise<void>
): Promise<void> {
  const waiting = items[Symbol.iterator]()
  let failure: { cause: unknown } | undefined
  const lane = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- a lane does one thing after the other
        await work(next.value)
      } catch (cause) {
        failure ??= { cause }
      }
      if (failure !== undefined) return
    }
  }
  await Promise.all(Array.from({ length: atOnceMax }, lane))
  if (failure !== undefined) throw failure.cause
}
