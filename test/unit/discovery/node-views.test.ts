/** Workers as people see them: in which state, whatever they last said. */
import { describe, expect, it } from 'vitest'
import { CandidateBook } from '../../../src/discovery/candidate-book.ts'
import { NodeViews } from '../../../src/discovery/node-views.ts'
import { WorkerLoad } from '../../../src/discovery/worker-load.ts'
import { newWorkerEntry } from '../../../src/discovery/worker-entry.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { recordOf, standingOf } from '../../support/spawn-discovery.ts'
import { OPEN_ACCESS } from '../../../src/protocol/access.ts'
import type { Directory } from '../../../src/discovery/directory.ts'
import type { LoadReport } from '../../../src/model/generated/capability-record.ts'
import type { NodeView } from '../../../src/model/generated/api-node.ts'
import type { WorkerEntry, WorkerState } from '../../../src/discovery/worker-entry.ts'

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const checkNode = validatorFor<NodeView>('api/node')

function stateOf(state: WorkerState, said: Partial<LoadReport> | undefined): NodeView['state'] {
  const entry = newWorkerEntry(
    { peer: PEER, by: 'lease', record: recordOf(PEER) },
    new WorkerLoad(),
    0
  )
  entry.state = state
  if (said !== undefined) {
    const { queue_slots, slots } = recordOf(PEER)
    const figures = { cpu_usage: 0, memory_available_mb: 1, disk_available_mb: 1 }
    const tasks = { running: 0, queued: 0, slots, queue_slots }
    entry.work.take({ ...tasks, ...figures, stopping: false, ...said }, 0)
  }
  return checkNode(viewsOf(entry).describe(PEER)).state
}

function viewsOf(entry: WorkerEntry, quarantinedUntilMs?: number): NodeViews {
  const clock = new FakeClock()
  const book = new CandidateBook(
    { clock, standingOf, wayTo: () => undefined },
    new Map([[PEER, entry]])
  )
  book.recordChanged(entry)
  const judged = book.judged.bind(book)
  return new NodeViews({
    access: OPEN_ACCESS,
    directory: { entries: () => [entry], judged } as unknown as Directory,
    clock,
    files: { has: () => false },
    namespace: 'demo',
    tracker: { wayView: () => ({ path: 'relayed', relay: 'R' }) },
    standingOf: () => ({ ...standingOf(), quarantinedUntilMs }),
    weights: { cpu: 1, memory: 0, disk: 0, gpu: 0, latency: 0, reputation: 0 }
  })
}

describe('a worker is shown', () => {
  it.each([
    ['ready', undefined, 'ready'],
    ['ready', {}, 'ready'],
    ['ready', { availability: 'open' }, 'ready'],
    ['ready', { availability: 'cordoned', stopping: true }, 'cordoned'],
    ['ready', { availability: 'draining', stopping: true }, 'draining'],
    ['ready', { availability: 'stopping', stopping: true }, 'stopping'],
    // An older worker, which does not say why.
    ['ready', { stopping: true }, 'stopping'],
    ['unreachable', { availability: 'cordoned', stopping: true }, 'unreachable'],
    ['unreachable', { stopping: true }, 'stopping'],
    ['connecting', undefined, 'connecting']
  ] as const)('that is %s and says %j as it is', (state, said, shown) => {
    expect(stateOf(state, said)).toBe(shown)
  })
})

function entryIn(state: WorkerState, availability?: 'cordoned'): WorkerEntry {
  const record = { ...recordOf(PEER), labels: { zone: 'Home' } }
  const entry = newWorkerEntry({ peer: PEER, by: 'lease', record }, new WorkerLoad(), 0)
  entry.state = state
  entry.readyCount = 1
  const tasks = { running: 0, queued: 0, slots: 1, queue_slots: 1, stopping: false }
  const figures = { cpu_usage: 0, memory_available_mb: 1, disk_available_mb: 1 }
  if (availability !== undefined) entry.work.take({ ...tasks, ...figures, availability }, 0)
  return entry
}

