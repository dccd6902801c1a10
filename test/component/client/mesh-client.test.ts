/** The client library against a real mesh: the same by libp2p, where it finds its router by itself, and by HTTP. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIBRARY_NAMESPACE, LIBRARY_TOKEN, startLibraryMesh } from '../../support/library-mesh.ts'
import { MeshClient } from '../../../src/client/mesh-client.ts'
import { until } from '../../support/until.ts'
import type { LibraryMesh } from '../../support/library-mesh.ts'

/** Of an author, who publishes by either way. */
const home = mkdtempSync(join(tmpdir(), 'author-'))
let mesh: LibraryMesh
let byPeer: MeshClient
let byHttp: MeshClient
const clients = () => ({ libp2p: byPeer, HTTP: byHttp })
const WAYS = ['libp2p', 'HTTP'] as const

let running = 0
let mostRunning = 0
const started = new Set<unknown>()

beforeAll(async () => {
  mesh = await startLibraryMesh({
    square: async (n: number) => {
      started.add(n)
      running += 1
      mostRunning = Math.max(mostRunning, running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running -= 1
      if (n < 0) throw new Error('no square below zero')
      return n * n
    },
    never: (_input: unknown, { signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason))
      )
  })
  byPeer = await MeshClient.connect(mesh.bootstrap.report.addresses, LIBRARY_NAMESPACE, { home })
  byHttp = await MeshClient.connect(mesh.router.report.http ?? '', { token: LIBRARY_TOKEN, home })
})

afterAll(async () => {
  await byPeer.close()
  await byHttp.close()
  await mesh.stop()
  rmSync(home, { recursive: true, force: true })
})

const SQUARE = { engine: 'function', name: 'square' } as const

describe.each(WAYS)('by %s', (way) => {
  test('a job is handed in, watched, and gives its result and receipts', async () => {
    const client = clients()[way]
    const { id } = await client.submit({ task: { ...SQUARE, input: 12 } })
    const types: string[] = []
    for await (const { type } of client.watch(id)) types.push(type)
    expect(types.at(-1)).toBe('job:ended')
    expect(await client.wait(id)).toMatchObject({ state: 'completed', result: 144 })
    // It is looked at beside the job, not before it ends.
    const [receipt] = await until(
      'receipt',
      () => client.receipts(id),
      (list) => list.length > 0
    )
    expect(receipt).toMatchObject({ item: '0' })
  })

  test('what a task failed with is thrown, with its code', async () => {
    const failing = clients()[way].run({ task: { ...SQUARE, input: -1 } })
    await expect(failing).rejects.toMatchObject({ code: 'TASK_FAILED' })
  })

  test('a document with a mistake names the field', async () => {
    const wrong = clients()[way].submit({ task: { ...SQUARE, inptu: 1 } } as never)
    await expect(wrong).rejects.toMatchObject({ code: 'FIELD_UNKNOWN', path: 'task.inptu' })
  })

  test('a log is followed to its end', async () => {
    const client = clients()[way]
    const source = "function main () { console.log('one'); console.log('two') }"
    const { id } = await client.submit({ task: { engine: 'javascript', source } })
    const texts: string[] = []
    for await (const { entries } of client.logs(id)) texts.push(...entries.map(({ text }) => text))
    expect(texts.join('')).toContain('one')
    expect(texts.join('')).toContain('two')
  })

  test('a file goes in, is listed, and comes back as it was', async () => {
    const client = clients()[way]
    const bytes = new Uint8Array(600_000).map((_, index) => (index * way.length) % 251)
    const { id } = await client.files.put(bytes, { name: `${way}.bin`, pin: true })
    expect(Buffer.compare(await client.files.bytes(id), bytes)).toBe(0)
    const names: string[] = []
    for await (const { name } of client.files.list({ name: way })) names.push(name ?? '')
    expect(names).toEqual([`${way}.bin`])
    // Again, there is nothing to send.
    expect(await client.files.put(new Blob([bytes]), { name: 'again' })).toMatchObject({ id })
  })

  test('workers and their reputation are there to see', async () => {
    const client = clients()[way]
    const [node] = await client.nodes()
    expect(node).toMatchObject({ peer_id: mesh.worker.peerId, functions: ['never', 'square'] })
    const [one] = await client.reputation(mesh.worker.peerId)
    expect(one).toMatchObject({ peer_id: mesh.worker.peerId })
    expect(await client.reputation()).toHaveLength(1)
  })

  test('a recipe is published, run, and taken back by its author', async () => {
    const client = clients()[way]
    const { recipes } = client
    const job = { task: { ...SQUARE, input: { $param: 'n' } } }
    const recipe = { name: 'square', parameters: { n: { type: 'integer' } }, job } as const
    const { author } = await recipes.publish(recipe)
    expect(await recipes.get(`square@${author}`)).toMatchObject({ author, name: 'square' })
    expect((await Array.fromAsync(recipes.list())).map(({ name }) => name)).toEqual(['square'])
    const [made] = (await recipes.run('square', { n: 6 })).jobs
    expect(await client.wait(made?.id ?? '')).toMatchObject({ result: 36 })
    await expect(recipes.run('square', { n: 'six' })).rejects.toMatchObject({ path: 'n' })
    await recipes.retract('square')
    expect(await Array.fromAsync(recipes.list())).toEqual([])
  })

  test('a map over a stream keeps to its bound, and gives every result', async () => {
    const client = clients()[way]
    mostRunning = 0
    let pulled = 0
    let given = 0
    async function* numbers(): AsyncGenerator<number> {
      for (let n = 0; n < 12; n += 1) {
        pulled += 1
        expect(pulled - given).toBeLessThanOrEqual(3)
        yield n
      }
    }
    const found = new Map<number, number>()
    for await (const { index, item, result } of client.map<number, number>(SQUARE, numbers(), {
      concurrency: 2
    })) {
      expect(index).toBe(item)
      found.set(item, result)
      given += 1
    }
    expect([...found].toSorted(([left], [right]) => left - right)).toEqual(
      Array.from({ length: 12 }, (_, n) => [n, n * n])
    )
    expect(mostRunning).toBeLessThanOrEqual(2)
  })
})

