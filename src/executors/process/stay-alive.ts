/**
 * Keeps Node running until some work is done. The clock's timers never do, and while the kernel takes a
 * killed process down there is nothing else to wait for: a worker that is just starting would end there.
 */

/** It need never fire: that it is there is enough. */
const HOLD_MS = 60_000

export async function stayAlive<T>(work: () => Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, HOLD_MS)
  try {
    return await work()
  } finally {
    clearInterval(hold)
  }
}
