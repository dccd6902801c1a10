/** What a node believes of what others say of themselves. */
import { expect, onTestFinished, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { createMonitoring } from '../../../src/roles/mesh-monitoring.ts'
import { settle } from '../../support/settle.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import type { NodeCore } from '../../../src/roles/node-core.ts'

const POSER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

/** A monitor with one neighbour, which says of itself to be a router. */
async function routersOf(certified: 'worker' | undefined): Promise<string[]> {
  const answer = { result: { role: 'router', links: [] } }
  const core = {
    access: { memberOf: () => certified && { role: certified, exp: 1 } },
    clock: new FakeClock(),
    folder: { path: 'monitor' },
    logger: silentLogger,
    membership: { standing: () => undefined },
    node: { selfPeer: 'self' },
    sessions: { open: async () => ({ request: async () => answer }) },
    tracker: { list: () => [{ peer_id: POSER, path: 'direct', latency_ms: null }] }
  }
  const monitoring = createMonitoring(core as unknown as NodeCore, {
    self: { role: 'monitor', namespace: 'demo' },
    workers: { counts: () => ({ byState: {}, slots: { total: 0 } }), views: () => [] },
    files: {
      counts: () => ({ known: 0, bytes_stored: 0 }),
      moved: () => ({ received: 0, sent: 0 }),
      transfers: () => []
    },
    known: () => []
  })
  onTestFinished(() => monitoring.stop())
  monitoring.map()
  await settle()
  return monitoring.routers().map(({ peer_id: peer }) => peer)
}

test('a worker that poses as a router is none where its certificate says what it is', async () => {
  expect(await routersOf('worker')).toEqual([])
  // In an open mesh there is nothing but its word.
  expect(await routersOf(undefined)).toEqual([POSER])
})
