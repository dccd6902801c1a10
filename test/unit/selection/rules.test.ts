/** Hard rules: each with a worker that passes, one that doesn't, and the edge between them. */
import { describe, expect, it } from 'vitest'
import { compileRules, firstRefusal } from '../../../src/selection/compile.ts'
import { describeRefusal } from '../../../src/selection/rule.ts'
import { buildCandidate, buildRequest } from '../../support/build-candidate.ts'
import type { JobDocument } from '../../../src/model/job.ts'
import type { Candidate, SelectionRequest } from '../../../src/selection/candidate.ts'

/** `CODE: sentence` of the first refusal, or undefined. */
function refusalOf(request: SelectionRequest, overrides: Partial<Candidate>): string | undefined {
  const candidate = buildCandidate(overrides)
  const rule = firstRefusal(compileRules(request), candidate)
  return rule === undefined ? undefined : `${rule.code}: ${describeRefusal(rule, candidate)}`
}

describe('rules on the machine', () => {
  it.each([
    ['stopping', 'WORKER_STOPPING: is stopping'],
    ['draining', 'WORKER_DRAINING: is draining'],
    ['cordoned', 'WORKER_CORDONED: is cordoned by its owner'],
    ['open', undefined]
  ] as const)('says why it refuses a worker that is %s', (availability, refusal) => {
    expect(refusalOf(buildRequest(), { availability })).toBe(refusal)
  })

  it('refuses a worker without the engine, and says what it offers', () => {
    const request = buildRequest({}, { engine: 'wasm' })
    expect(refusalOf(request, { engines: ['javascript', 'builtin'] })).toBe(
      'ENGINE_MISSING: lacks engine wasm (offers builtin, javascript)'
    )
    expect(refusalOf(request, { engines: [] })).toBe(
      'ENGINE_MISSING: lacks engine wasm (offers none)'
    )
    expect(refusalOf(request, { engines: ['wasm'] })).toBeUndefined()
  })

  it('refuses a worker without the function, and says what it has', () => {
    const request = buildRequest({ task: { engine: 'function', name: 'resize' } })
    const engines = ['function']
    expect(refusalOf(request, { engines, functions: ['rotate', 'crop'] })).toBe(
      'FUNCTION_MISSING: lacks function resize (has crop, rotate)'
    )
    const many = Array.from({ length: 10 }, (_, index) => `f${index}`)
    expect(refusalOf(request, { engines, functions: many })).toBe(
      'FUNCTION_MISSING: lacks function resize (has f0, f1, f2, f3, f4, f5, f6, f7 and 2 more)'
    )
    expect(refusalOf(request, { engines, functions: [] })).toBe(
      'FUNCTION_MISSING: lacks function resize (has none)'
    )
    expect(refusalOf(request, { engines: [], functions: [] })).toMatch(/^ENGINE_MISSING/)
    expect(refusalOf(request, { engines, functions: ['resize'] })).toBeUndefined()
  })

  it('refuses a worker that does not allow the program, by its path or its bare name', () => {
    const engines = ['process']
    const refused = (argv: string[], programs: string[]): string | undefined =>
      refusalOf(buildRequest({ task: { engine: 'process', argv: [argv[0] ?? '', 'x'] } }), {
        engines,
        programs
      })
    expect(refused(['sort'], ['/usr/bin/grep', '/opt/consort'])).toBe(
      'PROGRAM_MISSING: lacks program sort (has /opt/consort, /usr/bin/grep)'
    )
    expect(refused(['sort'], [])).toBe('PROGRAM_MISSING: lacks program sort (has none)')
    expect(refused(['/bin/sort'], ['/usr/bin/sort'])).toMatch(/^PROGRAM_MISSING/)
    for (const programs of [['/usr/bin/sort'], ['*']]) {
      expect(refused(['sort'], programs)).toBeUndefined()
      expect(refused(['/usr/bin/sort'], programs)).toBeUndefined()
    }
    // No worker could have it, so that any may say what is wrong with it.
    expect(refused(['../sort'], [])).toBeUndefined()
  })

  it('asks for a program only where all items start the same', () => {
    const task: JobDocument['task'] = { engine: 'process', argv: ['sort'] }
    const worker = { engines: ['process'], programs: ['/usr/bin/grep'] }
    const refused = (each: JobDocument['each']): string | undefined =>
      refusalOf(buildRequest({ task, ...(each === undefined ? {} : { each }) }), worker)
    expect(refused([{ argv: ['grep', 'a'] }, { argv: ['grep', 'b'] }])).toBeUndefined()
    expect(refused([{ argv: ['wc'] }, { argv: ['wc', '-l'] }])).toMatch(/lacks program wc/)
    expect(refused([{ argv: ['wc'] }, {}])).toBeUndefined()
    expect(refused([{}, { stdin: 'x' }])).toMatch(/lacks program sort/)
  })

  it('refuses a worker without the image, which counts by its digest', () => {
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
    const request = buildRequest({ task: { engine: 'container', image: `alpine@${digest}` } })
    const engines = ['container']
    expect(refusalOf(request, { engines, images: [`sha256:${'f'.repeat(64)}`] })).toBe(
      'IMAGE_MISSING: lacks image alpine@sha256:0123456789ab… (has sha256:ffffffffffff…)'
    )
    expect(refusalOf(request, { engines, images: [] })).toContain('(has none)')
    expect(refusalOf(request, { engines, images: [digest] })).toBeUndefined()
  })

  it('refuses a worker that keeps the engine from the network, if the job asks for it', () => {
    const task: JobDocument['task'] = { engine: 'process', argv: ['curl'] }
    const worker = { engines: ['container', 'process'], programs: ['*'] }
    const request = buildRequest({ task, network: { mode: 'full' } })
    expect(refusalOf(request, { ...worker, networkEngines: ['container'] })).toBe(
      'NETWORK_REFUSED: keeps engine process from the network'
    )
    expect(refusalOf(request, { ...worker, networkEngines: ['process'] })).toBeUndefined()
    expect(refusalOf(buildRequest({ task }), { ...worker, networkEngines: [] })).toBeUndefined()
  })

  it('refuses a worker whose owner limits this router to less, in words that say by what', () => {
    const request = buildRequest({ resources: { memory: '2GiB' } })
    const refused = (limits: Candidate['limits']) => refusalOf(request, { limits })
    expect(refused({ denied: true })).toBe(
      'OWNER_LIMITS: is limited by its owner (who takes no tasks of this router)'
    )
    expect(refused({ memory_bytes: 2 ** 30 })).toBe(
      'OWNER_LIMITS: is limited by its owner (who lets a task of this router have 1GiB of memory, not 2GiB of memory)'
    )
    // As long as a job may run that says nothing of it.
    expect(refused({ run_timeout_ms: 60_000 })).toContain('1m to run, not 30m to run')
    expect(refused({ run_timeout_ms: 1_800_000 })).toBeUndefined()
    expect(refused({ memory_bytes: 2 ** 31, slots: 1 })).toBeUndefined()
    expect(refused({})).toBeUndefined()
    expect(refused(undefined)).toBeUndefined()
  })

  it("holds conditions on isolation against the task's own engine", () => {
    const request = buildRequest({ where: { require: ['isolation >= sandbox'] } })
    expect(
      refusalOf(request, { facts: { 'isolation.builtin': 'none', 'isolation.wasm': 'sandbox' } })
    ).toBe('CONDITION_UNMET: does not meet isolation >= sandbox (has isolation.builtin = none)')
    expect(refusalOf(request, { facts: { 'isolation.builtin': 'container' } })).toBeUndefined()
    expect(refusalOf(request, { facts: {} })).toMatch(/^CONDITION_UNMET/)
  })

  it("holds conditions on limits against the task's own engine, and takes no label for one", () => {
    const request = buildRequest({ where: { require: ['exists enforces.memory'] } })
    expect(refusalOf(request, { facts: { 'enforces.builtin.memory': 'yes' } })).toBeUndefined()
    const other = { facts: { 'enforces.process.memory': 'yes' } }
    expect(refusalOf(request, other)).toBe('CONDITION_UNMET: has no enforces.builtin.memory')
    const labels = { 'enforces.builtin.memory': 'yes', 'enforces.memory': 'yes' }
    expect(refusalOf(request, { labels, facts: {} })).toMatch(/^CONDITION_UNMET/)
    const named = buildRequest({ where: { require: ['enforces.process.memory = yes'] } })
    expect(refusalOf(named, other)).toBeUndefined()
  })

  it('takes no label for an isolation', () => {
    const request = buildRequest({ where: { require: ['isolation = sandbox'] } })
    const labels = { isolation: 'sandbox', 'isolation.builtin': 'sandbox' }
    expect(refusalOf(request, { labels, facts: {} })).toMatch(/^CONDITION_UNMET/)
  })

  it('refuses too little of a resource with asked for against there', () => {
    const resources = { cpu: 2, memory: '4096MB', disk: '1024MB', gpu: 1 }
    const request = buildRequest({ resources })
    const enough = { cpuCores: 2, memoryTotalMb: 4096, diskAvailableMb: 1024, gpuCount: 1 }
    expect(refusalOf(request, enough)).toBeUndefined()
    expect(refusalOf(request, { ...enough, cpuCores: 1 })).toBe(
      'CPU_TOO_SMALL: has too few CPU cores (1 of 2)'
    )
    expect(refusalOf(request, { ...enough, memoryTotalMb: 1024 })).toBe(
      'MEMORY_TOO_SMALL: has too little memory (976MiB of 3.82GiB)'
    )
    expect(refusalOf(request, { ...enough, diskAvailableMb: 1023.9 })).toBe(
      'DISK_TOO_SMALL: has too little free disk (976MiB of 977MiB)'
    )
    expect(refusalOf(request, { ...enough, gpuCount: 0 })).toBe(
      'GPU_TOO_FEW: has too few GPUs (0 of 1)'
    )
  })

  it('does not refuse for memory that is only taken at the moment', () => {
    const request = buildRequest({ resources: { memory: '4096MB' } })
    expect(refusalOf(request, { memoryTotalMb: 4096, memoryAvailableMb: 1 })).toBeUndefined()
  })

  it('refuses a figure that is not a number', () => {
    expect(refusalOf(buildRequest({ resources: { cpu: 1 } }), { cpuCores: Number.NaN })).toMatch(
      /^CPU_TOO_SMALL/
    )
  })

  it('asks for nothing that the job did not', () => {
    const request = buildRequest({ resources: { memory: '1MB' } })
    expect(
      refusalOf(request, { cpuCores: 0.1, memoryTotalMb: 1, diskAvailableMb: 0 })
    ).toBeUndefined()
  })
})

