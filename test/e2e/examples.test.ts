/** The examples of jobs that work on files, as somebody would run them: one mesh for all of them. */
import { gunzipSync } from 'node:zlib'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { LiveMesh, untilWorkersReady } from '../support/live-mesh.ts'
import { processProblem } from '../support/process-engine.ts'
import { shareOverTests, taskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import type { JobView } from '../../src/index.ts'

shareOverTests()
const problem = await processProblem()

let mesh: LiveMesh
let folder = ''

beforeAll(async () => {
  ;({ mesh } = await LiveMesh.start())
  folder = temporaryHome()
  const programs = problem === undefined ? ['--engine=process', '--program=/usr/bin/awk'] : []
  const offers = ['--slots=2', '--engine=javascript', '--engine=wasm', ...programs]
  const [router] = await Promise.all([
    mesh.router(),
    mesh.worker('one', ...offers),
    mesh.worker('two', ...offers)
  ])
  await untilWorkersReady(router.client, 2)
})

/** All jobs of a graph, of which each must complete. */
async function run(example: string): Promise<ReadonlyMap<string, JobView>> {
  const path = join('examples', example, 'job.json')
  const jobs = (await mesh.json('job', 'run', path)) as JobView[]
  expect(jobs.map(({ error, state }) => error ?? state)).toEqual(jobs.map(() => 'completed'))
  return new Map(jobs.map((job) => [job.name ?? '', job]))
}

/** Fetched as its README says. */
async function outputOf(job: JobView | undefined, name: string): Promise<Buffer> {
  const ended = await taskmesh(['job', 'get', job?.id ?? '', name, '-o', folder], { env: mesh.env })
  expect(ended).toMatchObject({ code: 0 })
  return readFileSync(join(folder, name))
}

test('map-reduce makes an index of the manual', async () => {
  const jobs = await run('map-reduce')
  const index = String(await outputOf(jobs.get('book'), 'index.txt'))
  expect(index).toMatch(/^A\n/)
  expect(index).toMatch(/\nbootstrap: security/)
  expect(index).toMatch(/\nP\n/)
  const words = index.match(/^\w+: /gm)?.length
  expect(jobs.get('book')?.result).toEqual({ words })
})

test.skipIf(problem !== undefined)('render-farm makes a strip of frames', async () => {
  const jobs = await run('render-farm')
  const film = String(await outputOf(jobs.get('film'), 'film.ppm'))
  const [kind, width, height, depth, ...values] = film.trim().split(/\s+/)
  expect([kind, width, height, depth]).toEqual(['P3', '192', '768', '255'])
  expect(values).toHaveLength(3 * 192 * 768)
  expect(new Set(values).size).toBeGreaterThan(100)
})

test('wasm-pipeline checks a page and packs it', async () => {
  const jobs = await run('wasm-pipeline')
  expect(jobs.get('check')?.result).toMatchObject({ exit_code: 0, stdout: '' })
  const packed = await outputOf(jobs.get('pack'), 'page.html.gz')
  expect(String(gunzipSync(packed))).toMatch(/^<h1>taskmesh<\/h1>/)
})
