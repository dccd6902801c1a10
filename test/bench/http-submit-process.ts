/** Process of intake.bench: submits jobs over the router's HTTP API; each is acknowledged, none is waited for. */
import { ApiClient } from '../../src/client/api-client.ts'
import { answerParent, readInit } from './support/child.ts'
import { jobText } from './support/bodies.ts'
import { runLoad } from './support/load.ts'
import type { HttpClientInit } from './http-client-process.ts'
import type { LoadInit, LoadResult } from './support/load.ts'

const client = new ApiClient(readInit() as HttpClientInit)
const job: unknown = JSON.parse(jobText(0))
let ids: string[] = []

async function load(init: LoadInit): Promise<LoadResult> {
  return await runLoad(init, async () => {
    ids.push((await client.submit(job)).id)
  })
}

/** The jobs of the loads since the last call. */
function takeIds(): string[] {
  const taken = ids
  ids = []
  return taken
}

answerParent({ load, takeIds })
