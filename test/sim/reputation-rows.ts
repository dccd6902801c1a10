/**
 * The attacks that are simulated, beside what the design's own simulation of the recommended policy measured
 * (mean of three seeds), and what it measured of routers that believe in the rate of success.
 */
import { DEFAULT_SCENARIO, HOUR_MS } from '../../src/simulation/reputation/scenario.ts'
import type { Attack, Misdeed } from '../../src/simulation/reputation/attacks.ts'
import type { Scenario } from '../../src/simulation/reputation/scenario.ts'
import type { WindowFigures } from '../../src/simulation/reputation/tally.ts'

/** A figure per window; undefined where the design gives none. */
export type Figures = readonly (number | undefined)[]

export interface Measure {
  name: keyof typeof MEASURES
  /** At or below this. */
  target: Figures
  /** Of routers that go by the rate of success, by the design. */
  naive?: string
  /** Standard deviation between two runs that differ in their seeds. */
  noise: number
}

export interface Row {
  attack: string
  scenario: Scenario
  /** How routers that go by the rate of success check, for comparison. */
  naive?: Extract<Scenario['judgement'], { kind: 'naive' }>
  measures: readonly Measure[]
}

/** In percent, or seconds. */
export const MEASURES = {
  'to bad %': ({ toBad }: WindowFigures) => 100 * toBad,
  'misbehaved %': ({ misbehaved }: WindowFigures) => 100 * misbehaved,
  'wrong %': ({ wrong }: WindowFigures) => 100 * wrong,
  'delay s': ({ meanDelayMs }: WindowFigures) => meanDelayMs / 1_000
} as const

const NEVER_WRONG: Figures = [0, 0, 0]
/** A few of the 24,000 jobs of the first window. */
const RARE = 0.004
const LONG_MS = [HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS] as const
const UNCHECKED = { kind: 'naive', checkShare: 0, isPooled: false } as const
const CHECKED = { ...UNCHECKED, checkShare: 0.05 } as const
const POOLED = { ...UNCHECKED, isPooled: true } as const

