/** Results that are verified: a router, its workers and their records, with everything real but the network. */
import { afterEach, describe, expect, it } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { JudgedWorkers } from '../../support/judged-workers.ts'
import { compareByFunction } from '../../../src/roles/function-comparison.ts'
import { startEngine } from '../../support/build-engine.ts'
import type { Engine } from '../../support/build-engine.ts'
import type { JobDocument } from '../../../src/model/job.ts'
import type { ItemView } from '../../../src/model/generated/api-job.ts'
import type { SentTask } from '../../support/fake-worker.ts'

const TRUTH = { n: 42 }
const LIE = { n: 43 }
const JUDGE = `12D3KooW${'J'.repeat(44)}`
const ECHO: JobDocument['task'] = { engine: 'builtin', name: 'echo', args: {} }

let engine: Engine

afterEach(async () => await engine.stop())

/** Answers as soon as the task is known to be there. */
function answering(output: (task: SentTask) => unknown): (task: SentTask) => void {
  return (task) => queueMicrotask(() => task.complete(output(task)))
}

const honest = answering(() => TRUTH)
const cheat = answering(() => LIE)

async function start(workers: JudgedWorkers): Promise<Engine> {
  engine = await startEngine({ workers, checks: workers.checks })
  workers.outcomes = engine.outcomes
  return engine
}

async function run(document: Partial<JobDocument>): Promise<ItemView> {
  const id = await engine.submit({ task: ECHO, ...document })
  for (let round = 0; round < 30; round += 1) {
    const [item] = await engine.reader.items(id, { limit: 1 })
    if (item?.state === 'completed' || item?.state === 'failed') return item
    // oxlint-disable-next-line no-await-in-loop -- what follows from the time before
    await engine.advance(500)
  }
  throw new Error(`${id} comes to no end: ${JSON.stringify(await engine.reader.describe(id))}`)
}

function verdictsOn(workerId: string, kind: 'right' | 'wrong'): number {
  return engine.outcomes.filter((one) => one.workerId === workerId && one.kind === kind).length
}

function mesh(): JudgedWorkers {
  const workers = new JudgedWorkers()
  for (const peer of ['honest-1', 'honest-2', 'honest-3']) workers.add(peer, honest, { slots: 4 })
  return workers.add('cheat', cheat, { slots: 4 })
}

describe.each(['adaptive', 'quorum'] as const)('three honest workers and a cheat, %s', (mode) => {
  it('accept nothing wrong, and find out the cheat', async () => {
    const workers = mesh()
    await start(workers)
    for (let count = 0; count < 60; count += 1) {
      // oxlint-disable-next-line no-await-in-loop -- each adds to what is known
      const item = await run({ verify: { mode } })
      expect(item).toMatchObject({ state: 'completed', result: TRUTH })
    }
    expect(verdictsOn('cheat', 'wrong')).toBeGreaterThan(0)
    expect(workers.of('cheat').tier).toBe('quarantined')
    for (const peer of ['honest-1', 'honest-2', 'honest-3']) {
      expect(verdictsOn(peer, 'wrong')).toBe(0)
    }
  })
})

describe('whose word is enough', () => {
  it('in a mesh that has just begun, one more than the job asks for, as long as there is one', async () => {
    const workers = new JudgedWorkers()
    for (const peer of ['a', 'b', 'c', 'd']) workers.add(peer, honest)
    await start(workers)
    const item = await run({ verify: { mode: 'adaptive' } })
    expect(item.verified).toEqual({ by: 'majority', copies: 3, agreed: 3 })
    expect(workers.tasks).toHaveLength(3)
  })

  it('of two new workers, those two', async () => {
    const workers = new JudgedWorkers().add('a', honest).add('b', honest)
    await start(workers)
    const item = await run({ verify: { mode: 'adaptive' } })
    expect(item.verified).toEqual({ by: 'majority', copies: 2, agreed: 2 })
  })

  it('of a new worker and a trusted one, those two', async () => {
    const workers = new JudgedWorkers().add('new', honest).add('old', honest)
    workers.trust('old')
    await start(workers)
    const item = await run({ verify: { mode: 'quorum' } })
    expect(item.verified).toEqual({ by: 'agreement', copies: 2, agreed: 2 })
    expect(verdictsOn('old', 'right')).toBe(1)
    expect(verdictsOn('new', 'right')).toBe(1)
  })

  it('that of a worker with a long record alone, most times', async () => {
    const workers = new JudgedWorkers().add('old', honest).add('new', honest)
    workers.trust('old', 1_000)
    await start(workers)
    const item = await run({ verify: { mode: 'adaptive' } })
    expect(item.verified).toEqual({ by: 'record', copies: 1, agreed: 1 })
    expect(engine.outcomes.map(({ kind }) => kind)).toEqual(['completed'])
  })

  it('of what is not drawn for a spot check, anybody’s', async () => {
    await start(new JudgedWorkers().add('a', honest))
    const item = await run({ verify: { mode: 'spot', share: 1e-9 } })
    expect(item).toMatchObject({ result: TRUTH, verified: { by: 'chance' } })
  })

  it('not that of three workers of one owner, but of one of them and another', async () => {
    const workers = new JudgedWorkers()
    const labels = { owner: 'ada' }
    for (const peer of ['a1', 'a2', 'a3']) workers.add(peer, cheat, { labels })
    workers.add('b', honest).add('c', honest)
    await start(workers)
    const item = await run({ verify: { mode: 'quorum', copies: 3 } })
    expect(item).toMatchObject({ result: TRUTH, verified: { agreed: 2 } })
    const asked = workers.tasks.filter(({ peer }) => peer.startsWith('a'))
    expect(asked.length).toBeLessThanOrEqual(1)
  })

  it('not that of workers in one block of addresses', async () => {
    const workers = new JudgedWorkers().add('a', honest).add('b', honest).add('c', honest)
    workers.addresses['a'] = ['/ip4/8.8.4.1/tcp/1']
    workers.addresses['b'] = ['/ip4/8.8.4.2/tcp/1']
    await start(workers)
    const item = await run({ verify: { mode: 'quorum' } })
    expect(item).toMatchObject({ state: 'completed', verified: { agreed: 2 } })
    const peers = new Set(workers.tasks.map(({ peer }) => peer))
    expect(peers.has('a') && peers.has('b')).toBe(false)
  })

  it('no worker’s that was found wrong before', async () => {
    const workers = mesh()
    workers.trust('honest-1')
    await start(workers)
    const found = await run({ verify: { mode: 'quorum', copies: 4 } })
    expect(found).toMatchObject({ result: TRUTH })
    expect(workers.of('cheat').tier).toBe('quarantined')
    const before = workers.tasks.length
    await run({ verify: { mode: 'quorum', copies: 4 } })
    expect(workers.tasks.slice(before).map(({ peer }) => peer)).not.toContain('cheat')
  })
})

