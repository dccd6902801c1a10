/**
 * A libp2p of another language, as it comes, behind one gateway, and a worker behind another: both punch the same hole.
 * The client is what `npm run interop` builds; where that was not run, there is nothing to try.
 */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { GO_CLIENT, GoClient } from '../interop/go-client.ts'
import { NetMesh } from './net-mesh.ts'
import { buildWorld } from './world.ts'
import { within } from './namespaces.ts'

const world = buildWorld()
const [firstHost, secondHost] = [world.host('boot1'), world.host('boot2')]
const [office, home] = [world.lan('office'), world.lan('home')]
const [visitorHost, workerHost] = [office.host('visitor'), home.host('worker')]

test.skipIf(!existsSync(GO_CLIENT))(
  'a client with go-libp2p is let in, and its hole punching meets ours',
  async () => {
    const mesh = await NetMesh.init(firstHost)
    await Promise.all([firstHost, secondHost].map((host) => mesh.bootstrap(host)))
    await Promise.all([mesh.router(secondHost), mesh.worker(workerHost)])
    const token = (await mesh.token(visitorHost, 'client')).slice('@'.length)
    const words = ['-token', token, '-listen', '/ip4/0.0.0.0/tcp/4001', '-direct-within', '20s']
    const client = await GoClient.run(words, within(visitorHost.namespace))
    expect(client.outcomes.filter(({ ok }) => !ok)).toEqual([])
    const direct = client.outcomes.find(({ step }) => step.startsWith('a direct connection'))
    expect(direct?.detail).toContain(`/ip4/${home.gateway.address}/tcp/`)
    await client.stop()
  }
)
