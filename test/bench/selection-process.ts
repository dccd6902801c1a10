/** Process of selection.bench: chooses over and over among so many workers. */
import { buildCandidate, buildCircumstances, buildRequest } from '../support/build-candidate.ts'
import { selectWorker } from '../../src/selection/select.ts'
import { answerParent } from './support/child.ts'
import type { Candidate, Circumstances } from '../../src/selection/candidate.ts'
import type { Sample } from './support/bench.ts'

export interface SelectionQuestion {
  design: 'sum' | 'pick' | 'pick and explain'
  workers: number
  durationMs: number
}

/** Between looks at the clock. */
const BATCH = 16

const request = buildRequest()
let draw = 0
/** Kept, so that the compiler can't leave out what nobody uses. */
let sink = 0

function measure({ design, durationMs, workers }: SelectionQuestion): Sample {
  const candidates = Array.from({ length: workers }, (_, index) => variedCandidate(index))
  const run = { sum: sumUp, pick, 'pick and explain': explain }[design]
  const startMs = performance.now()
  let count = 0
  while (performance.now() - startMs < durationMs) {
    for (let index = 0; index < BATCH; index += 1) sink += run(candidates)
    count += BATCH
  }
  const us = ((performance.now() - startMs) * 1_000) / count
  return { us, usPerWorker: us / workers }
}

/** No two alike, some full. */
function variedCandidate(index: number): Candidate {
  return buildCandidate({
    peerId: `worker-${index}`,
    cpuUsage: (index * 7) % 100,
    memoryAvailableMb: 1_024 + ((index * 977) % 7_000),
    latencyMs: (index * 13) % 200,
    reputation: ((index * 37) % 100) / 100,
    speed: 1 + ((index * 31) % 70) / 10,
    running: index % 5,
    queued: index % 5 === 4 ? index % 3 : 0,
    waitMs: index % 5 === 4 ? index % 300 : 0,
    unseenCount: index % 2,
    unseenMs: (index % 2) * 100
  })
}

function nextCircumstances(): Circumstances {
  draw = (draw + 0.618) % 1
  return buildCircumstances({ draw })
}

function pick(candidates: readonly Candidate[]): number {
  return selectWorker(request, candidates, nextCircumstances()).consideredCount
}

function explain(candidates: readonly Candidate[]): number {
  const selection = selectWorker(request, candidates, nextCircumstances())
  return JSON.stringify(selection.explain()).length
}

function sumUp(candidates: readonly Candidate[]): number {
  let sum = 0
  for (const worker of candidates) {
    sum += worker.cpuUsage + worker.memoryAvailableMb + worker.diskAvailableMb
    sum += worker.gpuCount + (worker.latencyMs ?? 0) + worker.reputation
  }
  return sum
}

answerParent({ measure, sink: () => sink })
