import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/core/random.ts'
import { audit } from './audit.ts'
import { drawSchedule } from './schedule.ts'
import { drawWorkload } from './workload.ts'
import type { AttemptRecord, ItemRecord, JobRecord, Transition } from '../../src/jobs/records.ts'
import type { Evidence, JobEvidence } from './evidence.ts'
import type { JournalLine } from './journals.ts'
import type { PlannedJob } from './workload.ts'

const planned: PlannedJob = {
  name: 'crash-1-0',
  router: 'router-1',
  atMs: 0,
  key: 'crash-1-0',
  isRepeated: false,
  isOnceOnly: false,
  document: {},
  expected: [{ value: { item: 0, n: 0 }, hasNonce: true }]
}

function transition(state: Transition['state'], atMs: number): Transition {
  return { state, atMs, by: 'router', reason: 'SUBMITTED' }
}

function attempt(number: number, change: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    jobId: 'j-1',
    itemIndex: 0,
    number,
    leaseId: `l-${number}`,
    state: 'completed',
    workerId: 'w',
    offeredAtMs: number,
    endedAtMs: number,
    error: null,
    usage: null,
    progress: null,
    logFile: null,
    history: [],
    ...change
  }
}

function began(number: number, change: Partial<JournalLine> = {}): JournalLine {
  const lease = `l-${number}`
  const name = { lease_id: lease, router: 'r', job_id: 'j-1', item: 0, attempt: number }
  return { at_ms: number, event: 'began', ...name, worker: 'worker-1', ...change }
}

/** A job whose first attempt was lost and whose second completed it. */
function soundEvidence(): Evidence & { jobs: [JobEvidence] } {
  const counts = { queued: 0, running: 0, completed: 1, failed: 0, stopped: 0, held: 0 }
  const job = {
    id: 'j-1',
    name: planned.name,
    state: 'completed',
    itemCount: 1,
    counts,
    attemptCount: 2,
    history: [transition('queued', 1), transition('running', 2), transition('completed', 3)]
  } as Partial<JobRecord> as JobRecord
  const ended = { state: 'completed', endedAtMs: 3, attemptCount: 2, resultAttempt: 2 }
  const item = { index: 0, error: null, ...ended } as ItemRecord
  return {
    planned: [planned],
    acknowledged: [{ planned, jobId: 'j-1' }],
    jobs: [
      {
        router: 'router-1',
        job,
        items: [item],
        attempts: [attempt(1, { state: 'lost' }), attempt(2)],
        outputs: new Map([[0, { item: 0, n: 0, nonce: 42 }]]),
        logs: new Map([
          ['0/1', 'nonce 41\n'],
          ['0/2', 'nonce 42\n']
        ])
      }
    ],
    journal: [began(1), began(2)]
  }
}

type Change = (evidence: Evidence & { jobs: [JobEvidence] }) => Evidence

const withJob =
  (change: (job: JobEvidence) => Partial<JobEvidence>): Change =>
  (evidence) => ({ ...evidence, jobs: [{ ...evidence.jobs[0], ...change(evidence.jobs[0]) }] })

const onceOnly: Change = (evidence) => ({
  ...evidence,
  planned: [{ ...planned, isOnceOnly: true }]
})

function drawAll(seed: number): unknown {
  const random = seededRandom(seed)
  const routers = ['router-1', 'router-2'] as const
  const names = { bootstrap: 'bootstrap', client: 'client', routers, workers: routers }
  const schedule = drawSchedule(random, { windowMs: 60_000, periodMs: 1_000, ...names })
  const jobs = drawWorkload(random, { seed, count: 50, windowMs: 60_000, routers })
  return { schedule, jobs }
}