export const REPUTATION_ROWS: readonly Row[] = [
  {
    attack: 'crash half of their tasks',
    scenario: scenarioOf(steady('crash', 0.5)),
    naive: UNCHECKED,
    measures: [
      { name: 'to bad %', target: [0.16, 0.01, 0], noise: 0.1, naive: '0.36 / 0.00 / 0.00' },
      { name: 'delay s', target: [undefined, undefined, 0.76], noise: 0.04, naive: '1.00' }
    ]
  },
  {
    attack: 'always wrong',
    scenario: scenarioOf(steady('wrong')),
    naive: CHECKED,
    measures: [
      {
        name: 'wrong %',
        target: NEVER_WRONG,
        noise: RARE,
        naive: '3.6 / 0.25 / 0.06 (5 % checked)'
      },
      { name: 'to bad %', target: [0.1, 0, 0], noise: 0.04 }
    ]
  },
  {
    attack: 'wrong one time in five',
    scenario: scenarioOf(steady('wrong', 0.2)),
    naive: CHECKED,
    measures: [
      {
        name: 'wrong %',
        target: [0.01, 0, 0],
        noise: RARE,
        naive: '1.89 / 1.90 / 1.92 (5 % checked)'
      }
    ]
  },
  {
    attack: 'collude: the same wrong answer',
    scenario: scenarioOf(steady('wrong'), { isColluding: true }),
    naive: UNCHECKED,
    measures: [
      { name: 'wrong %', target: NEVER_WRONG, noise: RARE, naive: '24 / 48 / 50 (unchecked)' }
    ]
  },
  {
    attack: 'collude, and claim to be the fastest',
    scenario: scenarioOf(steady('wrong'), { isColluding: true, isFastest: true }),
    naive: UNCHECKED,
    measures: [{ name: 'wrong %', target: NEVER_WRONG, noise: RARE }]
  },
  {
    attack: 'wrong for 5 min in 65',
    scenario: scenarioOf(onOff('wrong'), { windowsMs: LONG_MS }),
    naive: CHECKED,
    measures: [
      {
        name: 'wrong %',
        target: [0.08, 0.01, 0.02],
        noise: 0.02,
        naive: '1.9 / 2.9 / 3.2 (5 % checked)'
      }
    ]
  },
  {
    attack: 'crash for 5 min in 65',
    scenario: scenarioOf(onOff('crash'), { windowsMs: LONG_MS }),
    naive: UNCHECKED,
    measures: [
      {
        name: 'misbehaved %',
        target: [0.17, 0.21, 0.22],
        noise: 0.08,
        naive: '0.17 / 0.06 / 0.02'
      },
      { name: 'delay s', target: [undefined, undefined, 0.72], noise: 0.03, naive: '0.98' }
    ]
  },
  {
    attack: 'crash for 5 min in 65; risk x 10',
    scenario: scenarioOf(onOff('crash'), {
      windowsMs: LONG_MS,
      judgement: { kind: 'evidence', riskFactor: 10 }
    }),
    measures: [{ name: 'misbehaved %', target: [0.17, 0.12, 0.06], noise: 0.08 }]
  },
  {
    attack: 'wrong at once, under ever new names',
    scenario: scenarioOf(steady('wrong'), { isColluding: true, isWhitewashing: true }),
    naive: CHECKED,
    measures: [
      {
        name: 'wrong %',
        target: NEVER_WRONG,
        noise: RARE,
        naive: '8.7 / 13.3 / 14.0 (5 % checked)'
      }
    ]
  },
  patientRow(15, [0.02, 0, 0], 0.01, '7.5 / 12 / 12.6 (5 % checked)'),
  patientRow(200, [0.05, 0.03, 0.04], 0.05),
  patientRow(1_000, [0, 0.03, 0.03], 0.02),
  {
    attack: '2 of 5 routers lie for cheats',
    scenario: scenarioOf(steady('wrong'), {
      isColluding: true,
      isSharing: true,
      badRouters: 0.4
    }),
    naive: POOLED,
    measures: [
      { name: 'wrong %', target: NEVER_WRONG, noise: RARE, naive: '48 / 48 / 48 (pooled)' }
    ]
  },
  {
    attack: '2 of 5 routers lie for crashers',
    scenario: scenarioOf(steady('crash', 0.5), { isSharing: true, badRouters: 0.4 }),
    naive: POOLED,
    measures: [
      {
        name: 'misbehaved %',
        target: [0.06, 0.24, 0.02],
        noise: 0.06,
        naive: '5.2 / 5.3 / 3.9 (pooled)'
      }
    ]
  },
  {
    attack: 'crash; 500 workers, 20 routers, sharing',
    scenario: scenarioOf(steady('crash', 0.5), {
      workers: 500,
      routers: 20,
      jobsPerSecond: 4,
      isSharing: true,
      windowsMs: LONG_MS.slice(0, 2)
    }),
    measures: [{ name: 'misbehaved %', target: [undefined, 0.02], noise: 0.01 }]
  }
]

function scenarioOf(attack: Attack, changes: Partial<Scenario> = {}): Scenario {
  return { ...DEFAULT_SCENARIO, attack, ...changes }
}

function steady(misdeed: Misdeed, share = 1): Attack {
  return { kind: 'steady', misdeed, share }
}

function onOff(misdeed: Misdeed): Attack {
  return { kind: 'on-off', misdeed, goodMs: HOUR_MS, badMs: HOUR_MS / 12 }
}

/** They take a new name, and patience, once they are found out. */
function patientRow(honestTasks: number, target: Figures, noise: number, naive?: string): Row {
  return {
    attack: `honest ${honestTasks} times, then wrong`,
    scenario: scenarioOf(
      { kind: 'patient', misdeed: 'wrong', honestTasks },
      { isWhitewashing: true }
    ),
    ...(naive === undefined ? {} : { naive: CHECKED }),
    measures: [{ name: 'wrong %', target, noise, ...(naive === undefined ? {} : { naive }) }]
  }
}
