/** The examples of clients in other languages, as somebody would run them: against one router, with a token of their own. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIBRARY_TOKEN, startLibraryMesh } from '../support/library-mesh.ts'
import { PROJECT } from '../support/running-taskmesh.ts'
import type { LibraryMesh } from '../support/library-mesh.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'api-examples-'))
let mesh: LibraryMesh
let env: Record<string, string>

const isThere = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((path) => existsSync(join(path, program)))

beforeAll(async () => {
  mesh = await startLibraryMesh({})
  const { http = '' } = mesh.router.report
  env = { PATH: process.env['PATH'] ?? '', TASKMESH_API: http, TASKMESH_TOKEN: LIBRARY_TOKEN }
})

afterAll(async () => {
  await mesh.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.skipIf(!isThere('python3'))('Python’s standard library is enough', async () => {
  const cwd = join(PROJECT, 'examples/python')
  const python = { env: { ...env, PYTHONDONTWRITEBYTECODE: '1' }, cwd }
  const { stdout } = await run('python3', ['squares.py', '3', '4', '5'], python)
  expect(stdout).toBe('9\n16\n25\n')
  const wrong = run('python3', ['squares.py'], python)
  await expect(wrong).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^FIELD_/) as string
  })
})

test.skipIf(!isThere('curl'))('so are a shell and curl', async () => {
  const job = join(folder, 'job.json')
  const task = { engine: 'javascript', source: 'function main (n) { return n + 1 }', input: 41 }
  writeFileSync(job, JSON.stringify({ task }))
  const { stdout } = await run(join(PROJECT, 'examples/curl/run.sh'), [job], { env })
  expect(JSON.parse(stdout)).toMatchObject({ state: 'completed', result: 42 })
})
