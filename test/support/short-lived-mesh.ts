/** Starts one node of each kind over TCP, lets them meet, stops them, and has nothing more to do. */
import { DiscoveryMesh, untilReady } from './spawn-discovery.ts'

const mesh = new DiscoveryMesh()
const { address } = await mesh.bootstrap({ isOverTcp: true })
const init = { isOverTcp: true, bootstrap: [address] }
const router = await mesh.router(init)
const worker = await mesh.worker(init)
await untilReady(router, worker)
await mesh.stop()
process.stdout.write('stopped\n')
