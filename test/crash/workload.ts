/** The jobs of one run, drawn from its seed, and what each of their items must return. Pure. */
import { drawIf, drawInteger, drawOne, drawWeighted } from './draw.ts'
import type { Random } from '../../src/core/random.ts'

export interface PlannedJob {
  /** Found again by this in the store, acknowledged or not. */
  name: string
  router: string
  /** When it is submitted. */
  atMs: number
  /** Only a job with a key is submitted again after a lost answer. */
  key: string | undefined
  /** Submitted once more after its acknowledgement: it must be the same job. */
  isRepeated: boolean
  isOnceOnly: boolean
  document: Readonly<Record<string, unknown>>
  /** One per item. */
  expected: readonly ExpectedOutput[]
}

export interface ExpectedOutput {
  /** The output, or that part of it which the document alone decides. */
  value: unknown
  /** The output also has a nonce, which the task wrote to its log as well. */
  hasNonce: boolean
}

export interface WorkloadInit {
  seed: number
  count: number
  windowMs: number
  routers: readonly [string, ...string[]]
}

type TaskKind = 'echo' | 'sleep' | 'javascript'

const KIND_WEIGHTS: Readonly<Record<TaskKind, number>> = { echo: 4, sleep: 3, javascript: 3 }

/** Attempts of one item never begin in the same millisecond, so the time tells them apart. */
const SOURCE = `function main ({ item, n }) {
  const nonce = Date.now()
  console.log('nonce ' + nonce)
  return { item, n, nonce }
}`

const ITEMS_MAX = 12
const KEY_CHANCE = 0.6
const REPEAT_CHANCE = 0.1
const ARRAY_CHANCE = 0.3
const ONCE_ONLY_CHANCE = 0.15

/** Most tasks are over at once; some last long enough for a router or a worker to die meanwhile. */
const LONG_CHANCE = 0.04

export function drawWorkload(random: Random, init: WorkloadInit): PlannedJob[] {
  const { count, windowMs } = init
  return Array.from({ length: count }, (_, index) => {
    const atMs = Math.floor((windowMs * index) / count)
    return drawJob(random, init, { index, atMs })
  })
}

function drawJob(
  random: Random,
  { routers, seed }: WorkloadInit,
  { atMs, index }: { index: number; atMs: number }
): PlannedJob {
  const kind = drawWeighted(random, KIND_WEIGHTS)
  const itemCount = drawIf(random, ARRAY_CHANCE) ? drawInteger(random, 2, ITEMS_MAX) : undefined
  const isOnceOnly = drawIf(random, ONCE_ONLY_CHANCE)
  const isKeyed = drawIf(random, KEY_CHANCE)
  const name = `crash-${seed}-${index}`
  const tasks = Array.from({ length: itemCount ?? 1 }, (_, item) =>
    drawTask(random, { kind, item, n: index })
  )
  return {
    name,
    router: drawOne(random, routers),
    atMs,
    key: isKeyed ? name : undefined,
    isRepeated: isKeyed && drawIf(random, REPEAT_CHANCE),
    isOnceOnly,
    document: {
      name,
      ...(isKeyed ? { key: name } : {}),
      task: { ...engineOf(kind), ...(itemCount === undefined ? tasks[0]?.body : {}) },
      ...(itemCount === undefined ? {} : { each: tasks.map(({ body }) => body) }),
      on_disconnect: { wait: `${drawInteger(random, 1, 5)}s` },
      retry: { attempts: isOnceOnly ? 1 : 20, backoff: { delay: '100ms', max: '1s' } }
    },
    expected: tasks.map(({ expected }) => expected)
  }
}

function engineOf(kind: TaskKind): object {
  return kind === 'javascript'
    ? { engine: 'javascript', source: SOURCE }
    : { engine: 'builtin', name: kind }
}

/** The part of a task that differs from item to item, and what comes of it. */
function drawTask(
  random: Random,
  { item, kind, n }: { kind: TaskKind; item: number; n: number }
): { body: object; expected: ExpectedOutput } {
  const value = { item, n }
  switch (kind) {
    case 'echo':
      return { body: { args: value }, expected: { value, hasNonce: false } }
    case 'sleep': {
      const isLong = drawIf(random, LONG_CHANCE)
      const ms = isLong ? drawInteger(random, 500, 3_000) : drawInteger(random, 0, 40)
      return { body: { args: { ms } }, expected: { value: null, hasNonce: false } }
    }
    case 'javascript':
      return { body: { input: value }, expected: { value, hasNonce: true } }
  }
}
