/** A probe thread that misbehaves as its directory says, to see that the node bears it. */
import { parentPort, threadId, workerData } from 'node:worker_threads'
import { buildRawFacts } from './raw-facts.ts'
import type { ProbeAnswer, ProbeThreadData } from '../../../src/host/thread-host-probe.ts'

const BLOCKED_MS = 300

const { directory } = workerData as ProbeThreadData

parentPort?.on('message', () => {
  if (directory === 'hangs') return
  if (directory === 'crashes') throw new Error('the thread crashed')
  if (directory === 'exits') process.exit(3)
  if (directory === 'refuses') return reply({ problem: 'no figures today' })
  // Blocks this thread as a synchronous call of a tool would.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_MS)
  reply({ facts: buildRawFacts({ threadId }) })
})

function reply(answer: ProbeAnswer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(answer)
}
