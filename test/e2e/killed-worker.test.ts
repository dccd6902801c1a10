/**
 * Hostile 15: a worker is killed while tasks run, among them a tree of processes that left their session.
 * Nothing of it lives on, each task ends exactly once, elsewhere, and the next start clears what is left.
 */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { LiveMesh, untilWorkersReady } from '../support/live-mesh.ts'
import { descendants } from '../../src/executors/process/process-tree.ts'
import { isAlive, markOf } from '../crash/process-table.ts'
import { leftoversOf } from '../support/process-leftovers.ts'
import { processProblem } from '../support/process-engine.ts'
import { until } from '../support/until.ts'
import { wasmFixture } from '../component/executors/run-wasm.ts'
import type { ApiClient } from '../../src/client/api-client.ts'
import type { AttemptView } from '../../src/model/generated/api-job.ts'
import type { LiveNode } from '../support/live-mesh.ts'
import type { ProcessMark } from '../crash/process-table.ts'

const problem = process.getuid?.() === 0 ? await processProblem() : noRoot()

/** Where it ran first is lost, and it is tried elsewhere soon. */
const TRIED_AGAIN = { on_disconnect: { wait: '1s' }, retry: { backoff: { delay: '100ms' } } }

/** Neither hears that its worker is gone: they spin. */
const GUESTS = [
  { engine: 'javascript', source: 'function main () { return new Array(1e9) + "" }' },
  { engine: 'wasm', module: wasmFixture('probe'), args: ['spin'] }
]

/** An argument that no other process of the machine has. */
const WORD = `3153${process.pid}`
const [FIRST_USER, SECOND_USER] = [64_001, 64_002]
/** Hides its children at the first worker, and ends at the second one. */
const TREE = [
  `[ $(id -u) = ${SECOND_USER} ] && echo done && exit`,
  "trap '' TERM HUP",
  `setsid sleep ${WORD} &`,
  `(setsid sh -c "trap '' TERM; sleep ${WORD}; true" &) &`,
  `sleep ${WORD} & kill -STOP $!`,
  `sleep ${WORD}; true`
]

test('guests of a worker that is killed', async () => {
  const { client, first, second } = await startTwo(['--engine=javascript', '--engine=wasm'])
  const ids = await runOnFirst(client, second, GUESTS)
  const tree = treeOf(first)
  expect(tree.length).toBeGreaterThanOrEqual(GUESTS.length)
  await first.kill()
  await untilGone(tree)
  await until('tasks elsewhere', () => lastAttempts(client, ids), isAllAt(second))
  for (const id of ids) await client.stop(id, 'seen', { killAfter: '0s' })
  for (const id of ids) {
    expect(await client.wait(id)).toMatchObject({ state: 'stopped', counts: { stopped: 1 } })
    await expectOnceEach(client, id, [first, second], ['lost', 'stopped'])
  }
})

describe.skipIf(problem !== undefined)('a tree of processes of a worker that is killed', () => {
  test.each([
    ['ends by itself in a sandbox', []],
    ['ends with the next start without one', ['--unsafe-process']]
  ])('%s', async (_, flags) => {
    const engine = ['--engine=process', '--any-program', ...flags]
    const users = [FIRST_USER, SECOND_USER].map((user) => `--process-uid=${user}`)
    const { client, first, mesh, second } = await startTwo(engine, users)
    const task = { engine: 'process', argv: ['sh', '-c', TREE.join('\n')] }
    const [id = ''] = await runOnFirst(client, second, [task])
    const tree = await until(
      'tree of processes',
      () => processesWith(WORD),
      // The fourth was stopped before it was one.
      (marks) => marks.filter(isSleeping).length >= 3
    )
    await first.kill()
    const left = leftoversOf(first.report.folder)
    if (flags.length === 0) await untilGone(tree)
    expect(await client.wait(id)).toMatchObject({
      state: 'completed',
      result: { stdout: 'done\n' }
    })
    await expectOnceEach(client, id, [first, second], ['lost', 'completed'])
    await mesh.worker('first', ...engine, ...users.slice(0, 1))
    await untilGone(tree)
    // What it makes for itself while it runs has other names.
    const there = leftoversOf(first.report.folder)
    expect(left.filter((path) => there.includes(path))).toEqual([])
  })
})

interface Two {
  client: ApiClient
  mesh: LiveMesh
  first: LiveNode
  second: LiveNode
}

/** @param each a flag of each of the two */
async function startTwo(flags: readonly string[], each: readonly string[] = []): Promise<Two> {
  const { mesh } = await LiveMesh.start()
  const start = (name: string, index: number): Promise<LiveNode> =>
    mesh.worker(name, '--slots=2', ...flags, ...each.slice(index, index + 1))
  const [{ client }, first, second] = await Promise.all([
    mesh.router(),
    start('first', 0),
    start('second', 1)
  ])
  await untilWorkersReady(client, 2)
  return { client, mesh, first, second }
}

/** The second worker takes tasks only when they run at the first. */
async function runOnFirst(
  client: ApiClient,
  { report }: LiveNode,
  tasks: readonly object[]
): Promise<string[]> {
  await client.setAvailability(report.peer_id, { availability: 'cordoned' })
  const jobs = await Promise.all(tasks.map((task) => client.submit({ task, ...TRIED_AGAIN })))
  const ids = jobs.map(({ id }) => id)
  await until('running tasks', () => lastAttempts(client, ids), isRunning)
  await client.setAvailability(report.peer_id, { availability: 'open' })
  return ids
}

async function untilGone(tree: readonly ProcessMark[]): Promise<void> {
  await until(
    'end of all processes',
    () => tree.filter(isAlive),
    ({ length }) => length === 0
  )
}

/** Of the whole machine: those that left their session are nobody's children. */
function processesWith(word: string): ProcessMark[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => markOf(Number(name)) ?? [])
    .filter(({ command }) => command.includes(word))
}

function isSleeping({ command }: ProcessMark): boolean {
  return command === `sleep ${WORD}`
}

function isRunning(attempts: readonly (AttemptView | undefined)[]): boolean {
  return attempts.every((attempt) => attempt?.state === 'running')
}

function treeOf({ process: { process: child } }: LiveNode): ProcessMark[] {
  return descendants(child.pid ?? 0).flatMap((pid) => markOf(pid) ?? [])
}

async function lastAttempts(
  client: ApiClient,
  ids: readonly string[]
): Promise<(AttemptView | undefined)[]> {
  return await Promise.all(ids.map(async (id) => (await client.attempts(id)).at(-1)))
}

function isAllAt({ report }: LiveNode): (attempts: (AttemptView | undefined)[]) => boolean {
  return (attempts) =>
    attempts.every((attempt) => attempt?.worker === report.peer_id && attempt.state === 'running')
}

async function expectOnceEach(
  client: ApiClient,
  id: string,
  workers: readonly LiveNode[],
  states: readonly AttemptView['state'][]
): Promise<void> {
  const attempts = (await client.attempts(id)).filter(({ state }) => state !== 'refused')
  expect(attempts.map(({ state, worker }) => [state, worker])).toEqual(
    states.map((state, index) => [state, workers[index]?.report.peer_id])
  )
}

function noRoot(): string {
  console.warn('SKIPPED: workers whose tasks are different users need root')
  return 'no root'
}
