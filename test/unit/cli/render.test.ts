/** What people read, letter by letter. */
import { describe, expect, test } from 'vitest'
import { readyLine, reachWarning } from '../../../src/cli/commands/roles.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { decisionSentence, renderDecision } from '../../../src/cli/render-decision.ts'
import { renderEnd, renderResult } from '../../../src/cli/render-job.ts'
import { describeEarlierRun } from '../../../src/cli/render-files.ts'
import { resultOf } from '../../../src/cli/columns.ts'
import {
  printable,
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

const term = (raw: number, score: number, weight: number): DecisionCandidate['terms'][string] => ({
  raw,
  score,
  weight,
  weighted: score * weight,
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
  const record: DecisionRecord = {
    at_ms: 1,
    job_id: 'j-1',
    item: 2,
    attempt: 1,
    policy: 'weighted-top-k/1',
    preset: 'balanced',
    weights: { cpu: 0.5, latency: 0.5, gpu: 0 },
    pick: 'top3',
    draw: 0.42,
    chosen: PEER,
    considered: 3,
    rejected: { LABEL_MISSING: 1 },
    candidates: [
      {
        peer_id: PEER,
        verdict: 'chosen',
        reason: 'picked among 2 with draw 0.42',
        reason_code: 'PICKED',
        terms: { cpu: term(4, 1, 0.5), latency: term(100, 0.5, 0.5), gpu: term(0, 0, 0) },
        score: 0.75,
        probability: 0.6
      },
      {
        peer_id: '12D3KooWother0rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGotherX',
        verdict: 'rejected',
        reason: 'lacks label zone = home',
        reason_code: 'LABEL_MISSING',
        terms: { cpu: term(1, 0, 0.5), latency: term(1, 1, 0.5), gpu: term(0, 0, 0) },
        score: 0.5
      }
    ]
  }

  test('writes memory as the lists of nodes do', () => {
    const terms = { memory: term(22_400, 1, 1) }
    const candidates = record.candidates.map((candidate) => ({ ...candidate, terms }))
    const text = renderDecision({ ...record, weights: { memory: 1 }, candidates }, PLAIN)
    expect(text).toContain('20.9GiB free')
  })

  test('shows every term as a bar on one scale, its fact below, then the reasons', () => {
    expect(renderDecision(record, PLAIN)).toBe(
      [
        'j-1, item 2, attempt 1: 3 workers looked at, preset balanced, pick top3',
        '',
        'WORKER      SCORE  CPU ×0.50         LATENCY ×0.50     CHANCE',
        '▶ …GYkZzB   0.750  0.500 ██████████  0.250 █████       60%',
        '  chosen           4 cores           100ms',
        '  …otherX   0.500  0.000             0.500 ██████████  –',
        '  rejected         1 core            1ms',
        '',
        '…GYkZzB was chosen: picked among 2 with draw 0.42',
        '  …otherX  rejected: lacks label zone = home',
        '  … 1 more',
        '  refused in all: 1 × LABEL_MISSING'
      ].join('\n')
    )
  })

  test('shows what of the inputs is there already', () => {
    const [first] = record.candidates
    const candidates = [{ ...first, terms: { data: term(3_355_443, 0.8, 0.3) } }]
    const weights = { data: 0.3 }
    const text = renderDecision({ ...record, weights, candidates } as DecisionRecord, PLAIN)
    expect(text).toContain('DATA ×0.30')
    expect(text).toContain('3.2MiB there')
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
    [['--bootstrap', '/ip4/10.0.0.1/tcp/1'], true],
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

test.each([
  ['red stays', '\u001b[31mred\u001b[39m', '\u001b[31mred\u001b[39m'],
  ['nothing is hidden', 'a\u001b[8mb', 'a·[8mb'],
  ['nothing runs backwards', 'a\u202Etxt.exe', 'a·txt.exe'],
  ['no line is gone back in', 'a\rb\u0007', 'a·b·']
])('text of strangers: %s', (_name, text, shown) => {
  expect(printable(text)).toBe(shown)
})
