/** Who is chosen: room, draw, tiers, ties and preferences. */
import { describe, expect, it } from 'vitest'
import { outlookOf } from '../../../src/selection/outlook.ts'
import { selectWorker } from '../../../src/selection/select.ts'
import { buildCandidate, buildRequest } from '../../support/build-candidate.ts'
import type { Candidate, SelectionRequest } from '../../../src/selection/candidate.ts'

const workers = (...list: Partial<Candidate>[]): Candidate[] =>
  list.map((overrides, index) => buildCandidate({ peerId: `worker-${index}`, ...overrides }))

const chosenBy = (
  request: SelectionRequest,
  candidates: readonly Candidate[],
  draw = 0
): string | undefined => selectWorker(request, candidates, draw, 0).chosenPeerId

describe('the pick', () => {
  it('chooses nobody from nobody', () => {
    const selection = selectWorker(buildRequest(), [], 0.5, 0)
    expect(selection).toMatchObject({ chosenPeerId: undefined, outlook: 'no_worker_fits' })
  })

  it('takes the best with `best`, whatever the draw', () => {
    const candidates = workers({ reputation: 0.1 }, { reputation: 0.9 }, { reputation: 0.5 })
    for (const draw of [0, 0.5, 0.999999]) {
      expect(chosenBy(buildRequest({ route: { pick: 'best' } }), candidates, draw)).toBe('worker-1')
    }
  })

  it('breaks ties by peer id', () => {
    const candidates = workers({ peerId: 'c' }, { peerId: 'a' }, { peerId: 'b' })
    expect(chosenBy(buildRequest({ route: { pick: 'best' } }), candidates)).toBe('a')
  })

  it('draws among the best three only', () => {
    const candidates = workers(
      ...[0.2, 0.4, 0.6, 0.8].map((reputation): Partial<Candidate> => ({ reputation }))
    )
    const drawn = new Set(
      Array.from({ length: 100 }, (_, index) => chosenBy(buildRequest(), candidates, index / 100))
    )
    expect(drawn).toEqual(new Set(['worker-1', 'worker-2', 'worker-3']))
  })

  it('draws in proportion to score and free share', () => {
    const candidates = workers({ ownTasks: 3 }, { ownTasks: 0 })
    const { candidates: rows } = selectWorker(buildRequest(), candidates, 0.1, 0).explain()
    expect(rows.map(({ peer_id, probability }) => [peer_id, probability])).toEqual([
      ['worker-0', 0.2],
      ['worker-1', 0.8]
    ])
  })

  it('takes the first at draw 0 and the last just below 1', () => {
    const candidates = workers({}, {}, {})
    expect(chosenBy(buildRequest(), candidates, 0)).toBe('worker-0')
    expect(chosenBy(buildRequest(), candidates, 1 - 2 ** -53)).toBe('worker-2')
  })

  it('never falls on a worker without a chance because chances sum to a little less than 1', () => {
    const weights = { cpu: 0, memory: 0, disk: 0, gpu: 1, latency: 0, reputation: 0 }
    const request = buildRequest({ route: { weights, pick: 'top99' } })
    for (let count = 1; count <= 60; count += 1) {
      const able = Array.from({ length: count }, () => ({ gpuCount: 1 }))
      const candidates = [...workers(...able), buildCandidate({ peerId: 'without-gpu' })]
      expect(chosenBy(request, candidates, 1 - 2 ** -53)).not.toBe('without-gpu')
    }
  })

  it('still chooses when every score is 0', () => {
    const weights = { cpu: 0, memory: 0, disk: 0, gpu: 1, latency: 0, reputation: 0 }
    const request = buildRequest({ route: { weights } })
    expect(chosenBy(request, workers({}, {}), 0)).toBe('worker-0')
    expect(chosenBy(request, workers({}, {}), 0.5)).toBe('worker-1')
  })
})

