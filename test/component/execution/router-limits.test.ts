/** What an owner lets routers ask of its worker: each gets its own, is told so, and takes nothing of another's. */
import { expect, test } from 'vitest'
import { buildTaskServer, codeOf } from '../../support/build-task-server.ts'
import { readRouterRules } from '../../../src/model/router-rules.ts'
import { settle } from '../../support/settle.ts'
import type { TaskServerOptions } from '../../support/build-task-server.ts'

const ALICE = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const BOB = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzC'
const [A, B] = [{ from: ALICE }, { from: BOB }]

/** A worker whose owner limits routers so. */
async function limited(texts: readonly string[], options: TaskServerOptions = {}) {
  const routerRules = readRouterRules(texts, 'router_limits')
  return await buildTaskServer({ slots: 4, queueSlots: 32, routerRules, ...options })
}

test('a worker may be closed to all but the named ones', async () => {
  const { executor, journal, lease, server } = await limited([ALICE, '* deny'])
  const refused = await lease(1, B)
  expect(refused.error).toMatchObject({
    code: 'OWNER_REFUSED',
    message: 'the owner of this worker takes no tasks of this router',
    blame: 'owner',
    retryable: true
  })
  // That is for good: no time is worth waiting for.
  expect(refused.error?.retryAfterMs).toBeUndefined()
  const taken = lease(2, A)
  await settle()
  executor.running[0]?.end()
  expect((await taken).error).toBeUndefined()
  expect(journal().filter((line) => line.includes('0001'))).toEqual([])
  expect(server.limitsOf(BOB)).toEqual({ denied: true })
  expect(server.limitsOf(ALICE)).toEqual({})
  expect(server.load(ALICE).allowed).toBeUndefined()
})

test('whose tasks it does not take, a router takes it out of service for nobody else', async () => {
  const { server } = await limited([ALICE, '* deny'])
  const set = server.handlers().SET_AVAILABILITY
  const context = { isAddressed: true, bulk: undefined, signal: new AbortController().signal }
  const drain = { availability: 'draining', deadline_ms: 0 } as const
  await expect(async () => await set?.(drain, { ...context, remotePeer: BOB })).rejects.toThrow(
    'the owner of this worker'
  )
  expect(server.load(ALICE).availability).toBe('open')
  await set?.({ availability: 'cordoned' }, { ...context, remotePeer: ALICE })
  expect(server.load(ALICE).availability).toBe('cordoned')
})

test('two routers with different limits: what one may ask for, the other may not', async () => {
  const rules = [`${ALICE} engines=builtin memory=64B run=10s`, `${BOB} engines=wasm memory=1GiB`]
  const { executor, lease } = await limited(rules)
  expect((await lease(1, { ...A, memory_bytes: 65 })).error).toMatchObject({
    code: 'OWNER_REFUSED',
    message:
      'the owner of this worker lets a task of this router have 64B of memory, not 65B of memory',
    path: 'resources.memory'
  })
  expect((await lease(2, { ...A, memory_bytes: 64, run_timeout_ms: 10_001 })).error?.path).toBe(
    'timeouts.run'
  )
  expect((await lease(3, { ...B, memory_bytes: 64 })).error?.path).toBe('task.engine')
  void lease(4, { ...A, memory_bytes: 64 })
  await settle()
  expect(executor.running).toHaveLength(1)
})

test('a rule for a label holds for routers with a certificate that says so', async () => {
  const labelsOf = (peer: string) => (peer === ALICE ? { team: 'a' } : undefined)
  const { lease, server } = await limited(['label:team=a network=no', '* deny'], { labelsOf })
  expect(server.limitsOf(ALICE)).toEqual({ network: false })
  expect(codeOf(await lease(1, B))).toBe('OWNER_REFUSED')
})

