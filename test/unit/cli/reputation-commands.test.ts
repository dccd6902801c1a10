/** What the commands about reputation print. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { PARAMETERS } from '../../../src/reputation/parameters.ts'
import { exampleOf } from '../../support/fake-api-services.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import { renderReputation, renderTaskTypes, sparkline } from '../../../src/cli/render-reputation.ts'
import { startWithHome } from '../../support/api-with-home.ts'
import { styleFor } from '../../../src/cli/render.ts'

const HOUR_MS = 3_600_000
const PEER = exampleOf('api/reputation').peer_id
const style = styleFor(false)

function point(hour: number, reputation: number): Parameters<typeof sparkline>[0][number] {
  return { hour_ms: hour * HOUR_MS, reputation, outcomes: 1, faults: 0 }
}

test('top shows the columns of the ledger, best first, as many as asked for', async () => {
  const { env, services } = await startWithHome()
  const { code, stdout } = await runInProcess(['reputation', 'top', '-n', '3'], { env })
  expect(code).toBe(0)
  expect(services.calls.at(-1)).toEqual(['reputations', { limit: 3 }])
  expect(stdout).toMatch(
    /WORKER +STATE +REPUTATION +OK +FAILED +LOST +WRONG +CHECKED +SPEED +LAST +WHY\n/
  )
  expect(stdout).toMatch(/trusted +0\.920 +119 +0 +1 +0 +30\/25% +1\.10× /)
  const { stdout: json } = await runInProcess(['reputation', 'top', '--json'], { env })
  expect(JSON.parse(json)).toMatchObject([{ peer_id: PEER, state: 'trusted' }])
})

test('show of one worker says all of it', async () => {
  const { env, services } = await startWithHome()
  const words = ['reputation', 'show', PEER.slice(-6), '--as-of', '1h']
  const { code, stdout } = await runInProcess(words, { env })
  expect(code).toBe(0)
  expect(services.calls.at(-1)).toEqual(['reputation', PEER, { asOfMs: expect.any(Number) }])
  expect(stdout).toMatch(/reputation +0\.920 = 0\.930 reliable × 0\.990 correct\n/)
  expect(stdout).toMatch(
    /tasks done +expected 0\.980, between 0\.930 and 0\.990; placement reckons with 0\.980\n/
  )
  expect(stdout).toMatch(/evidence +120 outcomes: 118 completed, 1 late, 1 lost\n/)
  expect(stdout).toMatch(/verified +30 right; 30\.0 in a row; 25% of the next are checked\n/)
  expect(stdout).toMatch(/trend +█ +1 hour, from 0\.920 to 0\.920, now 0\.920\n/)
  expect(stdout).toMatch(/completed a task \(40 times\) +0\.900 → 0\.920/)
})

test.each([['zzz'], ['12D3KooW']])(
  'show of "%s", which names no one worker, says so',
  async (part) => {
    const { env, services } = await startWithHome()
    services.nodeView.peer_id = '12D3KooWother'
    const { code, stderr } = await runInProcess(['reputation', 'show', part], { env })
    expect(code).toBe(1)
    expect(stderr).toMatch(/NODE_NOT_FOUND: "\S+" names (no worker|2 workers) \(peer\)/)
  }
)

test('verify of a file that is not there says so in words', async () => {
  const { code, stderr } = await runInProcess(['reputation', 'verify', 'nowhere.jsonl'])
  expect(code).toBe(1)
  expect(stderr).toContain('FILE_UNREADABLE: nowhere.jsonl cannot be read: it is not there')
})

test('show by type of task has a row for each', async () => {
  const { env } = await startWithHome()
  const { stdout } = await runInProcess(['reputation', 'show', PEER, '--by', 'task_type'], { env })
  expect(stdout).toMatch(/TASK TYPE +REPUTATION +OK +LATE +BAD +AVERAGE +SPEED +LAST\n/)
  expect(stdout).toMatch(/builtin:sum +0\.920 +119 +1 +1 +31\.5ms/)
})

test('show of evidence has its receipts, page by page', async () => {
  const { env, services } = await startWithHome()
  const words = ['reputation', 'show', PEER, '--evidence']
  const { stdout } = await runInProcess(words, { env })
  expect(stdout).toMatch(/completed +j-7m2k9x04tqhe +0 +builtin:sum +31\.5ms +none/)
  const { stdout: json } = await runInProcess([...words, '--json'], { env })
  expect(JSON.parse(json)).toHaveLength(2)
  expect(services.calls.at(-1)).toEqual(['evidence', PEER, { after: '1-2', limit: 1_000 }])
  const { stdout: one } = await runInProcess([...words, '--json', '--limit', '1'], { env })
  expect(JSON.parse(one)).toHaveLength(1)
  await runInProcess(['reputation', 'show', PEER, '--suspects'], { env })
  expect(services.calls.at(-1)).toEqual(['suspects', PEER, { after: 0, limit: 1_000 }])
})

test.each([['--evidence'], ['--suspects'], ['--by', 'task_type'], ['--as-of', '1h']])(
  'show without a worker takes no %s',
  async (...flags) => {
    const { env } = await startWithHome()
    const { code, stderr } = await runInProcess(['reputation', 'show', ...flags], { env })
    expect(code).toBe(1)
    expect(stderr).toContain('is about one worker')
  }
)

test('export prints what the router sends', async () => {
  const { env, services } = await startWithHome()
  const { stdout } = await runInProcess(['reputation', 'export', PEER], { env })
  expect(stdout).toMatch(/^\{"format":"taskmesh-reputation".*\n\{\}\n$/)
  expect(services.calls.at(-1)).toEqual(['export', { peer: PEER }])
})

test('a trend has a letter for each hour since the first, and two days at most', () => {
  const trend = [point(0, 0.36), point(1, 0.7), point(4, 0.99)]
  expect(sparkline(trend, 5 * HOUR_MS)).toBe('▃▆▆▆██')
  expect(sparkline([point(0, 1)], 100 * HOUR_MS)).toBe('█'.repeat(48))
  expect(sparkline([point(3, 0)], 3 * HOUR_MS)).toBe('▁')
})

test('a stranger, and one in quarantine, are told as such', () => {
  const { details, ...view } = exampleOf('api/reputation')
  const stranger = {
    ...view,
    state: 'probation' as const,
    average_latency_ms: null,
    speed: null,
    first_seen_ms: null,
    last_seen_ms: null,
    last_change: null
  }
  expect(renderReputation(stranger, style)).toMatch(/first seen +–\n/)
  expect(renderTaskTypes(stranger, style)).toContain('no task of a known type was counted')
  const quarantined = {
    ...view,
    details: details as NonNullable<typeof details>,
    state: 'quarantined' as const,
    strikes: 1,
    counts: { ...view.counts, wrong: 1 },
    quarantined_until_ms: 1_767_229_300_000,
    imported: { good: 3, bad: 1 }
  }
  const text = renderReputation(quarantined, style)
  expect(text).toMatch(/state +quarantined until 20\d\d-/)
  expect(text).toMatch(/verified +30 right, 1 wrong;/)
  expect(text).toMatch(/from others +3\.0 good, 1\.0 bad, of listed routers/)
})

test('verify shows a name in a stranger’s file, and does not obey it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strange-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const header = { format: 'taskmesh-reputation', version: 1, router: PEER, exported_at_ms: 1 }
  const worker = '\u001B[2J\u001B]0;mine\u0007'
  const score = { worker, reputation: 1, reliability: 1, tier: 'trusted' }
  const lines = [
    { ...header, parameters: PARAMETERS },
    { version: 2, at_ms: 0, workers: [] },
    { scores: [score] },
    { seal: 'bm90aGluZw==' }
  ]
  const file = join(folder, 'evidence.jsonl')
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'))
  const { code, stdout } = await runInProcess(['reputation', 'verify', file])
  expect(code).toBe(1)
  expect(stdout).toContain('·[2J·]0;mine· has a score, but no evidence')
})
