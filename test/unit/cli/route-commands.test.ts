/** What `route weights`, `route log`, `route replay` and `node idle-reasons` print and refuse. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { describe, expect, onTestFinished, test } from 'vitest'
import { exampleOf } from '../../support/fake-api-services.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import { startWithHome } from '../../support/api-with-home.ts'
import type { DecisionCandidate, DecisionRecord } from '../../../src/model/generated/decision.ts'

const OTHER = '12D3KooWHHzSeKaY8xuZVzkLbKFfvNgPPeKhFBGrMbNzbm5akpqu'
const NO_STOP = { signal: new AbortController().signal }
const EXAMPLE = exampleOf('decision')
const [CHOSEN] = EXAMPLE.candidates as [DecisionCandidate]

/** It went to the near worker of two; the other one runs it sooner. */
const RECORD: DecisionRecord = {
  ...EXAMPLE,
  pick: 'best',
  considered: 2,
  candidates: [withCost(CHOSEN.peer_id, 10, 100), withCost(OTHER, 200, 20)]
}

function withCost(peerId: string, latencyMs: number, runMs: number): DecisionCandidate {
  const [cpu] = Object.values(CHOSEN.terms)
  const term = (ms: number): DecisionCandidate['terms'][string] => ({ ...cpu!, raw: ms, ms })
  const isChosen = peerId === EXAMPLE.chosen
  return {
    ...CHOSEN,
    peer_id: peerId,
    verdict: isChosen ? 'chosen' : 'eligible',
    terms: { cpu: term(runMs), latency: term(latencyMs) },
    cost_ms: latencyMs + runMs,
    wait_ms: 0,
    run_ms: runMs,
    crowd_ms: 0,
    probability: isChosen ? 1 : 0
  }
}

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-replay-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'decisions.jsonl')
  writeFileSync(file, text)
  return file
}

describe('route weights', () => {
  test('shows what counts here first, then the presets, and says what the figures are', async () => {
    const { env } = await startWithHome()
    const { code, stdout } = await runInProcess(['route', 'weights'], { env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ +CPU +MEMORY +DISK +GPU +LATENCY +REPUTATION +DATA\n▶ /)
    expect(stdout).toMatch(/×\d(\.\d+)? \(0\.\d+\)/)
    expect(stdout).toContain('▶ is what this router goes by where a job says nothing.')
    expect(stdout).toContain('how often a millisecond of that part counts')
  })

  test('is whole as JSON', async () => {
    const { env, services } = await startWithHome()
    const { stdout } = await runInProcess(['route', 'weights', '--json'], { env })
    expect(JSON.parse(stdout)).toEqual(services.weights())
  })
})

describe('route log', () => {
  test('prints a record a line, which replay takes as it is', async () => {
    const { env, services } = await startWithHome()
    const { code, stdout } = await runInProcess(['route', 'log', '--since', '1h'], { env })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(EXAMPLE)
    expect(services.calls.at(-1)).toEqual([
      'decisions',
      expect.objectContaining({ sinceMs: expect.any(Number) as number })
    ])
    const again = await runInProcess(['route', 'replay', fileWith(stdout)])
    expect(again).toMatchObject({ code: 0, stdout: '0 of 1 decision would change\n' })
  })

  test('takes a time with its unit only', async () => {
    const { env } = await startWithHome()
    const { code, stderr } = await runInProcess(['route', 'log', '--since', '5'], { env })
    expect(code).toBe(1)
    expect(stderr).toContain('"5" is not a duration (since); write a number with a unit')
  })
})

describe('route replay', () => {
  test('shows which picks change, and what that would cost', async () => {
    const words = ['route', 'replay', fileWith(JSON.stringify(RECORD)), '--weights', 'latency=0.01']
    const { code, stdout } = await runInProcess(words)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^JOB +ITEM +ATTEMPT +WENT TO +WOULD GO TO +EXPECTED\n/)
    expect(stdout).toMatch(/j-7m2k9x04tqhe +0 +1 +…GYkZzB +…5akpqu +110ms later\n/)
    expect(stdout).toContain('1 of 1 decision would change; in all 110ms later, 110ms later a task')
  })

  test('reads stdin, and leaves out records without a pick', async () => {
    const nobody = { ...RECORD, chosen: null, draw: null, candidates: [] }
    const stdin = `${JSON.stringify(nobody)}\n\n${JSON.stringify(RECORD)}\n`
    const { stdout } = await runInProcess(['route', 'replay', '-', '--json'], { stdin })
    expect(JSON.parse(stdout)).toMatchObject({ decisions: 2, skipped: 1, changed: 0 })
  })

  test('takes one record indented, as job explain prints it on a terminal', async () => {
    const stdin = JSON.stringify(RECORD, null, 2)
    const { stdout } = await runInProcess(['route', 'replay', '-', '--json'], { stdin })
    expect(JSON.parse(stdout)).toMatchObject({ decisions: 1, skipped: 0, changed: 0 })
  })

  test.each([
    [['--weights', 'latency'], '"latency" is no weight (--weights)'],
    [['--weights', 'speed=1'], 'known fields: cpu, memory, disk, gpu, latency, reputation, data'],
    [['--weights', 'latency=-1'], 'route.weights.latency must be >= 0'],
    [['--preset', 'fast'], '(--preset)'],
    [['--pick', 'top'], 'route.pick'],
    [['--policy', 'best'], '(--policy)']
  ])('refuses %j and says what there is', async (flags, why) => {
    const { code, stderr } = await runInProcess(['route', 'replay', 'unread.jsonl', ...flags])
    expect(code).toBe(1)
    expect(stderr).toContain(why)
  })

  test('says which line is no record, and where records come from', async () => {
    const file = fileWith(`${JSON.stringify(RECORD)}\n{"at_ms":1}\n`)
    const { code, stderr } = await runInProcess(['route', 'replay', file])
    expect(code).toBe(1)
    expect(stderr).toMatch(/line 2 is no decision record: .*taskmesh route log/)
  })
})

