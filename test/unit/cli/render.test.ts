/** What people read, letter by letter. */
import { describe, expect, test } from 'vitest'
import { readyLine, reachWarning } from '../../../src/cli/commands/roles.ts'
import { loadSettings } from '../../../src/config/load.ts'
import {
  decisionSentence,
  renderDecision,
  whyNotSentence
} from '../../../src/cli/render-decision.ts'
import { renderEnd, renderResult } from '../../../src/cli/render-job.ts'
import { describeEarlierRun } from '../../../src/cli/render-files.ts'
import { resultOf } from '../../../src/cli/columns.ts'
import {
  renderBar,
  renderGrid,
  renderTable,
  shortPeer,
  shorten,
  styleFor,
  withoutEllipsis
} from '../../../src/cli/render.ts'
import { Output } from '../../../src/cli/output.ts'
import { describeOffer, planWorkers } from '../../../src/cli/mesh-plan.ts'
import { mergeCounts } from '../../../src/cli/demo-words.ts'
import { fakeTerminal } from '../../support/fake-terminal.ts'
import { buildJobView } from '../../support/fake-api-services.ts'
import type { DecisionCandidate, DecisionRecord } from '../../../src/model/generated/decision.ts'
import type { OutputFormat } from '../../../src/cli/output.ts'

const PLAIN = styleFor(false)
const FILE = {
  name: 'thumbs',
  file: `sha256:${'a'.repeat(64)}`,
  size: 3_355_443,
  kind: 'folder'
} as const
const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

const term = (raw: number, ms: number): DecisionCandidate['terms'][string] => ({
  raw,
  score: 0.5,
  weight: 0.5,
  weighted: 0.25,
  ms,
  age_ms: 10
})

describe('pieces', () => {
  test.each([
    [0, ''],
    [0.5, '██'],
    [0.53125, '██▏'],
    [1, '████'],
    [7, '████'],
    [Number.NaN, '']
  ])('a bar of %d', (share, bar) => {
    expect(renderBar(share, 4)).toBe(bar)
  })

  test('short names of peers, and back', () => {
    expect(shortPeer(PEER)).toBe('…GYkZzB')
    expect(shortPeer(null)).toBe('–')
    expect(withoutEllipsis('…GYkZzB')).toBe('GYkZzB')
    expect(withoutEllipsis(PEER)).toBe(PEER)
  })

  test('long texts become one short line', () => {
    expect(shorten('a\n  b', 10)).toBe('a b')
    expect(shorten('abcdef', 4)).toBe('abc…')
  })

  test('a table has columns two spaces apart and no trailing spaces', () => {
    const rows = [
      { name: 'a', count: 1 },
      { name: 'long', count: 100 }
    ]
    const table = renderTable(
      rows,
      [
        { title: 'name', text: ({ name }) => name },
        { title: 'count', text: ({ count }) => String(count), align: 'right' },
        { title: 'note', text: () => '' }
      ],
      PLAIN
    )
    expect(table).toBe('NAME  COUNT  NOTE\na         1\nlong    100')
  })

  test("text of strangers can't steer the terminal, our own colours may", () => {
    expect(renderGrid([['\u001b]0;owned\u0007 x\r']])).toBe('·]0;owned· x·')
    expect(renderGrid([[styleFor(true).red('x')]])).toBe('\u001b[31mx\u001b[39m')
  })
})

