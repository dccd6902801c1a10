/**
 * What kinds of jobs arrive: how much work each is, in milliseconds at 1 GHz, and the memory that it needs.
 * How much work one job is nobody knows before it has run, but for the omniscient scheduler.
 */
import { boundedPareto, exponential, meanOfBoundedPareto, oneOf } from './chance.ts'
import type { BoundedPareto } from './chance.ts'
import type { Random } from '../../core/random.ts'

export type WorkLaw =
  | { kind: 'fixed'; meanMs: number }
  | { kind: 'exponential'; meanMs: number }
  | ({ kind: 'pareto' } & BoundedPareto)

export interface JobClass {
  taskType: string
  /** Of all jobs; the shares of a mix sum to 1. */
  share: number
  work: WorkLaw
  memory: readonly { megabytes: number; share: number }[]
}

/** One job as it arrives. */
export interface DrawnJob {
  taskType: string
  workMs: number
  memoryMb: number
}

export type MixName = 'short' | 'heavy' | 'mixed'

const SMALL = [{ megabytes: 256, share: 1 }]

export const MIXES: Readonly<Record<MixName, readonly JobClass[]>> = {
  short: [
    { taskType: 'short', share: 1, work: { kind: 'exponential', meanMs: 50 }, memory: SMALL }
  ],
  heavy: [
    {
      taskType: 'heavy',
      share: 1,
      work: { kind: 'pareto', alpha: 1.2, min: 60, max: 60_000 },
      memory: SMALL
    }
  ],
  mixed: [
    { taskType: 'quick', share: 0.8, work: { kind: 'exponential', meanMs: 100 }, memory: SMALL },
    {
      taskType: 'middling',
      share: 0.15,
      work: { kind: 'exponential', meanMs: 1_500 },
      memory: [{ megabytes: 1_024, share: 1 }]
    },
    {
      taskType: 'long',
      share: 0.05,
      work: { kind: 'exponential', meanMs: 15_000 },
      memory: [
        { megabytes: 1_024, share: 0.5 },
        { megabytes: 4_096, share: 0.3 },
        { megabytes: 12_288, share: 0.2 }
      ]
    }
  ]
}

export function drawJob(classes: readonly JobClass[], random: Random): DrawnJob {
  const { memory, taskType, work } = oneOf(random, classes)
  return { taskType, workMs: drawWork(work, random), memoryMb: oneOf(random, memory).megabytes }
}

export function meanWorkMs(classes: readonly JobClass[]): number {
  return classes.reduce((sum, { share, work }) => sum + share * meanOf(work), 0)
}

/** Whether memory can ever be what a job waits for; where it cannot, it need not be reckoned with. */
export function memoryMbMax(classes: readonly JobClass[]): number {
  return Math.max(...classes.flatMap(({ memory }) => memory.map(({ megabytes }) => megabytes)))
}

function drawWork(work: WorkLaw, random: Random): number {
  switch (work.kind) {
    case 'fixed':
      return work.meanMs
    case 'exponential':
      return exponential(random, work.meanMs)
    case 'pareto':
      return boundedPareto(random, work)
  }
}

function meanOf(work: WorkLaw): number {
  return work.kind === 'pareto' ? meanOfBoundedPareto(work) : work.meanMs
}
