/** What can be started and stopped. Both may be called twice; no timer or socket outlives `stop`. */
export interface Startable {
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts parts one after the other. If one fails, those before it are stopped again and its error is
 * thrown on.
 * @returns what stops all of them, last first; the second call waits for the first
 */
export async function startInOrder(parts: readonly Startable[]): Promise<() => Promise<void>> {
  const started: Startable[] = []
  try {
    for (const part of parts) {
      started.push(part)
      await part.start()
    }
  } catch (cause) {
    await stopInReverse(started)
    throw cause
  }
  let stopping: Promise<void> | undefined
  return () => {
    stopping ??= stopInReverse(started)
    return stopping
  }
}

/** One part that cannot stop does not keep the others from it. */
async function stopInReverse(started: readonly Startable[]): Promise<void> {
  for (const part of started.toReversed()) await part.stop().catch(() => {})
}