const BROKEN: readonly (readonly [string, Change])[] = [
  ['an acknowledged job exists', (evidence) => ({ ...evidence, jobs: [], journal: [] })],
  [
    'a key stands for one job',
    (evidence) => {
      const [first] = evidence.jobs
      const second = { ...first, job: { ...first.job, id: 'j-2' }, attempts: [], items: [] }
      return { ...evidence, jobs: [first, second] }
    }
  ],
  [
    'a job ends exactly once',
    withJob(({ job }) => ({
      job: { ...job, history: [...job.history, transition('completed', 4)] }
    }))
  ],
  ['a job ends exactly once', withJob(({ job }) => ({ job: { ...job, state: 'running' } }))],
  [
    'a job ends exactly once',
    withJob(({ items }) => ({ items: items.map((item) => ({ ...item, state: 'failed' })) }))
  ],
  [
    'a result is that of the attempt it names, which completed',
    withJob(() => ({ outputs: new Map([[0, { item: 0, n: 0, nonce: 41 }]]) }))
  ],
  [
    'a result is that of the attempt it names, which completed',
    withJob(() => ({ outputs: new Map([[0, { item: 1, n: 0, nonce: 42 }]]) }))
  ],
  [
    'a result is that of the attempt it names, which completed',
    withJob(() => ({ attempts: [attempt(1, { state: 'lost', offeredAtMs: 9 }), attempt(2)] }))
  ],
  [
    'a result is that of the attempt it names, which completed',
    withJob(() => ({ attempts: [attempt(1), attempt(2, { state: 'lost' })] }))
  ],
  [
    'an attempt has a number and a lease of its own',
    withJob(() => ({ attempts: [attempt(1, { state: 'lost', leaseId: 'l-2' }), attempt(2)] }))
  ],
  ['what completed has begun at a worker', (evidence) => ({ ...evidence, journal: [began(1)] })],
  [
    'a lease begins once',
    (evidence) => ({
      ...evidence,
      journal: [...evidence.journal, began(2, { worker: 'worker-2' })]
    })
  ],
  ['a job that may run once began at most once', onceOnly],
  [
    'nothing begins that was given out after the item was completed',
    withJob(() => ({ attempts: [attempt(1, { state: 'lost', offeredAtMs: 9 }), attempt(2)] }))
  ],
  [
    'an attempt is on disk before it begins',
    (evidence) => ({
      ...onceOnly(evidence),
      journal: [began(2), began(1, { lease_id: 'l-9' })]
    })
  ],
  [
    'counts agree with items and attempts',
    withJob(({ job }) => ({ job: { ...job, attemptCount: 3 } }))
  ],
  [
    'counts agree with items and attempts',
    withJob(({ job }) => ({ job: { ...job, counts: { ...job.counts, failed: 1 } } }))
  ]
]

describe('the audit', () => {
  test('finds nothing in a run that was as it should be', () => {
    expect(audit(soundEvidence())).toEqual([])
  })

  test.each(BROKEN)('tells when it is not so that %s', (rule, change) => {
    const rules = audit(change(soundEvidence())).map((violation) => violation.rule)
    expect(rules).toContain(rule)
  })

  test('lets a dispatch come late that was on its way when the item was completed elsewhere', () => {
    const evidence = soundEvidence()
    expect(audit({ ...evidence, journal: [began(2), began(1, { at_ms: 99 })] })).toEqual([])
  })

  test('lets a task that may run once be lost', () => {
    const { jobs, ...evidence } = soundEvidence()
    const [{ items, job, ...rest }] = jobs
    const failed: JobEvidence = {
      ...rest,
      job: {
        ...job,
        state: 'failed',
        attemptCount: 1,
        counts: { ...job.counts, completed: 0, failed: 1 },
        history: [transition('queued', 1), transition('failed', 2)]
      },
      items: items.map((item) => ({ ...item, state: 'failed', attemptCount: 1 })),
      attempts: [attempt(1, { state: 'lost' })]
    }
    const once = { ...evidence, planned: [{ ...planned, isOnceOnly: true }] }
    expect(audit({ ...once, jobs: [failed], journal: [began(1)] })).toEqual([])
  })
})

test('the same seed gives the same faults and the same jobs', () => {
  expect(drawAll(7)).toEqual(drawAll(7))
  expect(drawAll(8)).not.toEqual(drawAll(7))
})
