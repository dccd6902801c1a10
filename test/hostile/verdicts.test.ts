/** The verdicts themselves: each can say no. */
import { expect, test } from 'vitest'
import { findingsIn } from './logs.ts'
import { judge } from './verdicts.ts'
import type { Evidence, Period, VictimEvidence } from './verdicts.ts'
import type { Glimpse } from './witness.ts'
import type { Sample } from './load.ts'

const MIB = 1_024 * 1_024

function glimpse(rest: Partial<Glimpse> = {}): Glimpse {
  const counts = { resources: {}, counts: undefined, blamed: {}, shunned: [] }
  return { usedBytes: 50 * MIB, rssBytes: 0, cpuMs: 0, lagMaxMs: 0, ...counts, ...rest }
}

function victim(rest: Partial<VictimEvidence> = {}): VictimEvidence {
  const seen = { before: glimpse(), during: glimpse(), after: glimpse() }
  return { name: 'router', death: undefined, peakBytes: 0, ...seen, ...rest }
}

function sample(startedAtMs: number, rest: Partial<Sample> = {}): Sample {
  const id = { jobId: `j-${startedAtMs}`, fault: undefined }
  return { kind: 'short', startedAtMs, tookMs: 10, ...id, ...rest }
}

function period(fromMs: number): Period {
  return { fromMs, untilMs: fromMs + 10, loadAverage: 1, stallMs: 0 }
}

const PEACE: Evidence = {
  samples: [sample(0), sample(10), sample(20)],
  quiet: period(0),
  control: period(30),
  attack: period(10),
  quietAgain: period(20),
  states: new Map(['j-0', 'j-10', 'j-20'].map((id) => [id, 'completed'])),
  victims: [victim()],
  findings: [],
  attacks: [{ name: 'a', fromMs: 10, untilMs: 20, counts: { steps: 1, sentBytes: 1, got: {} } }],
  complaints: []
}

function missed(rest: Partial<Evidence>): string[] {
  return judge({ ...PEACE, ...rest })
    .filter(({ isMet }) => !isMet)
    .map(({ question }) => question)
}

test('a mesh that was left in peace has held', () => {
  expect(missed({})).toEqual([])
})

test('what the use of the processor alone costs is no fault of the mesh', () => {
  const slow = [sample(0), sample(10, { tookMs: 30 }), sample(20)]
  const states = new Map([...PEACE.states, ['j-30', 'completed']])
  expect(missed({ states, samples: [...slow, sample(30, { tookMs: 16 })] })).toEqual([])
  expect(missed({ states, samples: [...slow, sample(30, { tookMs: 14 })] })).toHaveLength(1)
})

test.each<[string, Partial<Evidence>]>([
  ['no acknowledged job', { states: new Map([['j-0', 'completed']]) }],
  ['no acknowledged job', { samples: [...PEACE.samples, sample(11, { fault: 'it is failed' })] }],
  ['p99', { samples: [sample(0), sample(10, { tookMs: 30 }), sample(20)] }],
  ['p99', { samples: [sample(0), sample(20)] }],
  ['memory', { victims: [victim({ after: glimpse({ usedBytes: 100 * MIB }) })] }],
  ['no victim died', { victims: [victim({ death: 'it ended by itself' })] }],
  ['logs are clean', { findings: [{ victim: 'router', what: 'no JSON', line: 'x' }] }],
  ['no attacker was told INTERNAL', { attacks: [attackThatGot('INTERNAL')] }],
  ['no attacker was told INTERNAL', { attacks: [attackThatGot('500')] }],
  ['honest peers', { victims: [victim({ after: glimpse({ shunned: ['peer'] }) })] }],
  ['the attackers did', { attacks: [] }],
  ['the attackers did', { complaints: ['a process of attackers ended with 1'] }]
])('%s: it can be missed', (question, rest) => {
  const questions = missed(rest)
  expect(questions.some((each) => each.startsWith(question))).toBe(true)
})

function attackThatGot(answer: string): Evidence['attacks'][number] {
  return {
    name: 'a',
    fromMs: 0,
    untilMs: 1,
    counts: { steps: 1, sentBytes: 1, got: { [answer]: 1 } }
  }
}

test.each([
  ['a control character', '{"level":30,"msg":"\u001b[31m"}'],
  ['a control character', '{"level":30,"msg":"a\u2028b"}'],
  ['no JSON', 'Error: at somewhere'],
  ['an error that nobody foresaw', '{"level":50,"msg":"command failed"}'],
  ['INTERNAL', '{"level":40,"code":"INTERNAL"}'],
  [undefined, 'hashing /tmp/x  25/64 files  43%  224KiB of 512KiB'],
  [undefined, '{"level":30,"msg":"attempt failed","code":"INTERNAL"}']
])('of a log, %s is found', (what, line) => {
  expect(findingsIn('router', `${line}\n`).map((finding) => finding.what)).toEqual(
    what === undefined ? [] : [what]
  )
})
