/** Process of jobs.bench: submits jobs over the router's HTTP API and waits for each. */
import { ApiClient } from '../../src/client/api-client.ts'
import { answerParent, readInit } from './support/child.ts'
import { NOOP_JOB } from './support/bodies.ts'
import { runLoad } from './support/load.ts'
import type { LoadInit, LoadResult } from './support/load.ts'

export interface HttpClientInit {
  url: string
  token: string
}

const client = new ApiClient(readInit() as HttpClientInit)

async function ask(): Promise<void> {
  const { id } = await client.submit(NOOP_JOB)
  const job = await client.wait(id, { timeoutMs: 30_000 })
  if (job.state !== 'completed') throw new Error(`the job ended as ${job.state}`)
}

answerParent({
  load: (init: LoadInit): Promise<LoadResult> => runLoad(init, ask),
  nodes: async () => (await client.nodes()).length
})
