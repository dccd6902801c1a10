import { describe, expect, test } from 'vitest'
import { LINES_MAX, LogBook } from '../../../src/dashboard/job/log-book.ts'
import { findLines, markFound } from '../../../src/dashboard/job/log-search.ts'
import {
  describeStretches,
  layTimeline,
  ticksOf
} from '../../../src/dashboard/job/timeline-layout.ts'
import { layPlacement } from '../../../src/dashboard/job/placement.ts'
import { readAnsi, stripAnsi } from '../../../src/dashboard/job/ansi.ts'
import type { LogLine } from '../../../src/dashboard/job/log-book.ts'
import type { AttemptView } from '../../../src/model/generated/api-job.ts'
import type { DecisionCandidate, DecisionRecord } from '../../../src/model/generated/decision.ts'
import type { LogEntry } from '../../../src/model/generated/api-log.ts'

function buildAttempt(fields: Partial<AttemptView>): AttemptView {
  return {
    item: '0',
    index: 0,
    attempt: 1,
    role: 'primary',
    state: 'completed',
    worker: 'w',
    offered_at_ms: 100,
    ended_at_ms: 500,
    history: [],
    ...fields
  }
}

function at(at_ms: number, state: string): AttemptView['history'][number] {
  return { at_ms, state, by: 'router', reason: state.toUpperCase() }
}

describe('the timeline', () => {
  test('says when an attempt waited, travelled, fetched, ran and published', () => {
    const history = [
      at(100, 'offered'),
      at(120, 'accepted'),
      at(150, 'fetching'),
      at(200, 'running'),
      at(450, 'publishing'),
      at(500, 'completed')
    ]
    const { fromMs, rows, toMs } = layTimeline([buildAttempt({ history })], {
      createdAtMs: 40,
      nowMs: 9_999
    })
    expect([fromMs, toMs]).toEqual([40, 500])
    expect(rows[0]?.stretches).toEqual([
      { phase: 'waiting', fromMs: 40, toMs: 100 },
      { phase: 'sent', fromMs: 100, toMs: 150 },
      { phase: 'fetching', fromMs: 150, toMs: 200 },
      { phase: 'running', fromMs: 200, toMs: 450 },
      { phase: 'publishing', fromMs: 450, toMs: 500 }
    ])
    expect(describeStretches(rows[0]?.stretches ?? [], (ms) => `${ms}ms`)).toBe(
      'waited 60ms, on its way 50ms, fetched inputs 50ms, ran 250ms, published outputs 50ms'
    )
  })

  test('a second attempt waits from the end of the first, a copy waits for nothing, what runs reaches to now', () => {
    const attempts = [
      buildAttempt({ history: [at(100, 'offered'), at(110, 'running'), at(500, 'lost')] }),
      buildAttempt({
        attempt: 2,
        offered_at_ms: 600,
        ended_at_ms: null,
        history: [at(610, 'running')]
      }),
      buildAttempt({ attempt: 3, role: 'backup', offered_at_ms: 800, ended_at_ms: null })
    ]
    const { rows, toMs } = layTimeline(attempts, { createdAtMs: 100, nowMs: 1_000 })
    expect(rows[1]?.stretches[0]).toEqual({ phase: 'waiting', fromMs: 500, toMs: 600 })
    expect(rows[1]?.stretches.at(-1)).toEqual({ phase: 'running', fromMs: 610, toMs: 1_000 })
    expect(rows[2]?.stretches).toEqual([{ phase: 'sent', fromMs: 800, toMs: 1_000 }])
    expect(toMs).toBe(1_000)
  })

  test('marks stand at round times, however long the scale', () => {
    expect(ticksOf(950, 5)).toEqual([0, 200, 400, 600, 800])
    expect(ticksOf(90_000, 4)).toEqual([0, 30_000, 60_000, 90_000])
    for (const lengthMs of [1, 77, 3_600_000, 40 * 86_400_000]) {
      expect(ticksOf(lengthMs, 6).length).toBeLessThanOrEqual(7)
    }
  })
})

function buildCandidate(peer_id: string, fields: Partial<DecisionCandidate>): DecisionCandidate {
  const term = { raw: 1, score: 1, weight: 1, weighted: 1, age_ms: 0 }
  return {
    peer_id,
    verdict: 'eligible',
    terms: { cpu: { ...term, ms: 80 }, latency: { ...term, ms: 10 }, gpu: { ...term, ms: 500 } },
    cost_ms: 100,
    ...fields
  } as DecisionCandidate
}

