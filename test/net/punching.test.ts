/** A router behind one gateway and a worker behind another: a relay introduces them, and a hole is punched where one can be. */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { NetMesh } from './net-mesh.ts'
import { buildWorld } from './world.ts'
import { until } from '../support/until.ts'
import type { Host } from './host.ts'
import type { NetNode, NetRouter } from './net-mesh.ts'

const STREAM = fileURLToPath(new URL('programs/stream.ts', import.meta.url))
const INPUT_BYTES = 20_000_000

const world = buildWorld()
const [firstHost, secondHost] = [world.host('boot1'), world.host('boot2')]
const [office, home] = [world.lan('office'), world.lan('home')]
const [routerHost, workerHost] = [office.host('router'), home.host('worker')]

let bootstraps: NetNode[]
let router: NetRouter
let worker: NetNode

beforeAll(async () => {
  const mesh = await NetMesh.init(firstHost)
  bootstraps = await Promise.all([firstHost, secondHost].map((host) => mesh.bootstrap(host)))
  ;[router, worker] = await Promise.all([mesh.router(routerHost), mesh.worker(workerHost)])
})

test.each([1, 2, 3])(
  'a hole is punched between two cones, and jobs go through it (%i)',
  async () => {
    await router.untilReady(worker)
    const { addresses } = await router.untilPath(worker, 'punched')
    expect(addresses[0]).toContain(`/ip4/${home.gateway.address}/tcp/`)
    const echo = { engine: 'javascript', source: 'function main () { return "through" }' }
    const { id } = await router.client.submit({ task: echo })
    expect(await router.client.wait(id)).toMatchObject({ state: 'completed', result: 'through' })
    // For the next time both gateways and both systems remember the last.
    await worker.kill()
    await worker.start()
  }
)

test('a stream that began by the relay goes on while a hole is punched, and loses nothing', async () => {
  const relay = await firstLine(firstHost, 'relay', firstHost.address, '45000')
  const listener = await firstLine(workerHost, 'listen', relay)
  const seen = JSON.parse(await firstLine(routerHost, 'call', listener)) as { echoes: number }
  expect(seen).toMatchObject({ began: 'relayed', path: 'punched' })
  expect(seen.echoes).toBeGreaterThan(100)
})

async function firstLine(host: Host, ...words: string[]): Promise<string> {
  const program = host.startScript(STREAM, ...words)
  await program.until(() => program.stdout.includes('\n'), `line of ${words.join(' ')}`)
  return program.stdout.trim()
}

test('a job with 20 MB of input goes on when every relay is killed', async () => {
  await router.untilReady(worker)
  await router.untilPath(worker, 'punched')
  const file = await router.addFile('input', randomBytes(INPUT_BYTES))
  office.gateway.limitRate('40mbit')
  const before = office.gateway.sentBytes()
  const id = await router.submitReading(file)
  await until(
    'part of the input on its way',
    () => office.gateway.sentBytes() - before,
    (sent) => sent > INPUT_BYTES / 4
  )
  await Promise.all(bootstraps.map((bootstrap) => bootstrap.kill()))
  expect((await router.client.job(id)).state).not.toBe('completed')
  expect(await router.client.wait(id)).toMatchObject({ state: 'completed', result: INPUT_BYTES })
  const attempts = await router.client.attempts(id)
  expect(attempts).toHaveLength(1)
})
