/** Who is chosen: room, draw, tiers, ties and preferences. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/core/random.ts'
import { outlookOf } from '../../../src/selection/outlook.ts'
import { selectWorker } from '../../../src/selection/select.ts'
import { buildCandidate, buildCircumstances, buildRequest } from '../../support/build-candidate.ts'
import type { Candidate, SelectionRequest } from '../../../src/selection/candidate.ts'
import type { Selection } from '../../../src/selection/select.ts'

const workers = (...list: Partial<Candidate>[]): Candidate[] =>
  list.map((overrides, index) => buildCandidate({ peerId: `worker-${index}`, ...overrides }))

const select = (request: SelectionRequest, candidates: readonly Candidate[], draw = 0): Selection =>
  selectWorker(request, candidates, buildCircumstances({ draw }))

const chosenBy = (
  request: SelectionRequest,
  candidates: readonly Candidate[],
  draw = 0
): string | undefined => select(request, candidates, draw).chosenPeerId

/** Draws evenly over all that may fall. */
const draws = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => index / count)

/** Of a thousand tasks. */
const shareOf = (request: SelectionRequest, candidates: Candidate[], peer: string): number =>
  draws(1_000).filter((draw) => chosenBy(request, candidates, draw) === peer).length / 1_000

describe('the pick', () => {
  it('chooses nobody from nobody', () => {
    const selection = select(buildRequest(), [], 0.5)
    expect(selection).toMatchObject({ chosenPeerId: undefined, outlook: 'no_worker_fits' })
  })

  it('takes whoever is expected to be done first with `best`, whatever the draw', () => {
    const candidates = workers({ latencyMs: 90 }, { latencyMs: 80 }, { latencyMs: 5, speed: 0.5 })
    for (const draw of [0, 0.5, 0.999999]) {
      expect(chosenBy(buildRequest({ route: { pick: 'best' } }), candidates, draw)).toBe('worker-1')
    }
  })

  it('says what is expected of the worker', () => {
    const busy = workers({ running: 4, waitMs: 70, latencyMs: 20, speed: 5 })
    expect(select(buildRequest(), busy).expected).toEqual({ runMs: 100, totalMs: 190 })
  })

  it('breaks ties by peer id', () => {
    const candidates = workers({ peerId: 'c' }, { peerId: 'a' }, { peerId: 'b' })
    expect(chosenBy(buildRequest({ route: { pick: 'best' } }), candidates)).toBe('a')
  })

  it('draws among the best three only', () => {
    const candidates = workers(
      ...[103, 102, 101, 100].map((latencyMs): Partial<Candidate> => ({ latencyMs }))
    )
    const drawn = new Set(draws(100).map((draw) => chosenBy(buildRequest(), candidates, draw)))
    expect(drawn).toEqual(new Set(['worker-1', 'worker-2', 'worker-3']))
  })

  it('draws equals as often as each other, and hardly ever who costs a quarter more', () => {
    const candidates = workers({ prospect: 1, latencyMs: 0 }, { prospect: 1, latencyMs: 0 })
    const far = buildCandidate({ peerId: 'far', prospect: 1, latencyMs: 63 })
    const rows = select(buildRequest(), [...candidates, far]).explain().candidates
    expect(rows.map(({ peer_id, probability }) => [peer_id, probability])).toEqual([
      ['worker-0', expect.closeTo(0.497, 2)],
      ['worker-1', expect.closeTo(0.497, 2)],
      ['far', expect.closeTo(0.004, 2)]
    ])
  })

  it('takes the first at draw 0 and the last just below 1', () => {
    const candidates = workers({}, {}, {})
    expect(chosenBy(buildRequest(), candidates, 0)).toBe('worker-0')
    expect(chosenBy(buildRequest(), candidates, 1 - 2 ** -53)).toBe('worker-2')
  })

  it('never falls on a worker without a chance because chances sum to a little less than 1', () => {
    const request = buildRequest({ route: { pick: 'top99' } })
    for (let count = 1; count <= 60; count += 1) {
      const near = workers(...Array.from({ length: count }, () => ({})))
      const candidates = [...near, buildCandidate({ peerId: 'far-away', latencyMs: 1e9 })]
      expect(chosenBy(request, candidates, 1 - 2 ** -53)).not.toBe('far-away')
    }
  })

  it('still chooses when every cost is 0', () => {
    const weights = { cpu: 0, memory: 0, disk: 0, gpu: 0, latency: 1, reputation: 0 }
    const request = buildRequest({ route: { weights } })
    const here = workers({ latencyMs: 0 }, { latencyMs: 0 }, { latencyMs: 1 })
    expect(chosenBy(request, here, 0)).toBe('worker-0')
    expect(chosenBy(request, here, 0.5)).toBe('worker-1')
    expect(chosenBy(request, here, 1 - 2 ** -53)).toBe('worker-1')
  })
})

