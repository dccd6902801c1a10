/** When ports are asked of a gateway, and given back. */
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import { PortMapper } from '../../../src/network/nat/port-mapping.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { settle } from '../../support/settle.ts'
import type { Gateway, Lease } from '../../../src/network/nat/gateway.ts'

const LOOK_MS = 300_000
const HOST = '192.168.1.4'

/** A gateway, and a node that listens behind it. */
class Scene {
  readonly clock = new FakeClock()
  readonly mapped = new Set<string>()
  readonly asked: string[] = []
  readonly returned: string[] = []
  listens: string[] = [`/ip4/${HOST}/tcp/4001`]
  external = '45.0.0.9'
  taken: number[] = []
  searches = 0
  isThere = true
  readonly mapper: PortMapper

  constructor() {
    const addresses = {
      listened: () => this.listens.map((text) => multiaddr(text)),
      addMapping: (lease: Lease) => void this.mapped.add(nameOf(lease)),
      removeMapping: (lease: Lease) => void this.mapped.delete(nameOf(lease))
    }
    const findGateway = async (): Promise<Gateway | undefined> => {
      this.searches += 1
      return this.isThere ? this.#gateway : undefined
    }
    const random = { next: () => 0.5 }
    this.mapper = new PortMapper(
      { addresses, clock: this.clock, logger: silentLogger, random },
      { findGateway }
    )
  }

  async look(): Promise<void> {
    this.clock.advance(LOOK_MS)
    await settle()
  }

  readonly #gateway: Gateway = {
    kind: 'UPnP',
    internalHost: HOST,
    map: async ({ externalPort, internalPort, protocol }) => {
      this.asked.push(`${protocol}/${externalPort}`)
      if (!this.isThere || this.taken.includes(externalPort)) throw new Error('refused')
      return {
        protocol,
        internal: { host: HOST, port: internalPort },
        external: { host: this.external, port: externalPort },
        lifetimeMs: 3_600_000
      }
    },
    unmap: async (lease) => void this.returned.push(nameOf(lease))
  }
}

function nameOf({ external, protocol }: Lease): string {
  return `${protocol} ${external.host}:${external.port}`
}

let scene = new Scene()
afterEach(() => {
  scene = new Scene()
})

async function started(): Promise<void> {
  await scene.mapper.start()
  await settle()
}

test('each port that the gateway can see is mapped, and given back at the end', async () => {
  scene.listens = [
    '/ip4/127.0.0.1/tcp/4001',
    `/ip4/${HOST}/tcp/4001`,
    `/ip4/${HOST}/tcp/4002/ws`,
    `/ip4/${HOST}/udp/4001/quic-v1`,
    '/ip4/10.0.0.1/tcp/4001',
    `/ip4/${HOST}/tcp/9/p2p/12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB/p2p-circuit`
  ]
  await started()
  expect(scene.asked).toEqual(['tcp/4001', 'tcp/4002', 'udp/4001'])
  expect([...scene.mapped]).toEqual(['tcp 45.0.0.9:4001', 'tcp 45.0.0.9:4002', 'udp 45.0.0.9:4001'])
  await scene.mapper.stop()
  expect(scene.returned).toHaveLength(3)
  expect(scene.mapped.size).toBe(0)
})

test('another port is tried where a neighbour has the one that is wished for, and kept', async () => {
  scene.taken = [4_001]
  await started()
  expect([...scene.mapped]).toEqual(['tcp 45.0.0.9:40000'])
  await scene.look()
  expect(scene.asked).toEqual(['tcp/4001', 'tcp/40000', 'tcp/40000'])
})

test('all is asked for again in time; another address of the gateway takes the place of the old', async () => {
  await started()
  scene.external = '45.0.0.10'
  await scene.look()
  expect([...scene.mapped]).toEqual(['tcp 45.0.0.10:4001'])
})

test('a gateway that is itself behind a NAT is not told of', async () => {
  scene.external = '100.64.0.9'
  await started()
  expect(scene.mapped.size).toBe(0)
  await scene.mapper.stop()
  expect(scene.returned).toEqual(['tcp 100.64.0.9:4001'])
})

test('where none answers, or it answers no more, others are looked for', async () => {
  scene.isThere = false
  await started()
  expect(scene.asked).toEqual([])
  scene.isThere = true
  await scene.look()
  expect([...scene.mapped]).toEqual(['tcp 45.0.0.9:4001'])
  scene.isThere = false
  await scene.look()
  await scene.look()
  expect(scene.searches).toBe(4)
})

test('what the node does not listen on any more is not told any more', async () => {
  await started()
  scene.listens = ['/ip4/10.0.0.1/tcp/4001']
  await scene.look()
  expect(scene.mapped.size).toBe(0)
})
