/** The thread on which targets are fuzzed. It tells which input it is about to read, in memory that whoever watches it shares. */
import { parentPort, workerData } from 'node:worker_threads'
import { Coverage } from './coverage.ts'
import type { ThreadData } from './campaign.ts'

const { order, shared } = workerData as ThreadData
const counters = new Int32Array(shared, 0, 2)
const current = new Uint8Array(shared, counters.byteLength)

// Before what is fuzzed is loaded: only what is compiled from now on is counted.
const coverage = order.isGuided ? new Coverage(isOurs) : undefined
const { TARGETS } = await import('./targets.ts')
const { fuzz } = await import('./fuzzing.ts')
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const tell = (message: unknown): void => parentPort?.postMessage(message)

for (const name of order.targets) {
  const target = TARGETS.find((one) => one.name === name)
  if (target === undefined) throw new Error(`there is no target ${name}`)
  tell({ began: name })
  const { inputCount, msMax, seed } = order
  // oxlint-disable-next-line no-await-in-loop
  tell({ report: await fuzz(target, { inputCount, msMax, seed, coverage, onInput }) })
}
coverage?.stop()
// What targets have opened does not keep it, and is cleared away.
process.exit()

function isOurs(url: string): boolean {
  return url.includes('/src/') && !url.includes('/node_modules/')
}

function onInput(input: Uint8Array): void {
  current.set(input.subarray(0, current.length))
  Atomics.store(counters, 1, input.byteLength)
  Atomics.add(counters, 0, 1)
}