describe('newcomers', () => {
  const proven: Partial<Candidate> = { evidenceLeft: 10 }
  const stranger: Partial<Candidate> = { evidenceLeft: 0, speed: 0.5 }

  it('get two tasks in a hundred, however bad they look, and however many they are', () => {
    expect(shareOf(buildRequest(), workers(proven, stranger), 'worker-1')).toBe(0.02)
    const flood = workers(proven, ...Array.from({ length: 50 }, () => stranger))
    expect(shareOf(buildRequest({ route: { pick: 'best' } }), flood, 'worker-0')).toBe(0.98)
  })

  it('are nobody where nobody is proven: then cost alone decides', () => {
    const strangers = workers({ ...stranger, evidenceLeft: 9 }, { ...stranger, speed: 4 })
    expect(shareOf(buildRequest({ route: { pick: 'best' } }), strangers, 'worker-0')).toBe(0)
  })

  it('are also those of whom much was known once, so that who gets nothing is tried again', () => {
    const faded: Partial<Candidate> = { evidenceCount: 900, evidenceLeft: 9.9, prospect: 0.4 }
    expect(shareOf(buildRequest(), workers(proven, faded), 'worker-1')).toBeCloseTo(0.02, 5)
  })

  it('are those of whom least is known; of several such the best', () => {
    const some = { ...stranger, evidenceLeft: 3 }
    const list = workers(proven, some, stranger, { ...stranger, latencyMs: 1 })
    expect(chosenBy(buildRequest(), list, 0.01)).toBe('worker-3')
  })

  it('are not tried twice for the same task, nor without room', () => {
    const tried = buildRequest({}, { triedWorkers: ['worker-1'], sameWorker: 'avoid' })
    expect(chosenBy(tried, workers(proven, stranger), 0.01)).toBe('worker-0')
    const full = workers(proven, { ...stranger, running: 4, queued: 4 })
    expect(chosenBy(buildRequest(), full, 0.01)).toBe('worker-0')
  })

  it('get what would have to wait for the best, as long as they have a free slot', () => {
    const busy: Partial<Candidate> = { ...proven, running: 4, waitMs: 5 }
    const list = workers(busy, { ...stranger, evidenceLeft: 3 }, { ...stranger, running: 4 })
    expect(shareOf(buildRequest(), list, 'worker-1')).toBe(1)
    expect(shareOf(buildRequest(), workers(busy, { ...stranger, running: 4 }), 'worker-0')).toBe(1)
  })

  it('are those on probation where results are to be trusted', () => {
    const request = buildRequest({}, { trust: 'trusted_first' })
    const list = workers({ evidenceLeft: 0 }, { tier: 'probation', evidenceLeft: 900, speed: 9 })
    expect(chosenBy(request, list, 0.01)).toBe('worker-1')
    expect(chosenBy(request, list, 0.02)).toBe('worker-0')
    expect(chosenBy({ ...request, trust: 'trusted_only' }, list, 0.01)).toBe('worker-0')
  })

  it('are then the best of those, so that ever new names do not get all of it', () => {
    const request = buildRequest({}, { trust: 'trusted_first' })
    const proving: Partial<Candidate> = { tier: 'probation', evidenceLeft: 9, prospect: 0.8 }
    const fresh: Partial<Candidate> = { tier: 'probation', evidenceLeft: 0, prospect: 0.4 }
    expect(chosenBy(request, workers({}, fresh, proving, fresh), 0.01)).toBe('worker-2')
  })
})

