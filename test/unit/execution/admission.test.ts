/** Who may come in: every rule with a yes, a no and an edge. */
import { expect, test } from 'vitest'
import { otherUsagePercent, refusalOf } from '../../../src/execution/owner/admission.ts'
import type { AdmissionFacts, AdmissionRules } from '../../../src/execution/owner/admission.ts'

const FACTS: AdmissionFacts = {
  availability: 'open',
  reason: undefined,
  running: 0,
  waiting: 0,
  queuedMs: 0,
  begun: 0,
  cpuUsage: 0,
  cpuCores: 4,
  recentRunning: 0,
  memoryTotalBytes: 100
}
const RULES: AdmissionRules = { slots: 2, queueSlots: 1 }

function codeFor(
  facts: Partial<AdmissionFacts>,
  rules: Partial<AdmissionRules> = {},
  memoryBytes = 1
): string | undefined {
  return refusalOf(memoryBytes, { ...FACTS, ...facts }, { ...RULES, ...rules })?.code
}

test.each<[Partial<AdmissionFacts>, Partial<AdmissionRules>, string | undefined]>([
  [{}, {}, undefined],
  [{ availability: 'cordoned' }, {}, 'WORKER_CORDONED'],
  [{ availability: 'draining' }, {}, 'WORKER_CORDONED'],
  [{ availability: 'stopping' }, {}, 'WORKER_STOPPING'],
  [{ running: 2 }, {}, undefined],
  [{ running: 2, waiting: 1 }, {}, 'WORKER_BUSY'],
  [{ running: 0, waiting: 3 }, {}, 'WORKER_BUSY'],
  [{ running: 2 }, { queueSlots: 0 }, 'WORKER_BUSY'],
  // A long line of short tasks is as good as a short one; what waits is bounded by its work too.
  [{ running: 2, waiting: 7, queuedMs: 250 }, { queueSlots: 8 }, undefined],
  [{ running: 2, waiting: 1, queuedMs: 251 }, { queueSlots: 8 }, 'WORKER_BUSY'],
  // With a slot free, what waits there waits for something else.
  [{ running: 1, waiting: 1, queuedMs: 9_000 }, { queueSlots: 8 }, undefined],
  [{ begun: 4 }, { jobsMax: 5 }, undefined],
  [{ begun: 4, waiting: 1 }, { jobsMax: 5 }, 'WORKER_CORDONED'],
  [{ begun: 5 }, { jobsMax: 5 }, 'WORKER_CORDONED'],
  [{ cpuUsage: 90 }, {}, undefined],
  [{ cpuUsage: 24.9 }, { isIdleOnly: true }, undefined],
  [{ cpuUsage: 25 }, { isIdleOnly: true }, 'OWNER_REFUSED'],
  [{ cpuUsage: 74, recentRunning: 2 }, { isIdleOnly: true }, undefined],
  [{ cpuUsage: 75, recentRunning: 2 }, { isIdleOnly: true }, 'OWNER_REFUSED'],
  // The owner's word comes before the machine's state.
  [{ availability: 'cordoned', running: 9 }, {}, 'WORKER_CORDONED']
])('%j under %j: %s', (facts, rules, code) => {
  expect(codeFor(facts, rules)).toBe(code)
})

test('a task that no room would be large enough for is told so first', () => {
  expect(codeFor({}, {}, 100)).toBeUndefined()
  expect(codeFor({ running: 9 }, {}, 101)).toBe('RESOURCES_UNAVAILABLE')
})

test.each([
  [50, 4, 0, 50],
  [50, 4, 1, 25],
  [50, 4, 2, 0],
  [10, 4, 4, 0],
  [100, 0.5, 0, 100],
  [100, 2, 1, 50]
])('%d %% of %d cores with %d tasks: others use %d %%', (usage, cores, running, others) => {
  expect(otherUsagePercent(usage, cores, running)).toBe(others)
})
