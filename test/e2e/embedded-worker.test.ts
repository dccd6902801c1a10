/** The example of a program that is also a worker, as somebody would try it: real processes, its own job file. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LiveMesh } from '../support/live-mesh.ts'
import { PROJECT, RunningTaskmesh } from '../support/running-taskmesh.ts'
import type { JobView } from '../../src/index.ts'

const EXAMPLE = 'examples/embedded-worker'
/** What it imports is what is tested here, and not what was last built of it. */
const FROM_SOURCE = '--conditions=taskmesh-source'

test('the example serves the web and the mesh at once, and ends when it is told to', async () => {
  const { bootstrap, mesh } = await LiveMesh.start()
  const [router, service] = await Promise.all([
    mesh.router(),
    startService({ ...mesh.env, TASKMESH_BOOTSTRAP: bootstrap.report.addresses[0] ?? '' })
  ])
  const [stats, duplicates] = (await mesh.json('job', 'run', join(EXAMPLE, 'job.json'))) as [
    JobView,
    JobView
  ]
  expect(duplicates).toMatchObject({
    state: 'completed',
    result: [{ texts: [0, 1], similarity: 0.636 }]
  })
  const items = await router.client.items(stats.id)
  expect(items.map(({ result }) => result)).toMatchObject([
    { words: 7, sentences: 1, longest: 'machines' },
    { words: 15, sentences: 3, longest: 'worker' }
  ])
  const url = /http:\S+/.exec(service.stdout)?.[0] ?? ''
  const answer = await fetch(url, { method: 'POST', body: 'One sentence. And another.' })
  expect(await answer.json()).toMatchObject({ words: 4, sentences: 2 })
  expect(await (await fetch(url)).json()).toEqual({ completed: 3, failed: 0 })
  expect(await service.stop()).toBe(0)
  expect(service.stderr).toBe('')
})

async function startService(env: Readonly<Record<string, string>>): Promise<RunningTaskmesh> {
  const child = spawn(process.execPath, [FROM_SOURCE, join(EXAMPLE, 'server.js')], {
    cwd: PROJECT,
    env: { ...env, PORT: '0' }
  })
  const service = new RunningTaskmesh(child)
  onTestFinished(async () => void (await service.stop()))
  await service.until(() => service.stdout.includes('is also worker'), 'ready line')
  return service
}