describe('a draw by chance', () => {
  const request = buildRequest({}, { trust: 'trusted_first', isByChance: true })

  it('gives all of the first tier the same chance, whatever they cost, whether they are free or not', () => {
    const busy: Partial<Candidate> = { running: 4, waitMs: 300 }
    const list = workers({ speed: 9 }, busy, { latencyMs: 900 }, { ...busy, speed: 0.5 })
    for (const peer of ['worker-0', 'worker-1', 'worker-2', 'worker-3']) {
      expect(shareOf(request, list, peer)).toBeCloseTo(0.25, 5)
    }
  })

  it('has no room for those without any, for newcomers, nor for whoever loses too many tasks', () => {
    const list = workers(
      { prospect: 0.8 },
      { prospect: 0.79 },
      { running: 8 },
      { tier: 'probation', evidenceLeft: 0 }
    )
    expect(shareOf(request, list, 'worker-0')).toBe(1)
    expect(shareOf(request, list.slice(1), 'worker-1')).toBe(1)
    expect(shareOf(request, list.slice(2), 'worker-3')).toBe(1)
  })

  it('is said in the record, and leaves nobody out of it', () => {
    const list = workers({ prospect: 0.5 }, {}, { speed: 9 }, { tier: 'probation' })
    const record = select(request, list, 0.9).explain()
    expect(record).toMatchObject({ pick: 'chance', draw: 0.9, chosen: 'worker-1' })
    expect(
      record.candidates.map(({ probability, reason, reason_code, tier }) => [
        reason_code,
        tier,
        probability,
        reason
      ])
    ).toEqual([
      ['PICKED', undefined, 0.5, 'picked among 2 with draw 0.90; each as likely'],
      ['NOT_DRAWN', undefined, 0.5, 'ranked 1st; draw 0.90 fell on another'],
      ['UNRELIABLE', 1, 0, 'loses too many tasks; workers with room that lose fewer come first'],
      ['ON_PROBATION', 2, 0, 'on probation; trusted workers with room come first']
    ])
  })

  it('reaches workers that no record has room for', () => {
    const many = workers(...Array.from({ length: 200 }, () => ({})))
    const record = select(request, many, 0.999).explain()
    expect(record.chosen).toBe('worker-99')
    expect(record.candidates[0]).toMatchObject({ peer_id: 'worker-99', probability: 0.005 })
  })
})

describe('trust', () => {
  const list = workers({ tier: 'probation', speed: 9 }, { running: 7 }, { tier: 'quarantined' })

  it('decides before cost where results are to be trusted first', () => {
    expect(chosenBy(buildRequest(), list, 0.5)).toBe('worker-0')
    expect(chosenBy(buildRequest({}, { trust: 'trusted_first' }), list, 0.5)).toBe('worker-1')
  })

  it('falls back on probation where no trusted worker has room, and says so', () => {
    const full = workers({ tier: 'probation' }, { running: 8 })
    const selection = select(buildRequest({}, { trust: 'trusted_first' }), full, 0.5)
    expect(selection.explain().candidates[0]?.reason).toBe(
      'picked among 1; on probation, but no trusted worker has room'
    )
    expect(chosenBy(buildRequest({}, { trust: 'trusted_only' }), full, 0.5)).toBeUndefined()
  })

  it('is never given to whoever was caught at a wrong result', () => {
    const [, , caught] = list
    const selection = select(buildRequest(), caught === undefined ? [] : [caught])
    expect(selection.outlook).toBe('no_worker_fits')
  })
})

describe('room', () => {
  it('is had in line behind others where that is sooner done', () => {
    const candidates = workers({ running: 4, waitMs: 10, speed: 8 }, { speed: 1 })
    expect(chosenBy(buildRequest(), candidates)).toBe('worker-0')
  })

  it('is had where less work stands in line than a task would wait for elsewhere', () => {
    const candidates = workers({ running: 4, queued: 4 }, { running: 4, queued: 3, queuedMs: 250 })
    const selection = select(buildRequest(), candidates)
    expect(selection).toMatchObject({ chosenPeerId: 'worker-1', outlook: 'would_queue' })
    const longer = workers({ running: 4, queuedMs: 300, unseenCount: 2, unseenMs: 401 })
    expect(select(buildRequest(), longer).explain().candidates[0]).toMatchObject({
      verdict: 'full',
      reason_code: 'QUEUE_TAKEN',
      reason: 'no room now: has 6 tasks in 4 slots, and 400ms of work waits for each slot'
    })
  })

  it('chooses nobody when all are full, which is not the same as fitting nobody', () => {
    const selection = select(buildRequest(), workers({ running: 4, queued: 1, unseenCount: 3 }))
    expect(selection).toMatchObject({
      chosenPeerId: undefined,
      outlook: 'would_queue',
      fullCount: 1,
      refusedCount: 0
    })
  })

  it('counts too little free memory as no room now', () => {
    const request = buildRequest({ resources: { memory: '2048MB' } })
    const selection = select(request, workers({ memoryAvailableMb: 2047 }))
    expect(selection).toMatchObject({ chosenPeerId: undefined, outlook: 'would_queue' })
    expect(selection.explain().candidates[0]).toMatchObject({
      verdict: 'full',
      reason_code: 'MEMORY_TAKEN',
      reason: 'no room now: the task needs 1.91GiB memory, 1.9GiB of 7.62GiB are free'
    })
    expect(chosenBy(request, workers({ memoryAvailableMb: 2048 }))).toBe('worker-0')
  })
})

