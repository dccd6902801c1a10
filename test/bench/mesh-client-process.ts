/** Process of wire.bench and jobs.bench: asks a node for tasks, over one session or a stream per request. */
import { answerParent, readInit } from './support/child.ts'
import { NOOP_JOB, TASK_TEXT } from './support/bodies.ts'
import { runLoad } from './support/load.ts'
import { startBareNode } from './support/bare-node.ts'
import type { LoadInit, LoadResult } from './support/load.ts'

export interface MeshClientInit {
  address: string
  /** `task`: 300 bytes, answered at once. `noop`: at a worker. `routed`: at a router, which finds a worker. */
  kind: 'task' | 'noop' | 'routed'
  binding: 'session' | 'stream'
}

const TIMEOUT_MS = 30_000

const { address, binding: kindOfBinding, kind } = readInit() as MeshClientInit
const { binding, node, sessions } = await startBareNode([])
const peer = await node.dial(address)
const session = kindOfBinding === 'session' ? await sessions.open(peer) : undefined
const bulk = {
  task: () => TASK_TEXT,
  noop: () => JSON.stringify(NOOP_JOB.task),
  routed: () => JSON.stringify(NOOP_JOB)
}[kind]
const params = kind === 'routed' ? { auto_route: true } : {}

async function askInSession(): Promise<void> {
  const answer = await session?.request(
    { command: 'EXECUTE_TASK', params, bulk: bulk() },
    { timeoutMs: TIMEOUT_MS }
  )
  if (answer?.error !== undefined) throw answer.error
}

async function askOnStream(): Promise<void> {
  const whole = { ...params, task_data: JSON.parse(bulk()) as object }
  const { response } = await binding.call(peer, 'EXECUTE_TASK', whole, { timeoutMs: TIMEOUT_MS })
  if (response.status !== 'success') throw new Error(response.error)
}

answerParent({
  load: (init: LoadInit): Promise<LoadResult> =>
    runLoad(init, session === undefined ? askOnStream : askInSession)
})
