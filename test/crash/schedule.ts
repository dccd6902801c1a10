/** The faults of one run, drawn from its seed: when, what, to whom, for how long. Pure. */
import { drawInteger, drawOne, drawWeighted } from './draw.ts'
import type { LinkState } from './link.ts'
import type { Random } from '../../src/core/random.ts'

export const FAULT_KINDS = [
  'router-killed',
  'router-killed-at-acknowledgement',
  'router-terminated',
  'worker-killed',
  'worker-gone',
  'worker-frozen',
  'worker-terminated',
  'bootstrap-killed',
  'link-silent',
  'link-one-way',
  'link-broken',
  'link-slow',
  'client-link-cut'
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

/** A fault of a node; `durationMs` is how long it stays down, Infinity until the end of all faults. */
export interface NodeFault {
  kind: FaultKind
  atMs: number
  node: string
  durationMs: number
  /** Of one at an acknowledgement: so long after a submission has left the client. */
  afterMs?: number
}

/** A fault of the link between two nodes. */
export interface LinkFault {
  kind: FaultKind
  atMs: number
  near: string
  far: string
  state: LinkState
  durationMs: number
}

export type Fault = NodeFault | LinkFault

export interface ScheduleInit {
  /** Faults begin within this time. */
  windowMs: number
  /** Mean time between two. */
  periodMs: number
  bootstrap: string
  client: string
  routers: readonly [string, ...string[]]
  workers: readonly [string, ...string[]]
}

/** How often each comes, beside the others. */
const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  'router-killed': 3,
  'router-killed-at-acknowledgement': 3,
  'router-terminated': 1,
  'worker-killed': 4,
  'worker-gone': 1,
  'worker-frozen': 2,
  'worker-terminated': 2,
  'bootstrap-killed': 1,
  'link-silent': 2,
  'link-one-way': 3,
  'link-broken': 3,
  'link-slow': 2,
  'client-link-cut': 2
}

/** The first faults find work under way. */
const QUIET_MS = 2_000

/** A submission is acknowledged some 2 to 10 ms after it was sent. */
const ACKNOWLEDGEMENT_MS_MAX = 12

/** Long enough, now and then, for a session's silence (15 s) and a lease to end; short enough, mostly, for neither. */
const SILENCES_MS = [500, 2_000, 5_000, 18_000, 24_000] as const

export function drawSchedule(random: Random, init: ScheduleInit): Fault[] {
  const count = Math.max(1, Math.round((init.windowMs - QUIET_MS) / init.periodMs))
  const faults = Array.from({ length: count }, () => {
    const atMs = drawInteger(random, QUIET_MS, Math.max(QUIET_MS, init.windowMs))
    return drawFault(random, init, atMs)
  })
  return faults.toSorted((left, right) => left.atMs - right.atMs)
}

function drawFault(random: Random, init: ScheduleInit, atMs: number): Fault {
  const kind = drawWeighted(random, WEIGHTS)
  const router = drawOne(random, init.routers)
  const worker = drawOne(random, init.workers)
  const silenceMs = drawOne(random, SILENCES_MS)
  const pauseMs = drawInteger(random, 0, 4_000)
  const link = { kind, atMs, near: router, far: worker, durationMs: silenceMs }
  switch (kind) {
    case 'router-killed':
    case 'router-terminated':
      return { kind, atMs, node: router, durationMs: pauseMs }
    case 'router-killed-at-acknowledgement': {
      const afterMs = drawInteger(random, 0, ACKNOWLEDGEMENT_MS_MAX)
      return { kind, atMs, node: router, durationMs: pauseMs, afterMs }
    }
    case 'worker-killed':
    case 'worker-terminated':
      return { kind, atMs, node: worker, durationMs: pauseMs }
    case 'worker-gone':
      return { kind, atMs, node: worker, durationMs: Infinity }
    case 'worker-frozen':
      return { kind, atMs, node: worker, durationMs: silenceMs }
    case 'bootstrap-killed':
      return { kind, atMs, node: init.bootstrap, durationMs: silenceMs }
    case 'link-silent':
      return { ...link, state: 'silent' }
    case 'link-one-way':
      return { ...link, state: drawOne(random, ['forth', 'back'] as const) }
    case 'link-broken':
      return { ...link, state: 'broken', durationMs: pauseMs }
    case 'link-slow':
      return { ...link, state: 'slow' }
    case 'client-link-cut':
      return {
        ...link,
        near: init.client,
        far: router,
        state: drawOne(random, ['forth', 'back', 'broken'] as const),
        durationMs: drawInteger(random, 100, 2_000)
      }
  }
}

export function describeFault(fault: Fault): string {
  const whom = 'node' in fault ? fault.node : `${fault.near}–${fault.far} ${fault.state}`
  const length = fault.durationMs === Infinity ? 'to the end' : `${fault.durationMs} ms`
  return `${(fault.atMs / 1_000).toFixed(1)} s ${fault.kind} ${whom}, ${length}`
}