describe('GPUs in the hands of other tasks', () => {
  const request = buildRequest({
    task: { engine: 'function', name: 'f' },
    resources: { gpu: 2 }
  })
  const gpus = { engines: ['function'], functions: ['f'], gpuCount: 3 }

  it('are no room now', () => {
    const selection = select(request, workers({ ...gpus, gpusTaken: 1, unseenGpus: 1 }))
    expect(selection).toMatchObject({ chosenPeerId: undefined, outlook: 'would_queue' })
    expect(selection.explain().candidates[0]).toMatchObject({
      verdict: 'full',
      reason_code: 'GPUS_TAKEN',
      reason: 'no room now: the task needs 2 GPUs, 1 of 3 are free'
    })
    expect(selection.summarise()).toBe('1 fits but has too few GPUs free now')
  })

  it('send the task to a worker that has enough left', () => {
    const few = { ...gpus, speed: 9, gpusTaken: 2 }
    expect(chosenBy(request, workers(few, { ...gpus, gpusTaken: 1 }))).toBe('worker-1')
  })

  it('are nothing to a task that wants none', () => {
    const plain = buildRequest({ task: { engine: 'function', name: 'f' } })
    expect(chosenBy(plain, workers({ ...gpus, gpusTaken: 3 }))).toBe('worker-0')
  })
})

describe('what an owner lets this router have at a time', () => {
  const limits = { slots: 2, queued: 1, rate: { count: 60, per_ms: 60_000 } }

  it('is room until it is used up, with what is on its way', () => {
    expect(chosenBy(buildRequest(), workers({ limits, allowed: 2, unseenCount: 1 }))).toBe(
      'worker-0'
    )
    const selection = select(
      buildRequest(),
      workers({ limits, allowed: 2, unseenCount: 2, slots: 8 })
    )
    expect(selection).toMatchObject({ chosenPeerId: undefined, outlook: 'would_queue' })
    expect(selection.explain().candidates[0]).toMatchObject({
      verdict: 'full',
      reason_code: 'ALLOWANCE_TAKEN',
      reason:
        'no room now: its owner lets this router have 2 tasks at once, 1 more waiting, 60 tasks in 1m'
    })
    expect(selection.summarise()).toBe('1 fits but has all that its owner lets this router have')
  })
})

describe('workers tried before', () => {
  const tried = buildRequest({}, { triedWorkers: ['worker-0'], sameWorker: 'avoid' })

  it('come after every untried one, even one that would queue', () => {
    expect(chosenBy(tried, workers({}, { running: 4, queued: 3 }))).toBe('worker-1')
  })

  it('are taken when nobody else has room, so that the task never starves', () => {
    const selection = select(tried, workers({}, { running: 8 }))
    expect(selection.chosenPeerId).toBe('worker-0')
    expect(selection.explain().candidates[0]?.reason).toContain('tried before')
  })

  it('are like any other with `allow`, and nobody with `never`', () => {
    const allow: SelectionRequest = { ...tried, sameWorker: 'allow' }
    expect(chosenBy(allow, workers({}, { running: 4, queued: 3 }))).toBe('worker-0')
    const never: SelectionRequest = { ...tried, sameWorker: 'never' }
    expect(select(never, workers({})).outlook).toBe('no_worker_fits')
  })
})

