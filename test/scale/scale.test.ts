/** That the measurement works: a small mesh of light workers over real sockets, and how its figures are shown. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { ScaleMesh } from './scale-mesh.ts'
import { costsOf, mean, shareOf } from './costs.ts'
import { drawGrowth } from './plot.ts'
import { meet } from './measure.ts'
import { renderResults } from './report.ts'
import type { Figures } from './meter.ts'
import type { NodeCost } from './costs.ts'
import type { ScaleResult } from './measure.ts'

const WORKERS = 12

function figures(change: Partial<Figures> = {}): Figures {
  return {
    cpuMs: 0,
    rssBytes: 0,
    heapBytes: 0,
    sockets: 0,
    socketBytes: { in: 0, out: 0 },
    protocols: {},
    ...change
  }
}

function cost(factor: number): NodeCost {
  const traffic = { in: factor, out: factor }
  return {
    cpuPercent: factor,
    heapBytes: factor * 1_024 ** 2,
    rssBytes: factor * 1_024 ** 2,
    connections: factor,
    messages: traffic,
    bytes: traffic,
    protocols: { session: { messages: traffic, bytes: traffic } }
  }
}

function result(workers: number): ScaleResult {
  const all = cost(workers)
  const newcomer = { startMs: 1_000, filterMs: workers, allMs: 10 * workers, missingCount: 0 }
  return {
    workers,
    growthMs: 1,
    newcomer,
    light: all,
    worker: all,
    bootstrap: all,
    router: all
  }
}

describe('many light workers in one process', () => {
  it('are all known to a router that comes last, and cost what they send', async () => {
    const mesh = new ScaleMesh()
    onTestFinished(() => mesh.stop())
    const bootstrap = await mesh.bootstrap()
    const workers = mesh.workers()
    await workers.start({ seed: 1, index: 0, count: WORKERS })
    const router = await mesh.router()
    const { filterMs, missingCount } = await meet(router, WORKERS)
    expect(missingCount).toBe(0)
    expect(filterMs).toBeGreaterThan(0)
    const nodes = await router.client.nodes()
    expect(new Set(nodes.map((node) => node.peer_id)).size).toBe(WORKERS)
    const sessions = (await router.figures()).protocols['session']
    expect(sessions?.messages.out).toBeGreaterThanOrEqual(WORKERS)
    expect(sessions?.bytes.in).toBeGreaterThan(0)
    expect((await bootstrap.figures()).sockets).toBeGreaterThanOrEqual(WORKERS)
    expect((await workers.connections()).every((count) => count >= 2)).toBe(true)
  })
})

describe('what a node costs', () => {
  it('is the difference between two looks, for a minute', () => {
    const protocols = { gossip: { messages: { in: 2, out: 4 }, bytes: { in: 200, out: 400 } } }
    const before = { ...figures(), atMs: 1_000 }
    const socketBytes = { in: 300, out: 600 }
    const later = { cpuMs: 300, sockets: 3, heapBytes: 7, socketBytes, protocols }
    const [only] = costsOf([before], [{ ...figures(later), atMs: 31_000 }])
    expect(only).toMatchObject({
      cpuPercent: 1,
      connections: 3,
      heapBytes: 7,
      messages: { in: 4, out: 8 },
      bytes: { in: 600, out: 1_200 },
      protocols: { gossip: { bytes: { in: 400, out: 800 } } }
    })
  })

  it('is for one of many what they cost beyond the process without them', () => {
    const empty = [{ ...figures({ heapBytes: 1_024 ** 2, rssBytes: 0 }), atMs: 0 }]
    const one = shareOf(cost(11), { perProcess: 10, empty, connections: [2, 4] })
    expect(one.heapBytes).toBe(1_024 ** 2)
    expect(one).toMatchObject({ connections: 3, messages: { in: 1.1 } })
    expect(one.protocols['session']?.messages.in).toBeCloseTo(1.1)
  })

  it('is the mean of several', () => {
    expect(mean([cost(1), cost(3)])).toEqual(cost(2))
  })
})

describe('the figures', () => {
  it('stand in a table with their growth', () => {
    const text = renderResults([result(50), result(200)])
    expect(text).toMatch(/50 workers\s+200 workers\s+× for ×4\.0/)
    expect(text).toMatch(/knows all\s+500ms\s+2(\.0+)?s\s+4\.00/)
  })

  it('are drawn with every line named, and inside the picture', () => {
    const picture = drawGrowth([result(50), result(200), result(800)])
    expect(picture.match(/<circle/g)).toHaveLength(3 * 8)
    expect(picture).not.toMatch(/NaN|undefined|Infinity/)
    const ends = [...picture.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)]
    expect(ends.every(([, x, y]) => Number(x) < 380 && Number(y) < 230)).toBe(true)
  })
})