describe('output', () => {
  const rows = [{ id: 'a', list: [1], text: 'x,"y"' }]
  const printed = (format: OutputFormat): string => {
    const terminal = fakeTerminal()
    const output = new Output(terminal, { format, isQuiet: false })
    output.rows(rows, [{ title: 'id', text: ({ id }) => id }], 'none')
    return terminal.stdout.text
  }

  test.each<[OutputFormat, string]>([
    ['table', 'ID\na\n'],
    ['json', '[{"id":"a","list":[1],"text":"x,\\"y\\""}]\n'],
    ['jsonl', '{"id":"a","list":[1],"text":"x,\\"y\\""}\n'],
    ['csv', 'id,list,text\na,[1],"x,""y"""\n']
  ])('%s', (format, expected) => {
    expect(printed(format)).toBe(expected)
  })

  test('notes hold names of strangers, which cannot steer the terminal either', () => {
    const terminal = fakeTerminal()
    const output = new Output(terminal, { format: 'table', isQuiet: false })
    output.note('not offered: a\u001b]0;owned\u0007\u001b[2J')
    output.alert(`${styleFor(true).red('x')}\u202ey\nsecond`)
    expect(terminal.stderr.text).toBe(
      'not offered: a·]0;owned··[2J\n\u001b[31mx\u001b[39m·y\nsecond\n'
    )
  })

  test('an empty table says so on stderr, an empty list is still a list', () => {
    const terminal = fakeTerminal()
    new Output(terminal, { format: 'table', isQuiet: false }).rows([], [], 'nothing here')
    new Output(terminal, { format: 'json', isQuiet: false }).rows([], [], 'nothing here')
    expect([terminal.stdout.text, terminal.stderr.text]).toEqual(['[]\n', 'nothing here\n'])
  })
})