describe('the placement', () => {
  const decision = {
    factors: { cpu: 1, latency: 2, gpu: 0 },
    candidates: [
      buildCandidate('slow', { cost_ms: 1e6 }),
      buildCandidate('full', { verdict: 'full', cost_ms: 50 }),
      buildCandidate('no', { verdict: 'rejected', reason: 'cordoned' }),
      buildCandidate('second', { probability: 0.3, cost_ms: 200, preference: 2 }),
      buildCandidate('best', { verdict: 'chosen', probability: 0.7 })
    ]
  } as unknown as DecisionRecord

  test('rows are in the order of what decides, and their parts sum to their costs', () => {
    const { refused, rows } = layPlacement(decision)
    expect(rows.map(({ candidate }) => candidate.peer_id)).toEqual([
      'best',
      'second',
      'slow',
      'full'
    ])
    expect(refused.map(({ peer_id }) => peer_id)).toEqual(['no'])
    const sums = rows.slice(0, 2).map(({ parts }) => parts.reduce((sum, { ms }) => sum + ms, 0))
    expect(sums).toEqual([100, 200])
  })

  test('one that costs far more than the others reaches beyond the scale', () => {
    const { rows, scaleMs } = layPlacement(decision)
    expect(scaleMs).toBe(600)
    expect(rows[2]?.ratio).toBeGreaterThan(1)
  })

  test('the draw is cut into the odds, in their order', () => {
    const { draw } = layPlacement(decision)
    expect(draw).toMatchObject([
      { peer: 'best', fromRatio: 0, toRatio: 0.7, isChosen: true },
      { peer: 'second', fromRatio: 0.7, toRatio: 1, isChosen: false }
    ])
  })

  test('nobody at all is no row and no scale that divides by nothing', () => {
    const { rows, scaleMs } = layPlacement({ ...decision, candidates: [] })
    expect(rows).toEqual([])
    expect(scaleMs).toBeGreaterThan(0)
  })
})

describe('colours of a log', () => {
  test('become spans, and other control letters go', () => {
    expect(readAnsi('a \u001b[1;31mred\u001b[0m b\u001b[2K\u0007\u202e')).toEqual([
      { text: 'a ', look: '' },
      { text: 'red', look: 'ansi-red ansi-bold' },
      { text: ' b', look: '' }
    ])
    expect(stripAnsi('\u001b]8;;http://x\u0007link\u001b]8;;\u0007 \u001b[92mok\u001b[39m')).toBe(
      'link ok'
    )
  })
})

function take(book: LogBook, entries: [LogEntry['stream'], string][], attempt = 1): void {
  const written = entries.map(([stream, text], ms) => ({ ms, stream, text }))
  book.take({ item: '0', attempt, entries: written })
}

function textsOf({ lines }: LogBook): string[] {
  return lines.map(({ stream, text }) => `${stream} ${text}`)
}

describe('the lines of a log', () => {
  test('all of it comes as one text', () => {
    const book = LogBook.ofText('one\ntwo\n')
    expect(book.lines.map(({ number, text }) => [number, text])).toEqual([
      [1, 'one'],
      [2, 'two']
    ])
  })

  test('it says that they changed, though the list stays the same', () => {
    const book = new LogBook()
    const { lines, version } = book
    take(book, [['out', 'one\n']])
    expect(book.lines).toBe(lines)
    expect(book.version).not.toBe(version)
  })

  test('a line that has not ended is written on after those before it were dropped', () => {
    const book = new LogBook()
    take(book, [
      ['out', 'x\n'.repeat(LINES_MAX)],
      ['err', 'beg']
    ])
    take(book, [['err', 'un\n']])
    expect(book.lines.at(-1)).toMatchObject({ number: LINES_MAX + 1, text: 'begun' })
  })
  test('a line that comes in pieces is one, also where another stream writes in between', () => {
    const book = new LogBook()
    take(book, [
      ['out', 'one\ntw'],
      ['err', 'oops\n'],
      ['out', 'o\nthree']
    ])
    take(book, [['out', '!\n']])
    expect(textsOf(book)).toEqual(['out one', 'out two', 'err oops', 'out three!'])
  })

  test('another attempt begins anew', () => {
    const book = new LogBook()
    take(book, [['out', 'first\nunfinished']])
    take(book, [['out', 'second\n']], 2)
    expect(textsOf(book)).toEqual(['out second'])
  })

  test('only the newest lines are kept, and it says how many are gone', () => {
    const book = new LogBook()
    take(book, [['out', 'x\n'.repeat(LINES_MAX + 7)]])
    expect(book.lines).toHaveLength(LINES_MAX)
    expect(book.droppedCount).toBe(7)
    expect(book.lines.at(-1)?.number).toBe(LINES_MAX + 7)
  })
})

function line(number: number, text: string): LogLine {
  return { number, text, ms: 0, stream: 'out' }
}

describe('a search in a log', () => {
  test('finds lines whatever their letters and colours', () => {
    const lines = [line(1, 'all well'), line(2, 'an Er\u001b[31mror\u001b[0m')]
    expect(findLines(lines, 'ERROR')).toEqual([lines[1]])
    expect(findLines(lines, '')).toBe(lines)
  })

  test('marks each place, over colours and side by side', () => {
    const spans = readAnsi('er\u001b[31mrorerr\u001b[0mors')
    expect(markFound(spans, 'ERR')).toEqual([
      { text: 'er', look: '', isFound: true },
      { text: 'r', look: 'ansi-red', isFound: true },
      { text: 'or', look: 'ansi-red', isFound: false },
      { text: 'err', look: 'ansi-red', isFound: true },
      { text: 'ors', look: '', isFound: false }
    ])
    expect(markFound(spans, '').every(({ isFound }) => !isFound)).toBe(true)
  })

  test('two places that touch are both marked', () => {
    const marked = markFound([{ text: 'abab', look: '' }], 'ab')
    expect(marked.filter(({ isFound }) => isFound).map(({ text }) => text)).toEqual(['ab', 'ab'])
  })
})