describe('node idle-reasons', () => {
  test('has a line for each worker, with the reason met most', async () => {
    const { env, services } = await startWithHome()
    const { code, stdout } = await runInProcess(['node', 'idle-reasons', '--since', '15m'], { env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^WORKER +LOOKS +CHOSEN +MOSTLY +SUCH AS\n…/)
    expect(services.calls.at(-1)?.[0]).toBe('idleReasons')
  })

  test('shortens a long example, unless there is room', async () => {
    const { env, services } = await startWithHome()
    const example = `lacks engine process (offers ${'builtin, '.repeat(12)}javascript)`
    const view = await services.idleReasons({ spanMs: 1 }, NO_STOP)
    view.workers[0]!.reasons[0]!.example = example
    services.idleReasons = async () => view
    const narrow = await runInProcess(['node', 'idle-reasons'], { env })
    expect(narrow.stdout).not.toContain(example)
    const wide = await runInProcess(['node', 'idle-reasons', '-o', 'wide'], { env })
    expect(wide.stdout).toContain(example)
  })

  test('of one worker it has all reasons, and what its owner can do', async () => {
    const { env, services } = await startWithHome()
    const { workers } = await services.idleReasons({ spanMs: 1 }, NO_STOP)
    const [worker] = workers
    const { chosen, hint, looks, peer_id: peer } = worker!
    const { stdout } = await runInProcess(['node', 'idle-reasons', peer], { env })
    expect(stdout).toContain(`was chosen in ${chosen} of ${looks} decisions that looked at it`)
    expect(stdout).toMatch(/REASON +TIMES +LAST +ROUTER +SUCH AS\n/)
    expect(stdout).toContain(hint)
  })

  test('takes no time without a unit', async () => {
    const { env } = await startWithHome()
    const { code, stderr } = await runInProcess(['node', 'idle-reasons', '--since', '9'], { env })
    expect(code).toBe(1)
    expect(stderr).toContain('write a number with a unit')
  })
})