describe('a decision', () => {
  const figures = { crowd_ms: 5, prospect: 0.975, tasks: 1, slots: 4, weighted_score: 0.6 }
  const record: DecisionRecord = {
    at_ms: 1,
    job_id: 'j-1',
    item: 2,
    attempt: 1,
    policy: 'expected-completion-time/1',
    preset: 'balanced',
    weights: { cpu: 0.5, latency: 0.5, gpu: 0 },
    factors: { cpu: 1, latency: 2, gpu: 0, data: 0 },
    work_ms: 200,
    pick: 'top3',
    draw: 0.42,
    chosen: PEER,
    considered: 3,
    filters: ['CONDITION_UNMET'],
    rejected: { CONDITION_UNMET: 1 },
    full: 0,
    candidates: [
      {
        ...figures,
        peer_id: PEER,
        verdict: 'chosen',
        reason: 'picked among 2 with draw 0.42',
        reason_code: 'PICKED',
        terms: { cpu: term(4, 85.25), latency: term(12.5, 12.5), gpu: term(0, 0) },
        wait_ms: 30,
        run_ms: 50.25,
        cost_ms: 110.25,
        score: 1,
        probability: 0.6
      },
      {
        ...figures,
        peer_id: '12D3KooWother0rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGotherX',
        verdict: 'rejected',
        reason: 'lacks label zone = home',
        reason_code: 'CONDITION_UNMET',
        terms: { cpu: term(1, 1_205), latency: term(1, 1), gpu: term(0, 0) },
        wait_ms: 0,
        run_ms: 1_200,
        cost_ms: 1_207,
        score: 0.0913
      }
    ]
  }

  test('shows what each part costs in milliseconds, that add up, then the reasons', () => {
    expect(renderDecision(record, PLAIN)).toBe(
      [
        'j-1, item 2, attempt 1: 3 workers looked at, preset balanced, pick top3',
        '',
        'WORKER     NET  WAIT   RUN  CROWD  = COST  SCORE  CHANCE',
        '            ×2',
        '▶ …GYkZzB   13    30    50      5     110   1.00     60%',
        '  …otherX    1     0  1200      5    1207   0.09       –',
        '',
        '…GYkZzB was chosen: picked among 2 with draw 0.42',
        '  …otherX  rejected: lacks label zone = home',
        '  … 1 more',
        '  refused in all: 1 × CONDITION_UNMET'
      ].join('\n')
    )
  })

  test('fits a terminal of a hundred columns with every part that there can be', () => {
    const factors = { cpu: 1.5, memory: 1, disk: 1, gpu: 1, latency: 2, reputation: 1, data: 1 }
    const candidates = record.candidates.map((row) => ({
      ...row,
      path: 'relayed' as const,
      move_ms: 1_000,
      preference: 0.4,
      run_ms: 12_345
    }))
    const lines = renderDecision({ ...record, factors, candidates }, PLAIN)
      .split('\n')
      .slice(0, 5)
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100)
  })

  test('shows the facts behind them, and how old they were, where there is room', () => {
    const terms = { memory: term(22_400, 3), data: term(3_355_443, 8), reputation: term(0.9, 4) }
    const candidates = record.candidates.map((candidate) => ({ ...candidate, terms }))
    const factors = { memory: 1, data: 1, reputation: 1 }
    const text = renderDecision({ ...record, factors, candidates }, PLAIN, { isWide: true })
    expect(text).toContain('20.9GiB free, 10ms ago')
    expect(text).toContain('3.2MiB there, 10ms ago')
    expect(text).toContain('sees 97.5% through, 10ms ago')
    expect(text).toContain('SUITS')
  })

  test('says by which path each is reached, and how fast that is', () => {
    const [chosen, other] = record.candidates as [DecisionCandidate, DecisionCandidate]
    const rate = { bytes_per_second: 2 ** 20, age_ms: 5 }
    const far = { ...other, path: 'relayed', move_ms: 1_000, bandwidth: { to: rate } } as const
    const decision = { ...record, candidates: [{ ...chosen, path: 'lan' as const }, far] }
    expect(decisionSentence(decision)).toMatch(/^…GYkZzB \(lan\) was chosen: picked/)
    expect(whyNotSentence(decision)).toBe('not …otherX (relayed): lacks label zone = home')
    const text = renderDecision(decision, PLAIN, { isWide: true })
    expect(text).toContain('…otherX (relayed)  rejected: lacks label')
    expect(text).toContain('1ms, 1s to move, 1MiB/s to it, relayed, 10ms ago')
  })

  test('answers why a worker did not get it', () => {
    const [chosen, other] = record.candidates as [DecisionCandidate, DecisionCandidate]
    expect(whyNotSentence(record)).toBe('not …otherX: lacks label zone = home')
    const slower = { ...other, verdict: 'eligible', reason: 'ranked 2nd' } as const
    expect(whyNotSentence({ ...record, candidates: [chosen, slower] })).toBe(
      'not …otherX: ranked 2nd: it costs 1207 ms, …GYkZzB 110 ms'
    )
    const slowest = { ...slower, cost_ms: 12_070 }
    expect(whyNotSentence({ ...record, candidates: [chosen, slowest] })).toBe(
      'not …otherX: ranked 2nd: it costs 12.1s, …GYkZzB 110 ms'
    )
    const later = { ...slower, judged_at_ms: 7 }
    expect(whyNotSentence({ ...record, candidates: [chosen, later] })).toBe(
      'not …otherX (not listed then; by what is known now): ranked 2nd'
    )
    expect(whyNotSentence({ ...record, candidates: [chosen] })).toContain('is the one that was')
  })

  test('says so when nobody was chosen', () => {
    expect(decisionSentence({ ...record, chosen: null })).toBe('nobody was chosen out of 3 workers')
  })
})