describe('room', () => {
  it('prefers a free slot to a better worker that would queue', () => {
    const candidates = workers({ reputation: 1, otherTasks: 4 }, { reputation: 0, otherTasks: 3 })
    expect(chosenBy(buildRequest(), candidates)).toBe('worker-1')
  })

  it('queues at a worker when nobody has a free slot', () => {
    const candidates = workers({ otherTasks: 8 }, { otherTasks: 4, ownTasks: 3 })
    const selection = selectWorker(buildRequest(), candidates, 0, 0)
    expect(selection).toMatchObject({ chosenPeerId: 'worker-1', outlook: 'would_queue' })
    expect(selection.explain().candidates[0]?.reason).toContain('will queue it')
  })

  it('chooses nobody when all are full, which is not the same as fitting nobody', () => {
    const selection = selectWorker(buildRequest(), workers({ otherTasks: 5, ownTasks: 3 }), 0, 0)
    expect(selection).toMatchObject({
      chosenPeerId: undefined,
      outlook: 'would_queue',
      fullCount: 1,
      refusedCount: 0
    })
  })

  it('counts too little free memory as no room now', () => {
    const request = buildRequest({ resources: { memory: '2048MB' } })
    const selection = selectWorker(request, workers({ memoryAvailableMb: 2047 }), 0, 0)
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
    const selection = selectWorker(request, workers({ ...gpus, otherGpus: 1, ownGpus: 1 }), 0, 0)
    expect(selection).toMatchObject({ chosenPeerId: undefined, outlook: 'would_queue' })
    expect(selection.explain().candidates[0]).toMatchObject({
      verdict: 'full',
      reason_code: 'GPUS_TAKEN',
      reason: 'no room now: the task needs 2 GPUs, 1 of 3 are free'
    })
    expect(selection.summarise()).toBe('1 fits but has too few GPUs free now')
  })

  it('send the task to a worker that has enough left', () => {
    const few = { ...gpus, reputation: 1, otherGpus: 2 }
    expect(chosenBy(request, workers(few, { ...gpus, otherGpus: 1 }))).toBe('worker-1')
  })

  it('are nothing to a task that wants none', () => {
    const plain = buildRequest({ task: { engine: 'function', name: 'f' } })
    expect(chosenBy(plain, workers({ ...gpus, otherGpus: 3 }))).toBe('worker-0')
  })
})

describe('workers tried before', () => {
  const tried = buildRequest({}, { triedWorkers: ['worker-0'], sameWorker: 'avoid' })

  it('come after every untried one, even one that would queue', () => {
    expect(chosenBy(tried, workers({ reputation: 1 }, { otherTasks: 7 }))).toBe('worker-1')
  })

  it('are taken when nobody else has room, so that the task never starves', () => {
    const selection = selectWorker(tried, workers({}, { otherTasks: 8 }), 0, 0)
    expect(selection.chosenPeerId).toBe('worker-0')
    expect(selection.explain().candidates[0]?.reason).toContain('tried before')
  })

  it('are like any other with `allow`, and nobody with `never`', () => {
    const allow: SelectionRequest = { ...tried, sameWorker: 'allow' }
    expect(chosenBy(allow, workers({ reputation: 1 }, { otherTasks: 7 }))).toBe('worker-0')
    const never: SelectionRequest = { ...tried, sameWorker: 'never' }
    expect(selectWorker(never, workers({}), 0, 0).outlook).toBe('no_worker_fits')
  })
})

describe('preferences', () => {
  const best = { route: { pick: 'best' } }
  const candidates = workers({ reputation: 0.6 }, { reputation: 0.5, labels: { zone: 'home' } })

  it('lift a worker that fulfils them', () => {
    const prefer = [{ match: 'zone = home', weight: 40 }]
    expect(chosenBy(buildRequest(best), candidates)).toBe('worker-0')
    expect(chosenBy(buildRequest({ ...best, where: { prefer } }), candidates)).toBe('worker-1')
  })

  it('lower a worker with a negative weight', () => {
    const prefer = [{ match: 'zone != home', weight: -40 }]
    expect(chosenBy(buildRequest({ ...best, where: { prefer } }), candidates)).toBe('worker-1')
  })

  it('keep every score between 0 and 1, and preferred workers in order', () => {
    for (const weight of [100, -100]) {
      const prefer = [1, 2, 3].map(() => ({ match: 'exists arch', weight }))
      const { candidates: rows } = selectWorker(
        buildRequest({ where: { prefer } }),
        workers({ reputation: 0.1 }, { reputation: 0.9 }),
        0,
        0
      ).explain()
      const [first, second] = rows.toSorted((left, right) => right.score - left.score)
      expect(first?.peer_id).toBe('worker-1')
      expect(first?.score).toBeLessThan(1)
      expect(second?.score).toBeGreaterThan(0)
      expect(Math.sign(first?.preference ?? 0)).toBe(Math.sign(weight))
    }
  })
})

describe('outlook', () => {
  it.each([
    ['can_start', [{ otherTasks: 8 }, {}]],
    ['would_queue', [{ otherTasks: 4 }]],
    ['would_queue', [{ otherTasks: 8 }, { availability: 'stopping' }]],
    ['no_worker_fits', [{ availability: 'stopping' }]],
    ['no_worker_fits', []]
  ] as const)('is %s', (outlook, list) => {
    expect(outlookOf(buildRequest(), workers(...list))).toBe(outlook)
    expect(selectWorker(buildRequest(), workers(...list), 0, 0).outlook).toBe(outlook)
  })
})
