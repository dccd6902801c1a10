/** Workers and requests for tests of selection: plain ones, of which a test changes what it is about. */
import { compileJob } from '../../src/model/job.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { Candidate, SelectionRequest } from '../../src/selection/candidate.ts'

/** An idle machine in the middle of everything. */
export function buildCandidate(overrides: Partial<Candidate> = {}): Candidate {
  return {
    peerId: 'worker-a',
    engines: ['builtin', 'javascript'],
    functions: [],
    programs: [],
    images: [],
    networkEngines: [],
    labels: {},
    facts: { arch: 'x64', os: 'linux', agent: 'taskmesh/0.1.0' },
    cpuCores: 8,
    cpuUsage: 0,
    memoryTotalMb: 8_192,
    memoryAvailableMb: 4_096,
    diskTotalMb: 100_000,
    diskAvailableMb: 50_000,
    gpuCount: 0,
    gpuMemoryMb: 0,
    gpuComputeUnits: 0,
    gpuUsage: 0,
    slots: 4,
    queueSlots: 4,
    otherTasks: 0,
    ownTasks: 0,
    otherGpus: 0,
    ownGpus: 0,
    availability: 'open',
    latencyMs: 100,
    reputation: 0.5,
    evidenceCount: 10,
    ages: { capabilitiesMs: 5_000, loadMs: 1_000, latencyMs: 2_000, reputationMs: 0 },
    ...overrides
  }
}

/** The request of a job document; only `task` has a default here, everything else is the model's. */
export function buildRequest(
  document: Partial<JobDocument> = {},
  overrides: Partial<SelectionRequest> = {}
): SelectionRequest {
  const plan = compileJob({ task: { engine: 'builtin', name: 'noop' }, ...document })
  return {
    engine: plan.engine,
    taskName: plan.taskName,
    hasNetwork: plan.hasNetwork,
    resources: plan.resources,
    placement: plan.placement,
    route: plan.route,
    triedWorkers: [],
    refusedLately: new Map(),
    sameWorker: plan.retry.sameWorker,
    defaults: { preset: 'balanced', weights: undefined },
    ...overrides
  }
}
