/** A worker behind a gateway that gives ports away: by both protocols it is reached from outside, and leaves no port behind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GatewayDaemon, isGatewayDaemonInstalled } from './gateway-daemon.ts'
import { NetMesh } from './net-mesh.ts'
import { buildWorld } from './world.ts'
import { until } from '../support/until.ts'
import type { GatewayProtocol } from './gateway-daemon.ts'
import type { NetRouter } from './net-mesh.ts'

const world = buildWorld()
const [bootstrapHost, serverHost] = [world.host('boot'), world.host('server')]
const home = world.lan('home')
const workerHost = home.host('worker')
const PORT = 51_821

let mesh: NetMesh
let router: NetRouter
let daemon: GatewayDaemon

describe.runIf(isGatewayDaemonInstalled)('with miniupnpd', () => {
  beforeAll(async () => {
    mesh = await NetMesh.init(bootstrapHost)
    await mesh.bootstrap(bootstrapHost)
    router = await mesh.router(serverHost)
    daemon = new GatewayDaemon(home.gateway.namespace)
  })
  afterAll(async () => await daemon.remove())

  test.each<GatewayProtocol>(['natpmp', 'upnp'])('by %s', async (protocol) => {
    await daemon.start(protocol)
    const listen = ['--listen', `/ip4/0.0.0.0/tcp/${PORT}`]
    const worker = await mesh.worker(workerHost, ...listen, '--map-ports', '--relays', '0')
    await router.untilReady(worker)
    const outside = `/ip4/${home.gateway.address}/tcp/${PORT}`
    // Told of only once somebody outside has come in by it.
    await router.untilAddresses(worker, 'mapped port', (addresses) =>
      addresses.some((address) => address.startsWith(outside))
    )
    expect(daemon.ports()).toEqual([PORT])
    worker.process.process.kill('SIGTERM')
    await worker.process.ended()
    await until(
      'port given back',
      () => daemon.ports(),
      (ports) => ports.length === 0
    )
    await daemon.stop()
  })
})