describe('copies that disagree', () => {
  it('are followed by others on trusted workers until enough agree', async () => {
    const workers = new JudgedWorkers().add('cheat', cheat)
    for (const peer of ['old-1', 'old-2']) workers.add(peer, honest)
    workers.add('new', honest)
    for (const peer of ['old-1', 'old-2', 'cheat']) workers.trust(peer)
    await start(workers)
    const item = await run({ verify: { mode: 'quorum', copies: 3, agree: 2 } })
    expect(item).toMatchObject({ result: TRUTH, verified: { by: 'agreement', agreed: 2 } })
    expect(verdictsOn('new', 'wrong') + verdictsOn('old-1', 'wrong')).toBe(0)
  })

  it('leave it undecided where no two agree, and nobody is blamed', async () => {
    const workers = new JudgedWorkers()
    for (let number = 0; number < 8; number += 1) {
      workers.add(
        `w${number}`,
        answering(() => ({ number }))
      )
    }
    await start(workers)
    const item = await run({ verify: { mode: 'quorum', max_copies: 4 } })
    expect(item).toMatchObject({
      state: 'failed',
      error: { code: 'VERIFY_UNDECIDED', blame: 'job' }
    })
    expect(workers.tasks).toHaveLength(4)
    expect(engine.outcomes.some(({ kind }) => kind === 'wrong' || kind === 'right')).toBe(false)
  })

  it('by the measure of the job may be the same', async () => {
    const workers = new JudgedWorkers()
    workers.add(
      'a',
      answering(() => ({ pi: 3.14159265 }))
    )
    workers.add(
      'b',
      answering(() => ({ pi: 3.14159266 }))
    )
    workers.add(
      'c',
      answering(() => ({ pi: 3 }))
    )
    await start(workers)
    const verify = { mode: 'quorum', copies: 3, compare: 'number:1e-6' } as const
    const item = await run({ verify })
    expect(item).toMatchObject({ state: 'completed', verified: { agreed: 2 } })
    expect(JSON.stringify(item.result)).toContain('3.14159')
    expect(verdictsOn('c', 'wrong')).toBe(1)
  })

  it('do not count a copy that failed', async () => {
    const workers = new JudgedWorkers()
    workers.add('a', honest).add('b', honest).add('c', honest)
    workers.add('broken', (task) =>
      queueMicrotask(() => task.fail('SANDBOX_CRASHED', { blame: 'worker' }))
    )
    workers.trust('broken', 50)
    await start(workers)
    const item = await run({ verify: { mode: 'quorum' } })
    expect(item).toMatchObject({ result: TRUTH, state: 'completed' })
    expect(verdictsOn('broken', 'wrong')).toBe(0)
  })

  it('wait for a worker that could tell, for as long as the job may wait for one', async () => {
    const workers = new JudgedWorkers().add('a', honest).add('b', cheat)
    await start(workers)
    const id = await engine.submit({
      task: ECHO,
      verify: { mode: 'quorum' },
      timeouts: { queue: '1m' }
    })
    await engine.advance(5_000, 500)
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'running' })
    workers.add('c', honest)
    workers.onRoom()
    await engine.advance(2_000, 500)
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: TRUTH })
  })
})

