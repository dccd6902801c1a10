/** Real roles in one process, over sockets on loopback: what each answers over both bindings, and over a restart. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiClient } from '../../../src/client/api-client.ts'
import { MeshClient } from '../../../src/client/mesh-client.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { OpenApiCheck } from '../../support/openapi-check.ts'
import { until } from '../../support/until.ts'
import { startBootstrap } from '../../../src/roles/bootstrap.ts'
import { startRouter } from '../../../src/roles/router.ts'
import { startWorker } from '../../../src/roles/worker.ts'
import { verifyExport } from '../../../src/roles/reputation-export.ts'
import { COMMANDS } from '../../../src/protocol/commands.ts'
import { openExperience } from '../../../src/discovery/experience.ts'
import type { CommandName } from '../../../src/protocol/commands.ts'
import type { OpenApiDocument } from '../../support/openapi-check.ts'
import type { RunningNode } from '../../../src/roles/role.ts'

const TOKEN = 'a-token-long-enough'
const home = mkdtempSync(join(tmpdir(), 'roles-'))
const listen = ['/ip4/127.0.0.1/tcp/0']
const nodes: RunningNode[] = []
let boot: RunningNode
let worker: RunningNode
let router: RunningNode
let peer: MeshClient

const flags = (more: Record<string, string[]> = {}) => ({
  env: {},
  flags: { home: [home], listen, namespace: ['roles'], ...more }
})
const joined = (more: Record<string, string[]> = {}) =>
  flags({ bootstrap: [boot.report.addresses[0] ?? ''], ...more })

async function startTheRouter(): Promise<RunningNode> {
  const sources = joined({ http: ['127.0.0.1:0'], token: [TOKEN] })
  return await startRouter(loadSettings('router', sources), silentLogger)
}

const api = () => new ApiClient({ url: router.report.http ?? '', token: TOKEN })

beforeAll(async () => {
  boot = await startBootstrap(loadSettings('bootstrap', flags()), silentLogger)
  worker = await startWorker(
    loadSettings('worker', joined({ slots: ['2'], label: ['zone=home'] })),
    silentLogger
  )
  router = await startTheRouter()
  nodes.push(boot, worker)
  peer = await MeshClient.connect({ bootstrap: boot.report.addresses })
  for (const { report } of [worker, router]) await peer.connectToPeer(report.addresses[0] ?? '')
  await until(
    'worker known to the router',
    () => api().nodes(),
    (list) => list.length === 1
  )
})

afterAll(async () => {
  await peer.close()
  await router.stop()
  for (const node of nodes.toReversed()) await node.stop()
  rmSync(home, { recursive: true, force: true })
})

async function ask(to: RunningNode, command: CommandName, params: object) {
  const { response } = await peer.sendAndWait(to.report.peer_id, command, params)
  return { result: response.result, error: response.error_detail }
}

test('each role says what it is, with figures of its machine', async () => {
  const roles = [
    [boot, 'bootstrap'],
    [router, 'router'],
    [worker, 'worker']
  ] as const
  for (const [node, role] of roles) {
    expect(node.report).toMatchObject({ role, namespace: 'roles' })
    expect(node.report.addresses[0]).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3/)
    const { result } = await ask(node, 'GET_CAPABILITIES', {})
    const told = COMMANDS.GET_CAPABILITIES.checkResult(result)
    expect(told).toMatchObject({ role, namespace: 'roles' })
    expect(told.memory_total_mb).toBeGreaterThan(0)
    expect(told.record === undefined).toBe(role !== 'worker')
  }
  const { result } = await ask(worker, 'GET_CAPABILITIES', {})
  expect(result).toMatchObject({
    slots: 2,
    labels: { zone: 'home' },
    load: { running: 0, slots: 2 }
  })
})

const TASK = { engine: 'builtin', name: 'sha256', args: { text: 'hello' } }
const SHA256 = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'

test('a task is run by the worker it is sent to', async () => {
  const { result } = await ask(worker, 'EXECUTE_TASK', { task_data: TASK })
  expect(result).toMatchObject({ output: SHA256, load: { running: 0 } })
})

test('a task with auto_route is routed, an array of them too', async () => {
  const one = await ask(router, 'EXECUTE_TASK', { task_data: TASK, auto_route: true })
  expect(one.result).toMatchObject({ output: SHA256, worker: worker.report.peer_id, attempts: 1 })
  const each = [{ args: { n: 1 } }, { args: { n: 2 } }]
  const task = { engine: 'builtin', name: 'echo' }
  const many = await ask(router, 'EXECUTE_TASK', { task_data: { task, each }, auto_route: true })
  expect(many.result).toMatchObject({
    output: [{ n: 1 }, { n: 2 }],
    items: [{ state: 'completed' }, { state: 'completed' }]
  })
})

test('errors of a routed task come back whole', async () => {
  const bad = { engine: 'builtin', name: 'sha256' }
  const { error, result } = await ask(router, 'EXECUTE_TASK', { task_data: bad, auto_route: true })
  expect(error).toMatchObject({ code: 'FIELD_MISSING', path: 'task.args.text' })
  expect(result).toMatchObject({ attempts: 1 })
  const typo = await ask(router, 'EXECUTE_TASK', {
    task_data: { engine: 'wasn' },
    auto_route: true
  })
  expect(typo.error).toMatchObject({ code: 'FIELD_INVALID', path: 'task.engine' })
  const direct = await ask(router, 'EXECUTE_TASK', { task_data: TASK })
  expect(direct.error).toMatchObject({ code: 'FIELD_INVALID', path: 'params.auto_route' })
  const nowhere = await ask(boot, 'EXECUTE_TASK', { task_data: TASK })
  expect(nowhere.error).toMatchObject({ code: 'COMMAND_NOT_SERVED' })
})

test('hearsay about reputation is refused, with or without something that looks like proof', async () => {
  const claim = { target_peer: worker.report.peer_id, success: true, latency_ms: 1 }
  for (const node of [boot, worker, router]) {
    const { error } = await ask(node, 'UPDATE_REPUTATION', claim)
    expect(error?.code).toBe('PROOF_REQUIRED')
  }
})

test('a router gives its experience with workers, signed, to whoever asks', async () => {
  const { peer_id: workerPeer } = worker.report
  await until(
    'task that counts',
    async () => await ask(router, 'GET_REPUTATION', { target_peer: workerPeer }),
    ({ result }) => COMMANDS.GET_REPUTATION.checkResult(result).total_requests > 0
  )
  const { result } = await ask(router, 'GET_REPUTATION', { experience: true })
  const { experience = '' } = COMMANDS.GET_REPUTATION.checkResult(result)
  const opened = await openExperience(experience)
  expect(opened.router).toBe(router.report.peer_id)
  expect(opened.workers).toMatchObject([{ peer_id: workerPeer, bad: 0 }])
})

test('the router answers for the mesh: nodes that fit, reputation, no files where there are none', async () => {
  const found = await ask(router, 'FIND_NODES', {})
  expect(COMMANDS.FIND_NODES.checkResult(found.result).nodes).toMatchObject([
    { peer_id: worker.report.peer_id }
  ])
  const target = { target_peer: worker.report.peer_id }
  const { result } = await ask(router, 'GET_REPUTATION', target)
  expect(result).toMatchObject({ ...target, failed_requests: 0 })
  expect((await ask(router, 'LIST_FILES', {})).result).toMatchObject({ files: [], has_more: false })
  const hash = 'a'.repeat(64)
  expect((await ask(worker, 'GET_FILE_METADATA', { file_hash: hash })).error?.code).toBe(
    'FILE_NOT_FOUND'
  )
})

test('a router keeps jobs and reputation over its own restart, and its files private', async () => {
  const { id } = await api().submit({ task: TASK })
  expect((await api().wait(id)).result).toBe(SHA256)
  // It counts once the worker's receipt has been looked at.
  const before = await until(
    'the task to count',
    () => api().reputationOf(worker.report.peer_id),
    ({ successes }) => successes > 0
  )
  const { folder, peer_id: peerId } = router.report
  expect(statSync(join(folder, 'api.json')).mode & 0o777).toBe(0o600)
  await router.stop()
  await router.stop()
  expect(() => statSync(join(folder, 'api.json'))).toThrow('ENOENT')
  router = await startTheRouter()
  expect(router.report).toMatchObject({ folder, peer_id: peerId })
  expect((await api().job(id)).result).toBe(SHA256)
  expect(await api().reputationOf(worker.report.peer_id)).toMatchObject({
    successes: before.successes
  })
  await until(
    'worker known to the router',
    () => api().nodes(),
    (list) => list.length === 1
  )
})

test('what a router exports of its workers, anyone can count again', async () => {
  const file = join(home, 'evidence.jsonl')
  writeFileSync(file, await new Response(await api().exportReputation()).text())
  const report = await verifyExport(file)
  expect(report).toMatchObject({ router: router.report.peer_id, findings: [] })
  expect(report.workers).toMatchObject([{ worker: worker.report.peer_id, is_same: true }])
  expect(report.workers[0]?.proven).toBeGreaterThan(0)
  const view = await api().reputationOf(worker.report.peer_id, { asOf: '1ms' })
  expect(view.details?.task_types[0]).toMatchObject({ task_type: 'builtin:sha256' })
  const rows = await api().reputation({ limit: 1 })
  expect(rows.map(({ peer_id }) => peer_id)).toEqual([worker.report.peer_id])
})

test('a node that fails to start leaves its folder free', async () => {
  const { port } = new URL(router.report.http ?? '')
  const sources = joined({ name: ['second'], http: [`127.0.0.1:${port}`] })
  const start = () => startRouter(loadSettings('router', sources), silentLogger)
  await expect(start()).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
  await expect(start()).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
})

test('what the router answers is as its description of itself says', async () => {
  const { http: url = '' } = router.report
  const get = (path: string): Promise<Response> =>
    fetch(`${url}/v1${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const check = new OpenApiCheck((await (await get('/openapi.json')).json()) as OpenApiDocument)
  const { id } = await api().submit({ task: { ...TASK, args: { text: 'described' } } })
  await api().wait(id)
  const job = `/jobs/${id}`
  const worked = `/reputation/${worker.report.peer_id}`
  const paths = {
    checkHealth: '/health',
    listJobs: '/jobs',
    describeJob: job,
    readDocument: `${job}/document`,
    waitForJob: `${job}/wait`,
    listItems: `${job}/items`,
    listAttempts: `${job}/attempts`,
    readHistory: `${job}/history`,
    listReceipts: `${job}/receipts`,
    explainJob: `${job}/explain`,
    readLog: `${job}/logs`,
    listFiles: '/files',
    listNodes: '/nodes',
    describeNode: `/nodes/${worker.report.peer_id}`,
    listPeers: '/peers',
    readSecurity: '/security',
    listDecisions: '/decisions',
    explainIdle: '/idle-reasons',
    readWeights: '/weights',
    listReputation: '/reputation',
    describeReputation: worked,
    listEvidence: `${worked}/evidence`,
    listSuspects: `${worked}/suspects`,
    listTokens: '/tokens'
  }
  for (const [name, path] of Object.entries(paths)) {
    const response = await get(path)
    const findings = check.findings(name, response, await response.json())
    expect([name, findings]).toEqual([name, []])
  }
  const lines = (await (await get('/reputation/export')).text()).trim().split('\n')
  const line = check.schemaAt(
    'paths,/v1/reputation/export,get,responses,200,content,application/x-ndjson,schema'.split(',')
  )
  expect(lines.length).toBeGreaterThan(1)
  for (const text of lines) expect([text, line(JSON.parse(text))]).toEqual([text, true])
})
