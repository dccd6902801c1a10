/** The demo, `up` and `down`: what a stranger starts first, and that nothing stays behind. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isAlive } from '../../src/cli/process-facts.ts'
import { PROJECT } from '../support/running-taskmesh.ts'
import { startTaskmesh, taskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import type { MeshFacts } from '../../src/cli/survey/facts.ts'
import type { SectionReport } from '../../src/cli/doctor/checks.ts'

const SYSTEM_NODE = '/usr/bin/node'

function pidsIn(text: string): number[] {
  return [...text.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid))
}

test('the demo counts words, explains itself and leaves nothing behind', async () => {
  const temporary = temporaryHome()
  const { code, stderr, stdout } = await taskmesh(['demo'], { env: { TMPDIR: temporary } })
  expect(stderr).not.toContain('error')
  expect(code).toBe(0)
  expect(stdout).toMatch(/Counting the words of \d+ README\.md files/)
  expect(stdout).toMatch(/^the {2,}[\d,]+ {2}█+$/m)
  for (const size of ['small', 'medium', 'large'])
    expect(stdout).toMatch(new RegExp(`${size} +\\d slots? +\\d+`))
  expect(stdout).toMatch(/\(local\) was chosen: picked among \d/)
  expect(stdout).toMatch(/WORKER +STATE +REPUTATION/)
  expect(stdout).toContain('Everything is stopped')
  const pids = pidsIn(stdout)
  expect(pids).toHaveLength(5)
  expect(pids.filter(isAlive)).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
})

test('Ctrl-C in the middle of the demo stops everything', async () => {
  const temporary = temporaryHome()
  const demo = startTaskmesh(['demo'], { env: { TMPDIR: temporary } })
  await demo.until(() => demo.stdout.includes('up-worker-large'), 'mesh')
  const pids = pidsIn(demo.stdout)
  demo.process.kill('SIGINT')
  expect(await demo.ended()).toBe(130)
  expect(pids.filter(isAlive)).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
})

test('nodes do not outlive a demo that is killed', async () => {
  const demo = startTaskmesh(['up', '--workers', '1'], { env: { TASKMESH_HOME: temporaryHome() } })
  await demo.until(() => demo.stdout.includes('Try, in another terminal'), 'mesh')
  const pids = pidsIn(demo.stdout)
  demo.process.kill('SIGKILL')
  await demo.ended()
  await expect.poll(() => pids.filter(isAlive), { timeout: 20_000 }).toEqual([])
})

test('up runs a mesh, survives the death of a worker, and down stops it', async () => {
  const env = { TASKMESH_HOME: temporaryHome() }
  const up = startTaskmesh(['up', '--workers', '2'], { env })
  await up.until(() => up.stdout.includes('Try, in another terminal'), 'mesh')
  const second = await taskmesh(['up'], { env })
  expect(second.stderr).toContain('error NODE_ALREADY_RUNNING')
  const medium = Number(/up-worker-medium .*pid (\d+)/.exec(up.stdout)?.[1])
  process.kill(medium, 'SIGKILL')
  await up.until(
    () => up.stderr.includes('up-worker-medium has ended: SIGKILL'),
    'word of the death'
  )
  const run = await taskmesh(['run', 'builtin', 'sha256', '--arg', 'text=hello', '-q'], { env })
  expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/^2cf24d/) })
  expect((await taskmesh(['down'], { env })).stdout).toBe('stopped 3 processes\n')
  expect(await up.ended()).toBe(0)
  expect(pidsIn(up.stdout).filter(isAlive)).toEqual([])
  expect((await taskmesh(['down'], { env })).stdout).toBe('no local mesh is running\n')
})

test('demo --keep leaves the mesh up until down, and the doctor finds nothing wrong with it', async () => {
  const env = { TASKMESH_HOME: temporaryHome() }
  onTestFinished(async () => void (await taskmesh(['down'], { env })))
  const demo = await taskmesh(['demo', '--keep', '--workers', '1'], { env })
  expect(demo.code).toBe(0)
  expect(demo.stdout).toContain('taskmesh down')
  const nodes = await taskmesh(['node', 'list', '--json'], { env })
  expect(JSON.parse(nodes.stdout)).toMatchObject([{ state: 'ready' }])
  const doctor = await taskmesh(['doctor', '--json'], { env })
  const { mesh, sections } = JSON.parse(doctor.stdout) as {
    mesh: MeshFacts
    sections: SectionReport[]
  }
  expect(doctor.code).toBe(0)
  const found = mesh.own.map(({ found: one, role }) => [role, one?.isFound ?? 'not looked for'])
  expect(Object.fromEntries(found)).toEqual({
    bootstrap: 'not looked for',
    router: true,
    worker: true
  })
  // What was looked at in the mesh has a summary.
  const judged = sections.filter(({ summary }) => summary !== undefined)
  expect(judged.map(({ section }) => section)).toContain('reachability')
  expect(judged.flatMap(({ findings }) => findings)).toEqual([])
  expect((await taskmesh(['down'], { env })).stdout).toBe('stopped 3 processes\n')
  expect(pidsIn(demo.stdout).filter(isAlive)).toEqual([])
})

test('a command leaves what was compiled beside the code, and does without as well', async () => {
  expect(await taskmesh(['version'])).toMatchObject({ code: 0, stderr: '' })
  expect(readdirSync(join(PROJECT, 'node_modules', '.cache', 'taskmesh'))).not.toEqual([])
  const env = { NODE_DISABLE_COMPILE_CACHE: '1' }
  expect(await taskmesh(['version'], { env })).toMatchObject({ code: 0, stderr: '' })
})

test.skipIf(!existsSync(SYSTEM_NODE))(
  'the launcher works under an older Node as well',
  async () => {
    const version = await taskmesh(['version', '--json'], { node: SYSTEM_NODE })
    expect(version.code).toBe(0)
    expect((JSON.parse(version.stdout) as { node: string }).node).toMatch(/^2[4-9]\./)
    const child = startTaskmesh(['bootstrap', '--listen', '/ip4/127.0.0.1/tcp/0'], {
      node: SYSTEM_NODE,
      env: { TASKMESH_HOME: temporaryHome() }
    })
    await child.until(() => child.stdout.includes('ready at'), 'ready line')
    expect(await child.stop()).toBe(0)
    const wrong = await taskmesh(['job', 'run'], { node: SYSTEM_NODE })
    expect(wrong.code).toBe(1)
  }
)
