/** A closed loop of callers: each asks, waits for the answer, asks again, until the time is up. */
import { percentile } from './statistics.ts'

export interface LoadInit {
  inFlight: number
  durationMs: number
}

export interface LoadResult {
  count: number
  perSecond: number
  p50Us: number
  p99Us: number
  /** CPU of this process during the load, all threads. */
  cpuUs: number
}

export async function runLoad(init: LoadInit, call: () => Promise<void>): Promise<LoadResult> {
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  const endMs = startMs + init.durationMs
  const latenciesMs: number[] = []
  const loop = async (): Promise<void> => {
    for (let atMs = performance.now(); atMs < endMs;) {
      await call()
      const doneMs = performance.now()
      latenciesMs.push(doneMs - atMs)
      atMs = doneMs
    }
  }
  await Promise.all(Array.from({ length: init.inFlight }, loop))
  const elapsedMs = performance.now() - startMs
  const { system, user } = process.cpuUsage(cpuBefore)
  return {
    count: latenciesMs.length,
    perSecond: (latenciesMs.length / elapsedMs) * 1_000,
    p50Us: percentile(latenciesMs, 0.5) * 1_000,
    p99Us: percentile(latenciesMs, 0.99) * 1_000,
    cpuUs: system + user
  }
}
