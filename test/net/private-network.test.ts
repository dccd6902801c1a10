/** A mesh with a network key: relays and hole punching work all the same, and who has another key hears nothing. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { NetMesh } from './net-mesh.ts'
import { buildWorld } from './world.ts'
import type { NetNode, NetRouter } from './net-mesh.ts'

const world = buildWorld()
const [bootstrapHost, strangerHost] = [world.host('boot'), world.host('stranger')]
const [office, home] = [world.lan('office'), world.lan('home')]
const [routerHost, workerHost] = [office.host('router'), home.host('worker')]

let mesh: NetMesh
let bootstrap: NetNode
let router: NetRouter
let worker: NetNode

beforeAll(async () => {
  mesh = await NetMesh.init(bootstrapHost, '--network-key')
  bootstrap = await mesh.bootstrap(bootstrapHost)
  ;[router, worker] = await Promise.all([
    mesh.router(routerHost, '--relays', '1'),
    mesh.worker(workerHost, '--relays', '1')
  ])
})

test('a relay introduces two behind gateways, who punch a hole and run a job', async () => {
  await router.untilReady(worker)
  await router.untilPath(worker, 'punched')
  const task = { engine: 'javascript', source: 'function main () { return "within" }' }
  const { id } = await router.client.submit({ task })
  expect(await router.client.wait(id)).toMatchObject({ state: 'completed', result: 'within' })
})

test('with another key, nobody answers', async () => {
  const address = bootstrap.report.addresses.find((each) => each.includes(bootstrapHost.address))
  const dial = ['dial', address ?? '', '--json']
  const right = readFileSync(join(bootstrapHost.home, 'authority', 'network-key'), 'utf8').trim()
  const wrong = randomBytes(32).toString('hex')
  for (const flags of [['--network-key', keyFile('wrong', wrong)], []]) {
    const { code, stderr } = await strangerHost.tries(...dial, ...flags)
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('PEER_UNREACHABLE') as string
    })
  }
  const answer = await strangerHost.type(...dial, '--network-key', keyFile('right', right))
  expect(JSON.parse(answer)).toMatchObject({ peer_id: bootstrap.peer })
})

/** As owners of private networks hand them on. */
function keyFile(name: string, hex: string): string {
  const path = join(strangerHost.home, `${name}.key`)
  writeFileSync(path, `/key/swarm/psk/1.0.0/\n/base16/\n${hex}\n`, { mode: 0o600 })
  return path
}