test('a map in the order of its items, several to a job, with a function of the program', async () => {
  const results: number[] = []
  const options = { order: 'input', batch: 4, concurrency: 3 } as const
  for await (const { result } of byPeer.map<number, number>(
    (n: number) => n + 1,
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    options
  )) {
    results.push(result)
  }
  expect(results).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('an item that fails ends a map, or is given out with its error', async () => {
  const map = byPeer.map(SQUARE, [3, -3])
  await expect(Array.fromAsync(map)).rejects.toMatchObject({ code: 'TASK_FAILED' })
  const outcomes = await Array.fromAsync(
    byPeer.map(SQUARE, [3, -3], { failures: 'yield', order: 'input' })
  )
  expect(outcomes).toMatchObject([{ result: 9 }, { error: { code: 'TASK_FAILED' } }])
})

test('whoever leaves a map stops what is on its way', async () => {
  const leaving = new AbortController()
  const map = byPeer.map({ engine: 'function', name: 'never' }, [1, 2], { signal: leaving.signal })
  const next = map.next()
  const api = await byPeer.api()
  const isRunning = async (): Promise<boolean> =>
    (await api.jobs({ state: 'running' })).length === 2
  while (!(await isRunning())) await new Promise((resolve) => setTimeout(resolve, 10))
  leaving.abort(new Error('no longer wanted'))
  await expect(next).rejects.toThrow('no longer wanted')
  expect(await api.jobs({ state: 'running' })).toEqual([])
})

test('peers are asked by the seeds’ own way', async () => {
  const { address } = await byPeer.connectToPeer(mesh.worker.addresses[0] ?? '')
  expect(address).toContain('/ip4/127.0.0.1/')
  const { response } = await byPeer.sendAndWait(mesh.worker.peerId, 'GET_CAPABILITIES', {})
  expect(response).toMatchObject({ status: 'success', result: { role: 'worker' } })
})

test('a router may be named, and one of another namespace is none', async () => {
  const named = await MeshClient.connect(mesh.bootstrap.report.addresses, 'elsewhere', {
    router: mesh.router.report.addresses[0]
  })
  expect(await named.run({ task: { ...SQUARE, input: 3 } })).toBe(9)
  await named.close()
  await using elsewhere = await MeshClient.connect(mesh.bootstrap.report.addresses, 'elsewhere')
  const signal = AbortSignal.timeout(400)
  await expect(elsewhere.nodes({}, { signal })).rejects.toThrow('aborted')
})

test('a client without a home signs no recipes, and says how it would', async () => {
  const url = mesh.router.report.http ?? ''
  await using passing = await MeshClient.connect(url, { token: LIBRARY_TOKEN })
  const job = { task: SQUARE }
  await expect(passing.recipes.publish({ name: 'square', job })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    path: 'home'
  })
})

test('a client of the HTTP API is no peer, and says so', async () => {
  expect(() => byHttp.selfPeer).toThrow('no peer')
  await expect(byHttp.connectToPeer('/ip4/127.0.0.1/tcp/1')).rejects.toMatchObject({
    code: 'CONFIG_INVALID'
  })
})