test('a task that asks for no cores has those that it might have asked for', async () => {
  const { executor, lease } = await limited([`${ALICE} cpu=1.5`])
  void lease(1, A)
  void lease(2, { ...A, cpu_cores: 1 })
  void lease(3, B)
  await settle()
  expect(executor.running.map(({ run }) => run.cpuCores)).toEqual([1.5, 1, undefined])
})

test('a router has so many tasks at once, and what waits for them keeps nobody else from free slots', async () => {
  const { executor, lease, server } = await limited([`${ALICE} slots=1 queued=2`])
  expect(server.load(ALICE).allowed).toBe(3)
  const answers = [lease(1, A), lease(2, A), lease(3, A)]
  await settle()
  expect(executor.running).toHaveLength(1)
  expect(server.load(ALICE).allowed).toBe(0)
  const refused = await lease(4, A)
  expect(refused.error).toMatchObject({
    code: 'OWNER_REFUSED',
    message: expect.stringContaining('1 task at once, 2 more waiting; try again in')
  })
  expect(refused.error?.retryAfterMs).toBeGreaterThan(0)
  expect(refused.result?.load?.allowed).toBe(0)
  // To others the worker looks as it is for them: what waits for its router's turn is in nobody's way.
  expect(server.load(BOB)).toMatchObject({ running: 1, wait_ms: 0 })
  void lease(5, B)
  void lease(6, B)
  await settle()
  expect(executor.running).toHaveLength(3)
  for (const answer of answers) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await settle()
    executor.running.find(({ run }) => (run.origin?.item ?? 9) < 4)?.end()
    // oxlint-disable-next-line no-await-in-loop
    expect((await answer).error).toBeUndefined()
  }
  expect(server.load(ALICE).allowed).toBe(3)
})

test('a router may send so many in a time, whatever becomes of them', async () => {
  const { clock, executor, lease, server } = await limited([`${ALICE} rate=2/1m`])
  void lease(1, A)
  void lease(2, A)
  const refused = await lease(3, A)
  expect(refused.error).toMatchObject({
    code: 'OWNER_REFUSED',
    message: 'the owner of this worker lets this router have 2 tasks in 1m; try again in 30s',
    retryAfterMs: 30_000
  })
  expect(server.load(ALICE).allowed).toBe(0)
  clock.advance(29_999)
  expect(codeOf(await lease(4, A))).toBe('OWNER_REFUSED')
  clock.advance(1)
  expect(server.load(ALICE).allowed).toBe(1)
  void lease(5, A)
  void lease(6, B)
  await settle()
  expect(executor.startedCount).toBe(4)
})

test('the rule for all gives each router as much, not all of them together', async () => {
  const { executor, lease } = await limited(['* slots=1 queued=0 rate=5/1h'])
  void lease(1, A)
  void lease(2, B)
  await settle()
  expect(executor.running).toHaveLength(2)
  expect(codeOf(await lease(3, A))).toBe('OWNER_REFUSED')
})

test('of those that the owner’s own rule is asked about at once, none beyond the rate comes in', async () => {
  const yes = Promise.withResolvers<void>()
  const admitRule = { ask: async () => await yes.promise }
  const { executor, lease } = await limited(['* rate=1/1h'], { admitRule })
  const answers = [lease(1, A), lease(2, A)]
  await settle()
  yes.resolve()
  await settle()
  expect(executor.running).toHaveLength(1)
  expect(codeOf((await answers[1]) ?? {})).toBe('OWNER_REFUSED')
})

test('a task without a router is its sender’s, and limited like it', async () => {
  const { ask } = await limited(['* engines=wasm'])
  expect(codeOf(await ask())).toBe('OWNER_REFUSED')
})

test('nothing is kept of routers that have gone', async () => {
  const { executor, lease, routers, server } = await limited(['* slots=1 queued=1'])
  const answers = [lease(1, A), lease(2, A)]
  await settle()
  routers.disconnect(ALICE)
  executor.running[0]?.end()
  await settle()
  executor.running[0]?.end()
  await Promise.all(answers)
  expect(server.load(ALICE).allowed).toBe(2)
})