describe('jobs and nodes', () => {
  test('the end of a job in one line', () => {
    const job = buildJobView({ id: 'j-1', created_at_ms: 1_000, ended_at_ms: 1_250, worker: PEER })
    expect(renderEnd(job, PLAIN)).toBe('completed  j-1  1 task in 250ms on …GYkZzB')
    expect(renderEnd({ ...job, item_count: 3, attempts: 4 }, PLAIN)).toBe(
      'completed  j-1  3 tasks in 250ms, 4 attempts'
    )
  })

  test('the end of a job that was not run says whose result it has', () => {
    const earlier = { job: 'j-0', item: '0', attempt: 1, worker: PEER, ended_at_ms: 1 }
    const times = { created_at_ms: 1_000, ended_at_ms: 1_005 }
    const job = buildJobView({ id: 'j-1', ...times, worker: null, reused_from: earlier })
    expect(renderEnd(job, PLAIN)).toBe('completed  j-1  1 task in 5ms, the result of j-0')
    expect(describeEarlierRun(earlier)).toBe('j-0, item 0, attempt 1 on …GYkZzB')
  })

  test('results in files, in one line', () => {
    expect(resultOf({ output_file: FILE })).toBe(`file ${FILE.file} (3.2MiB)`)
    expect(resultOf({ result: null, outputs: [FILE] })).toBe('thumbs (3.2MiB)')
    expect(resultOf({ result: 4, outputs: [FILE, FILE] })).toBe(
      '4; thumbs (3.2MiB), thumbs (3.2MiB)'
    )
  })

  test('a text is printed as it is, other results as JSON', () => {
    expect(renderResult('a\nb')).toBe('a\nb')
    expect(renderResult({ a: 1 })).toBe('{\n  "a": 1\n}')
  })

  test('a ready node names itself, its addresses and its API', () => {
    const report = {
      role: 'router' as const,
      pid: 7,
      peer_id: PEER,
      addresses: ['/ip4/1.2.3.4/tcp/5'],
      namespace: 'd',
      folder: '/f'
    }
    expect(readyLine(report)).toBe(`router ${PEER} ready at /ip4/1.2.3.4/tcp/5 pid 7`)
    expect(readyLine({ ...report, http: 'http://x' })).toBe(
      `router ${PEER} ready at /ip4/1.2.3.4/tcp/5 http http://x pid 7`
    )
  })

  test.each([
    // A member of that mesh listens everywhere.
    [['--bootstrap', '/ip4/10.0.0.1/tcp/1'], false],
    [['--bootstrap', '/ip4/10.0.0.1/tcp/1', '--open', 'true'], true],
    [['--bootstrap', '/ip4/10.0.0.1/tcp/1', '--listen', '/ip4/127.0.0.1/tcp/0'], true],
    [['--bootstrap', '/ip4/127.0.0.1/tcp/1'], false],
    [['--bootstrap', '/ip4/10.0.0.1/tcp/1', '--listen', '/ip4/0.0.0.0/tcp/0'], false],
    [['--bootstrap', '/ip4/10.0.0.1/tcp/1', '--announce', '/dns/a.example/tcp/1'], false]
  ])('%j warns that nobody can dial it: %s', (words, isWarned) => {
    const flags: Record<string, string[]> = {}
    for (let index = 0; index < words.length; index += 2) {
      flags[(words[index] ?? '').slice(2)] = [words[index + 1] ?? '']
    }
    const warning = reachWarning('worker', loadSettings('worker', { flags, env: {} }))
    expect(warning?.includes('--listen /ip4/0.0.0.0/tcp/0') ?? false).toBe(isWarned)
  })
})

describe('the local mesh', () => {
  test('workers differ, and offer no more than there is', () => {
    const plans = planWorkers(4, { cores: 4, memoryBytes: 8 * 2 ** 30 })
    expect(plans.map((plan) => [plan.name, describeOffer(plan)])).toEqual([
      ['up-worker-small', '1 slot, 1 cpu, 1GiB'],
      ['up-worker-medium', '2 slots, 2 cpu, 2GiB'],
      ['up-worker-large', '3 slots, 4 cpu, 4GiB'],
      ['up-worker-small-2', '1 slot, 1 cpu, 1GiB']
    ])
    expect(describeOffer(planWorkers(3, { cores: 1, memoryBytes: 2 ** 29 })[2]!)).toBe(
      '3 slots, 1 cpu, 512MiB'
    )
  })

  test("the demo's counts are summed and ranked", () => {
    const results = [
      { result: { total: 3, words: { the: 2, constructor: 1 } } },
      { result: { total: 2, words: { the: 1, and: 1 } } }
    ] as { result: Record<string, unknown> }[]
    expect(mergeCounts(results)).toEqual({
      total: 5,
      ranked: [
        ['the', 3],
        ['and', 1],
        ['constructor', 1]
      ]
    })
  })
})