describe('rules on placement', () => {
  it('refuses an unmet condition on labels and says what the worker has', () => {
    const request = buildRequest({ where: { require: ['zone = home'] } })
    expect(refusalOf(request, { labels: { zone: 'home' } })).toBeUndefined()
    expect(refusalOf(request, { labels: { zone: 'office' } })).toBe(
      'CONDITION_UNMET: lacks label zone = home (has zone = office)'
    )
    expect(refusalOf(request, {})).toBe('CONDITION_UNMET: lacks label zone = home (has no zone)')
  })

  it.each([
    [
      'cpu_cores >= 8',
      { cpuCores: 8 },
      { cpuCores: 7 },
      'does not meet cpu_cores >= 8 (has cpu_cores = 7)'
    ],
    ['memory_total_mb > 4096', {}, { memoryTotalMb: 4096 }, 'has memory_total_mb = 4096'],
    [
      'arch in (arm64)',
      { facts: { arch: 'arm64' } },
      {},
      'does not meet arch in (arm64) (has arch = x64)'
    ],
    ['os = linux', {}, { facts: { os: 'darwin' } }, 'does not meet os = linux (has os = darwin)'],
    ['gpu_count >= 1', { gpuCount: 1 }, {}, 'has gpu_count = 0'],
    ['exists gpu', { gpuCount: 1 }, {}, 'CONDITION_UNMET: has no gpu'],
    ['exists gpu', { labels: { gpu: 'a100' } }, {}, 'has no gpu'],
    ['exists gpu_memory_mb', { gpuCount: 1, gpuMemoryMb: 8 }, {}, 'has no gpu_memory_mb'],
    ['agent = mesh/1', { facts: { agent: 'mesh/1' } }, {}, 'has agent = taskmesh/0.1.0'],
    ['slots > 4', { slots: 5 }, {}, 'has slots = 4'],
    ['peer_id != worker-a', { peerId: 'worker-b' }, {}, 'has peer_id = worker-a'],
    ['latency_ms < 50', { latencyMs: 49 }, { latencyMs: undefined }, 'has no latency_ms'],
    ['!spot', {}, { labels: { spot: 'yes' } }, 'does not meet !spot (has spot = yes)']
  ] as const)('holds %s against labels and facts', (text, good, bad, words) => {
    const request = buildRequest({ where: { require: [text] } })
    expect(refusalOf(request, good)).toBeUndefined()
    expect(refusalOf(request, bad)).toContain(words)
  })

  it('does not let a label pose as a figure or a fact', () => {
    const request = buildRequest({ where: { require: ['cpu_cores >= 64', 'arch = arm64'] } })
    const posing = { labels: { cpu_cores: '64', arch: 'arm64' } }
    expect(refusalOf(request, posing)).toContain('has cpu_cores = 8')
    expect(refusalOf(request, { ...posing, cpuCores: 64 })).toContain('has arch = x64')
  })

  it('keeps to the named workers', () => {
    const only = buildRequest({ where: { only: ['worker-a', 'worker-b'] } })
    expect(refusalOf(only, { peerId: 'worker-b' })).toBeUndefined()
    expect(refusalOf(only, { peerId: 'worker-c' })).toBe(
      'NOT_IN_ONLY: is not among the 2 in where.only'
    )
    const never = buildRequest({ where: { never: ['worker-a'] } })
    expect(refusalOf(never, {})).toBe('IN_NEVER: is named in where.never')
    expect(refusalOf(never, { peerId: 'worker-b' })).toBeUndefined()
  })

  it('refuses too far away, but not what nobody has measured', () => {
    const request = buildRequest({ where: { max_latency_ms: 150 } })
    expect(refusalOf(request, { latencyMs: 150 })).toBeUndefined()
    expect(refusalOf(request, { latencyMs: 150.01 })).toBe(
      'LATENCY_TOO_HIGH: is too far away (151 ms of at most 150 ms)'
    )
    expect(refusalOf(request, { latencyMs: undefined })).toBeUndefined()
  })

  it('refuses too little reputation or evidence', () => {
    const request = buildRequest({ where: { min_reputation: 0.6, min_evidence: 10 } })
    expect(refusalOf(request, { reputation: 0.6, evidenceCount: 10 })).toBeUndefined()
    expect(refusalOf(request, { reputation: 0.599 })).toBe(
      'REPUTATION_TOO_LOW: has too low a reputation (0.59 of 0.6)'
    )
    expect(refusalOf(request, { reputation: 0.9, evidenceCount: 9 })).toBe(
      'EVIDENCE_TOO_LITTLE: has too little evidence (9 of 10)'
    )
  })

  it('leaves out a worker that has just refused, with what it said', () => {
    const request = buildRequest({}, { refusedLately: new Map([['worker-a', 'not at night']]) })
    expect(refusalOf(request, {})).toBe('REFUSED_LATELY: refused it lately (saying: not at night)')
    expect(refusalOf(request, { peerId: 'worker-b' })).toBeUndefined()
  })

  it('refuses a tried worker only with `never`', () => {
    const tried = { triedWorkers: ['worker-a'] }
    for (const sameWorker of ['avoid', 'allow'] as const) {
      expect(refusalOf(buildRequest({}, { ...tried, sameWorker }), {})).toBeUndefined()
    }
    const never = buildRequest({}, { ...tried, sameWorker: 'never' })
    expect(refusalOf(never, {})).toBe('TRIED_BEFORE: was tried before')
    expect(refusalOf(never, { peerId: 'worker-b' })).toBeUndefined()
  })
})
