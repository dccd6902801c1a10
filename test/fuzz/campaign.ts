/**
 * Fuzzes targets one after the other on a thread of their own, with a bound on its memory, and watches that it goes on: an
 * input that is read without end, or into too much memory, is a finding as well.
 */
import { Worker } from 'node:worker_threads'
import { LONG_INPUT_BYTES_MAX } from './fuzzing.ts'
import type { TargetReport } from './report.ts'

export interface FuzzOrder {
  targets: readonly string[]
  /** Of each target. */
  inputCount: number
  /** For each target, should it not be done with its inputs sooner. */
  msMax: number
  seed: number
  /** By what they reach, inputs lead to others. */
  isGuided: boolean
}

export interface ThreadData {
  order: FuzzOrder
  shared: SharedArrayBuffer
}

type ThreadMessage = { began: string } | { report: TargetReport }

const COUNTERS_BYTES = 8
const HEAP_MIB_MAX = 1_024
const LOOK_PERIOD_MS = 1_000
/** One input in so much time, on a machine that does much else meanwhile; it takes milliseconds. */
const HANG_MS = 30_000

/** @throws Error where the thread ends or stands still: with the target, why, and its input as base64 */
export async function runCampaign(
  order: FuzzOrder,
  onReport: (report: TargetReport) => void = () => {}
): Promise<TargetReport[]> {
  const shared = new SharedArrayBuffer(COUNTERS_BYTES + LONG_INPUT_BYTES_MAX)
  const counters = new Int32Array(shared, 0, 2)
  const reports: TargetReport[] = []
  let target = 'no target'
  const thread = new Worker(new URL('./fuzz-thread.ts', import.meta.url), {
    workerData: { order, shared } satisfies ThreadData,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
    // The project runs from its sources, whatever runs this.
    execArgv: ['--disable-warning=ExperimentalWarning']
  })
  const lost = (why: string): Error => {
    const length = Math.min(Atomics.load(counters, 1), LONG_INPUT_BYTES_MAX)
    const input = Buffer.from(shared, COUNTERS_BYTES, length).toString('base64')
    return new Error(`${target}: ${why}\n  --input ${input}`)
  }
  const stopWatch = watch(counters)
  try {
    await new Promise<void>((resolve, reject) => {
      stopWatch.onStill(() => reject(lost(`no answer within ${HANG_MS / 1_000} s`)))
      thread.on('error', (cause) => reject(lost(`${cause.name}: ${cause.message}`)))
      thread.on('exit', () => {
        if (reports.length === order.targets.length) resolve()
        else reject(lost('the thread ended, waiting for nothing'))
      })
      thread.on('message', (message: ThreadMessage) => {
        if ('began' in message) target = message.began
        else {
          reports.push(message.report)
          onReport(message.report)
        }
      })
    })
  } finally {
    stopWatch.end()
    await thread.terminate()
  }
  return reports
}

/** Looks once a second whether there was another input since. */
function watch(counters: Int32Array): { onStill: (hear: () => void) => void; end: () => void } {
  let onStill: (() => void) | undefined
  let before = -1
  let stillMs = 0
  const timer = setInterval(() => {
    const count = Atomics.load(counters, 0)
    stillMs = count === before ? stillMs + LOOK_PERIOD_MS : 0
    before = count
    if (stillMs >= HANG_MS) onStill?.()
  }, LOOK_PERIOD_MS)
  return { onStill: (hear) => void (onStill = hear), end: () => clearInterval(timer) }
}