describe('preferences', () => {
  const best = { route: { pick: 'best' } }
  const candidates = workers({ latencyMs: 10 }, { latencyMs: 50, labels: { zone: 'home' } })

  it('lift a worker that fulfils them', () => {
    const prefer = [{ match: 'zone = home', weight: 40 }]
    expect(chosenBy(buildRequest(best), candidates)).toBe('worker-0')
    expect(chosenBy(buildRequest({ ...best, where: { prefer } }), candidates)).toBe('worker-1')
  })

  it('lower a worker with a negative weight', () => {
    const prefer = [{ match: 'zone != home', weight: -40 }]
    expect(chosenBy(buildRequest({ ...best, where: { prefer } }), candidates)).toBe('worker-1')
  })

  it('make a cost ten times less at most, or more, and keep the order of those that fulfil them', () => {
    for (const [weight, factor] of [
      [100, 0.1],
      [-100, 10],
      [-30, 1.9953]
    ] as const) {
      const prefer = [1, ...(Math.abs(weight) === 100 ? [2, 3] : [])].map(() => ({
        match: 'exists arch',
        weight
      }))
      const rows = select(buildRequest({ where: { prefer } }), candidates).explain().candidates
      const plain = select(buildRequest(), candidates).explain().candidates
      expect(rows.map(({ preference }) => preference)).toEqual([factor, factor])
      expect((rows[0]?.cost_ms ?? 0) / (plain[0]?.cost_ms ?? 1)).toBeCloseTo(factor, 2)
      expect(rows.toSorted((left, right) => left.cost_ms - right.cost_ms)[0]?.peer_id).toBe(
        'worker-0'
      )
    }
  })
})

describe('outlook', () => {
  it.each([
    ['can_start', [{ running: 8 }, {}]],
    ['would_queue', [{ running: 4 }]],
    ['would_queue', [{ running: 8 }, { availability: 'stopping' }]],
    ['no_worker_fits', [{ availability: 'stopping' }]],
    ['no_worker_fits', []]
  ] as const)('is %s', (outlook, list) => {
    expect(outlookOf(buildRequest(), workers(...list))).toBe(outlook)
    expect(select(buildRequest(), workers(...list)).outlook).toBe(outlook)
  })
})

describe('the same seed', () => {
  it('leads to the same decisions on every machine', () => {
    const random = seededRandom(2026)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T
    const fleet = Array.from({ length: 50 }, (_, index) =>
      buildCandidate({
        peerId: `worker-${String(index).padStart(2, '0')}`,
        slots: 1 + Math.floor(random.next() * 8),
        running: Math.floor(random.next() * 8),
        waitMs: random.next() * 200,
        queuedMs: random.next() * 500,
        workRate: random.next() * 4,
        ownRate: random.next(),
        routers: 1 + Math.floor(random.next() * 3),
        unseenCount: Math.floor(random.next() * 3),
        unseenMs: random.next() * 600,
        speed: 1 + random.next() * 7,
        memoryTotalMb: 4_096 + random.next() * 60_000,
        latencyMs: pick([undefined, 1, 30, 200]),
        prospect: 0.02 + random.next() * 0.98,
        evidenceLeft: Math.floor(random.next() * 40),
        tier: pick(['probation', 'trusted', 'trusted', 'quarantined']),
        labels: { zone: pick(['home', 'office']) }
      })
    )
    const requests = [
      buildRequest(),
      buildRequest({ route: { preset: 'latency' }, resources: { memory: '2GB' } }),
      buildRequest({ where: { prefer: [{ match: 'zone = home', weight: 30 }] } }),
      buildRequest({}, { trust: 'trusted_first', triedWorkers: ['worker-07'], sameWorker: 'avoid' })
    ]
    const picks = Array.from({ length: 200 }, (_, index) => {
      const request = requests[index % requests.length] as SelectionRequest
      const known = fleet.filter(() => random.next() < 0.3)
      const circumstances = {
        draw: random.next(),
        nowMs: index,
        workMs: 20 + random.next() * 2_000
      }
      return selectWorker(request, known, circumstances).chosenPeerId
    })
    expect(new Set(picks).size).toBeGreaterThan(10)
    // Another hash is another policy: its version in explain.ts has to change with it.
    expect(createHash('sha256').update(picks.join()).digest('hex').slice(0, 16)).toBe(
      '7496a2ba421fc402'
    )
  })
})
