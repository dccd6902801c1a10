/** Workers and requests for tests of selection: plain ones, of which a test changes what it is about. */
import { compileJob } from '../../src/model/job.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { Candidate, Circumstances, SelectionRequest } from '../../src/selection/candidate.ts'

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
    running: 0,
    queued: 0,
    gpusTaken: 0,
    waitMs: 0,
    queuedMs: 0,
    workRate: 0,
    ownRate: 0,
    routers: 1,
    unseenCount: 0,
    unseenMs: 0,
    unseenGpus: 0,
    limits: undefined,
    allowed: undefined,
    speed: 2,
    cpuSpeed: 2,
    slowdown: 1,
    slowness: 1,
    isSuspected: false,
    tier: 'trusted',
    availability: 'open',
    path: 'direct',
    latencyMs: 100,
    bytesPerMsTo: undefined,
    bytesPerMsFrom: undefined,
    reputation: 0.5,
    prospect: 0.8,
    evidenceCount: 10,
    evidenceLeft: 10,
    ages: {
      capabilitiesMs: 5_000,
      loadMs: 1_000,
      latencyMs: 2_000,
      reputationMs: 0,
      bytesToMs: 0,
      bytesFromMs: 0
    },
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
    taskType: plan.taskType,
    taskName: plan.taskName,
    hasNetwork: plan.hasNetwork,
    runMs: plan.timeouts.runMs,
    resources: plan.resources,
    placement: plan.placement,
    route: plan.route,
    triedWorkers: [],
    refusedLately: new Map(),
    sameWorker: plan.retry.sameWorker,
    trust: 'any',
    defaults: { preset: 'balanced', weights: undefined },
    ...overrides
  }
}

/** A task of half a second at 1 GHz, wherever the draw falls. */
export function buildCircumstances(overrides: Partial<Circumstances> = {}): Circumstances {
  return { draw: 0.5, nowMs: 0, workMs: 500, ...overrides }
}
