/** `taskmesh route simulate`: a mesh and its load, from flags, a file or the router. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startWithHome } from '../../support/api-with-home.ts'
import { runInProcess } from '../../support/fake-terminal.ts'

const SMALL = '--mix short --jobs 200 --policy mesh'.split(' ')

function fileWith(document: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-simulate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'mesh.json')
  writeFileSync(file, JSON.stringify(document))
  return file
}

async function simulate(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const { code, stderr, stdout } = await runInProcess(['route', 'simulate', ...args])
  return { code, out: stdout, error: stderr }
}

describe('what is simulated', () => {
  test('a made-up mesh, beside the omniscient scheduler', async () => {
    const { code, out } = await simulate('--workers', '4', '--routers', '2', ...SMALL)
    expect(code).toBe(0)
    expect(out).toContain('4 workers, 2 routers, 200 jobs, load 75 %')
    expect(out).toMatch(/^mesh +\d+ms +\d\.\d\d× +█/m)
    expect(out).toMatch(/^omniscient +\d+ms +1\.00×/m)
    expect(out).not.toContain('random')
  })

  test('a file, of which flags change what they name; the same seed gives the same', async () => {
    const file = fileWith({ workers: [{ count: 2, slots: 2, speed_ghz: 2 }], jobs: 5_000 })
    const first = await simulate(file, ...SMALL, '--load', 'batch', '--json')
    const again = await simulate(file, ...SMALL, '--load', 'batch', '--json')
    expect(JSON.parse(first.out)).toMatchObject({ workers: 2, jobs: 200, load: 'batch' })
    expect(again.out).toBe(first.out)
  })

  test('the workers that the router knows', async () => {
    const { env } = await startWithHome()
    const line = ['route', 'simulate', '--from-mesh', ...SMALL, '--json']
    const { stdout } = await runInProcess(line, { env })
    expect(JSON.parse(stdout)).toMatchObject({ workers: 1, routers: 1 })
  })
})

describe('what is refused', () => {
  test.each([
    [['--load', '9'], '--load'],
    [['--workers', '5000'], '--workers'],
    [['mesh.json', '--from-mesh'], '--from-mesh'],
    [['--workers', '3', '--from-mesh'], '--workers'],
    [['README.md'], '(file)'],
    [['no-such-file.json'], 'no-such-file.json']
  ])('%j', async (args, place) => {
    const { code, error } = await simulate(...args)
    expect(code).toBe(1)
    expect(error).toContain(place)
  })

  test('jobs that need more memory than any worker has', async () => {
    const worker = { slots: 1, speed_ghz: 1, memory_mb: 1_024 }
    const { code, error } = await simulate(fileWith({ workers: [worker], mix: 'mixed' }))
    expect(code).toBe(1)
    expect(error).toContain('more memory than any worker has')
  })

  test('a field that does not exist', async () => {
    const { error } = await simulate(fileWith({ workers: [{ slots: 1, speed: 1 }] }))
    expect(error).toContain('workers[0]')
  })
})

test.each([
  [{ load: 1e-300 }, 'load'],
  [{ workers: [{ slots: 1, speed_ghz: 1e-300 }] }, 'workers[0].speed_ghz'],
  [{ classes: [{ name: 'x', mean_ms: 1e-300 }] }, 'classes[0].mean_ms'],
  [{ classes: [{ name: 'x', mean_ms: 1, share: 1e-320 }] }, 'classes[0].share']
])('%j, of which nothing could be reckoned, is refused where it stands', async (part, place) => {
  const file = fileWith({ workers: [{ slots: 1, speed_ghz: 1 }], ...part })
  const { code, error } = await simulate(file, '--jobs', '100')
  expect(code).not.toBe(0)
  expect(error).toContain(place)
})