describe('a copy that is to be a trusted worker’s', () => {
  it('is waited for while there is one, and not once the last has gone', async () => {
    const workers = new JudgedWorkers().add('old', honest, { availability: 'open', running: 1 })
    for (const peer of ['a', 'b', 'c']) workers.add(peer, honest)
    workers.trust('old')
    await start(workers)
    const id = await engine.submit({ task: ECHO, verify: { mode: 'adaptive' } })
    await engine.advance(10_000, 500)
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'running' })
    expect(workers.tasks).toHaveLength(1)
    workers.cut('old')
    workers.onRoom()
    await engine.advance(5_000, 500)
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: TRUTH })
    expect(workers.tasks.map(({ peer }) => peer).toSorted()).toEqual(['a', 'b', 'c'])
  })
})

describe('a job’s own function', () => {
  it('says what is the same', async () => {
    const workers = new JudgedWorkers()
      .add(
        'a',
        answering(() => 'A')
      )
      .add(
        'b',
        answering(() => 'a')
      )
    const asked: unknown[] = []
    workers.areSame = async ({ left, name, right, voters }) => {
      const texts = new Set([left.output, right.output])
      asked.push({ name, texts, voters: voters.toSorted() })
      return true
    }
    await start(workers)
    const item = await run({ verify: { mode: 'quorum', compare: 'function:same-word' } })
    expect(item).toMatchObject({ state: 'completed', verified: { agreed: 2 } })
    expect(asked).toEqual([
      { name: 'same-word', texts: new Set(['"A"', '"a"']), voters: ['a', 'b'] }
    ])
  })

  it('runs as a job beside it, on a worker that returned neither', async () => {
    const workers = new JudgedWorkers()
    const word: SentTask['task'][] = []
    const judge = (task: SentTask): void => {
      word.push(task.task)
      queueMicrotask(() => task.complete(true))
    }
    workers
      .add(
        'a',
        answering(() => 'A')
      )
      .add(
        'b',
        answering(() => 'a')
      )
    workers.add(JUDGE, judge, { engines: ['function'], functions: ['same-word'] })
    workers.trust(JUDGE)
    const components: Parameters<typeof compareByFunction>[1] = {
      candidates: () => workers.candidates(),
      submitterOf: (jobId) => engine.dispatcher.job(jobId)?.record.submitter,
      run: async (document, init, options) => {
        const accepted = await engine.intake.accept(document, init)
        engine.intake.begin(accepted)
        return await engine.reader.wait(accepted.record.id, options)
      }
    }
    workers.areSame = async (question) => await compareByFunction(question, components, {})
    await start(workers)
    const item = await run({ verify: { mode: 'quorum', compare: 'function:same-word' } })
    expect(item).toMatchObject({ state: 'completed', verified: { agreed: 2 } })
    expect(word).toMatchObject([{ engine: 'function', name: 'same-word' }])
    const jobs = (await engine.reader.list({ limit: 5 })).rows
    const [job, child] = jobs.toSorted((left) => (left.engine === 'builtin' ? -1 : 1))
    expect(jobs).toHaveLength(2)
    expect(child).toMatchObject({ engine: 'function', submitter: 'test', parent: job?.id })
  })

  it('is not asked about what is equal', async () => {
    const workers = new JudgedWorkers().add('a', honest).add('b', honest)
    workers.areSame = async () => await Promise.reject(new Error('it was asked'))
    await start(workers)
    const item = await run({ verify: { mode: 'quorum', compare: 'function:same' } })
    expect(item).toMatchObject({ state: 'completed', verified: { agreed: 2 } })
  })

  it('that fails at what a cheat returned spoils nobody else’s agreement', async () => {
    const workers = new JudgedWorkers().add('a', honest).add('b', cheat).add('c', honest)
    const [right] = [JSON.stringify(TRUTH)]
    workers.areSame = async ({ left, right: other }) => {
      if (left.output === right && other.output === right) return true
      throw new MeshError('VERIFY_FAILED', 'this is no picture')
    }
    for (const peer of ['a', 'c']) workers.trust(peer)
    await start(workers)
    const verify = { mode: 'quorum', copies: 3, compare: 'function:same' } as const
    const item = await run({ verify })
    expect(item).toMatchObject({ state: 'completed', verified: { agreed: 2, copies: 3 } })
    // It may be the function's fault: nobody was found wrong.
    expect(engine.outcomes.filter(({ kind }) => kind === 'wrong')).toEqual([])
  })

  it('fails the task where it fails', async () => {
    const workers = new JudgedWorkers().add('a', honest).add('b', cheat)
    workers.areSame = async () => {
      throw new MeshError('VERIFY_FAILED', 'it is broken')
    }
    await start(workers)
    const item = await run({ verify: { mode: 'quorum', compare: 'function:same' } })
    expect(item).toMatchObject({ state: 'failed', error: { code: 'VERIFY_FAILED', blame: 'job' } })
  })
})
