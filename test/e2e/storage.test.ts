/** Files that workers keep for somebody: lost copies are replaced, across a restart of the router, until the date. */
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LiveMesh, untilWorkersReady } from '../support/live-mesh.ts'
import { someBytes } from '../support/open-library.ts'
import { temporaryHome } from '../support/spawn-taskmesh.ts'
import { until } from '../support/until.ts'
import type { ApiClient } from '../../src/client/api-client.ts'
import type { FileView } from '../../src/model/generated/api-file.ts'
import type { JobView } from '../../src/model/generated/api-job.ts'

const FILE_BYTES = 5 * 2 ** 20
const GRACE = ['--storage-grace', '4s']

test('copies are kept: a lost one is replaced, whatever the router went through, until the date', async () => {
  const { mesh } = await LiveMesh.start()
  const [router, ...workers] = await Promise.all([
    mesh.router(...GRACE),
    ...['one', 'two', 'three'].map((name) => mesh.worker(name))
  ])
  await untilWorkersReady(router.client, workers.length)
  const [lasting, brief] = [1, 2].map((seed) => {
    const path = join(temporaryHome(), `file-${seed}.bin`)
    writeFileSync(path, someBytes(FILE_BYTES, seed))
    return path
  }) as [string, string]

  const job = (await mesh.json('files', 'keep', lasting, '--until', '1h')) as JobView
  const items = job.items ?? []
  expect(job).toMatchObject({ state: 'completed', engine: 'storage', item_count: 2 })
  expect(new Set(items.map(({ worker }) => worker)).size).toBe(2)
  const id = fileOf(job)
  const info = await untilFile(router.client, id, isWhole)
  expect(info.keep).toMatchObject([{ job_id: job.id, copies: 2 }])

  const kept = (await mesh.json(
    'files',
    'keep',
    brief,
    '--copies',
    '1',
    '--until',
    '8s'
  )) as JobView

  await router.terminate()
  const { client } = await mesh.router(...GRACE)
  await untilFile(client, id, isWhole)

  const lost = workers.find(({ report }) => report.peer_id === items[0]?.worker)
  await lost?.kill()
  const spare = workers.find(({ report: { peer_id: peer } }) =>
    items.every(({ worker }) => worker !== peer)
  )
  const again = await untilFile(
    client,
    id,
    (view) =>
      isWhole(view) &&
      view.held_by?.some(({ peer_id }) => peer_id === spare?.report.peer_id) === true
  )
  expect(again.keep).toMatchObject([{ job_id: job.id, copies: 2, copies_there: 2 }])
  const children = await client.jobs({ parent: job.id })
  expect(children).toContainEqual(
    expect.objectContaining({ engine: 'storage', state: 'completed' })
  )

  const ordinary = await untilFile(client, fileOf(kept), ({ keep }) => keep === undefined)
  expect(ordinary.holders).toBeGreaterThan(0)
})

async function untilFile(
  client: ApiClient,
  id: string,
  isRight: (file: FileView) => boolean
): Promise<FileView> {
  return await until(`the file as it should be: ${id}`, async () => await client.file(id), isRight)
}

function isWhole({ keep: [order] = [] }: FileView): boolean {
  return order?.copies_there === 2
}

/** As its first task says. */
function fileOf({ items: [item] = [] }: JobView): string {
  const { file = '' } = (item?.result ?? {}) as { file?: string }
  return file.replace('mesh:', '')
}