describe('a list of workers', () => {
  it('tells of one that is quarantined until when, and in which state it is listed', () => {
    const views = viewsOf(entryIn('ready'), 1_800_000_000_000.4)
    const [node] = views.list({}).map((each) => checkNode(each))
    expect(node).toMatchObject({ state: 'ready', quarantined_until_ms: 1_800_000_000_001 })
    expect(views.list({ state: 'quarantined' })).toHaveLength(1)
    expect(views.list({ state: 'ready' })).toEqual([])
    // What it says of itself is the nearer reason.
    const cordoned = viewsOf(entryIn('ready', 'cordoned'), 1_800_000_000_000)
    expect(cordoned.list({ state: 'cordoned' })).toHaveLength(1)
    expect(cordoned.list({ state: 'quarantined' })).toEqual([])
    expect(viewsOf(entryIn('ready')).list({})[0]).not.toHaveProperty('quarantined_until_ms')
  })

  it('has those that are gone only where they are asked for', () => {
    const views = viewsOf(entryIn('unreachable'))
    expect(views.list({})).toEqual([])
    expect(views.list({ state: 'unreachable' })).toMatchObject([{ state: 'unreachable' }])
    expect(views.list({ state: 'connecting' })).toEqual([])
  })

  it.each([
    ['grUV', 1],
    ['zone=home', 1],
    ['HOME', 1],
    ['zone=work', 0]
  ])('is searched for %s', (text, count) => {
    expect(viewsOf(entryIn('ready')).list({ text })).toHaveLength(count)
  })
})

describe('the engines of a worker', () => {
  const about = {
    engines: ['function' as const, 'process' as const],
    functions: ['resize'],
    programs: ['/usr/bin/sort'],
    images: [`sha256:${'0'.repeat(64)}`],
    isolation: { process: 'sandbox' as const },
    enforces: { process: ['memory' as const] },
    network: ['process' as const]
  }
  const entry = newWorkerEntry(
    { peer: PEER, by: 'lease', record: { ...recordOf(PEER), ...about } },
    new WorkerLoad(),
    0
  )
  entry.state = 'ready'
  const views = viewsOf(entry)

  it('are shown with all that it says of them', () => {
    expect(checkNode(views.describe(PEER))).toMatchObject(about)
  })

  it.each([
    ['isolation.process >= sandbox', 1],
    ['isolation.process = container', 0],
    ['exists enforces.process.memory', 1],
    ['exists enforces.process.cpu', 0]
  ])('answer %s', (condition, count) => {
    expect(views.list({ require: [condition] })).toHaveLength(count)
  })

  it('must be named in a condition on them, as there is no task here', () => {
    expect(() => views.list({ require: ['isolation >= sandbox'] })).toThrow(
      expect.objectContaining({
        code: 'FIELD_INVALID',
        hint: 'name one, such as isolation.process'
      })
    )
    expect(() => views.list({ require: ['exists enforces.memory'] })).toThrow(
      expect.objectContaining({ hint: 'name one, such as enforces.process.memory' })
    )
  })
})

it('what a task would find at a worker is shown with its speed', () => {
  const record = recordOf(PEER)
  const entry = newWorkerEntry({ peer: PEER, by: 'lease', record }, new WorkerLoad(), 0)
  entry.state = 'ready'
  const figures = { cpu_usage: 0, memory_available_mb: 1, disk_available_mb: 1 }
  const tasks = { running: 4, queued: 1, slots: 4, queue_slots: 4, stopping: false, seen: 0 }
  const work = { queued_ms: 120, wait_ms: 150, slowdown: 2 }
  entry.work.take({ ...figures, ...tasks, ...work }, 0)
  const view = checkNode(viewsOf(entry).describe(PEER))
  const speed = record.capabilities.cpu_speed_ghz / 2
  expect(view).toMatchObject({ queued_ms: 120, wait_ms: 150, slowdown: 2, speed })
})

describe('workers are found', () => {
  const record = recordOf(PEER)
  const entry = newWorkerEntry({ peer: PEER, by: 'registry', record }, new WorkerLoad(), 0)
  entry.state = 'ready'
  const views = viewsOf(entry)

  it('in pages, each with the number of all', () => {
    const whole = views.find({})
    expect(whole).toMatchObject({ nodes: [{ peer_id: PEER }], total: 1 })
    expect(whole.next).toBeUndefined()
    expect(views.find({ limit: 0 })).toEqual({ nodes: [], total: 1 })
    const [{ weighted_score: score } = {}] = whole.nodes
    expect(views.find({ cursor: `${score}/${PEER}` }).nodes).toEqual([])
    expect(views.find({ cursor: `${score}/1` }).nodes).toHaveLength(1)
    expect(views.find({ cursor: `1/${PEER}` }).nodes).toHaveLength(1)
    expect(views.find({ cursor: `-1/${PEER}` }).nodes).toEqual([])
  })

  it('in the namespace of the router alone', () => {
    expect(views.find({ namespace: 'demo' }).total).toBe(1)
    expect(views.find({ namespace: 'other' })).toEqual({ nodes: [], total: 0 })
  })

  it.each(['x', '/x', 'NaN/x', '0.5/'])('not from a place that nobody named: %s', (cursor) => {
    expect(() => views.find({ cursor })).toThrow(
      expect.objectContaining({ code: 'FIELD_INVALID', path: 'params.cursor' })
    )
  })
})
