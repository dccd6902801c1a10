/** One living process per folder: two claims, numbers, a holder that is killed, and homes that can't be used. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { claimFolder } from '../../../src/roles/node-folder.ts'

function temporaryFolder(): string {
  const home = mkdtempSync(join(tmpdir(), 'node-folder-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}

test('a named folder is for one process at a time, and private', () => {
  const home = temporaryFolder()
  const first = claimFolder(home, 'mine', 'worker')
  expect(first.path).toBe(join(home, 'mine'))
  expect(statSync(first.path).mode & 0o777).toBe(0o700)
  expect(() => claimFolder(home, 'mine', 'worker')).toThrow(
    expect.objectContaining({ code: 'NODE_ALREADY_RUNNING', path: '--name' })
  )
  first.release()
  first.release()
  claimFolder(home, 'mine', 'worker').release()
})

test('without a name, the first free number is taken', () => {
  const home = temporaryFolder()
  const names = ['worker', 'worker-2', 'worker-3']
  const folders = names.map(() => claimFolder(home, undefined, 'worker'))
  expect(folders.map(({ path }) => path)).toEqual(names.map((name) => join(home, name)))
  folders[1]?.release()
  const again = claimFolder(home, undefined, 'worker')
  expect(again.path).toBe(join(home, 'worker-2'))
  const router = claimFolder(home, undefined, 'router')
  expect(router.path).toBe(join(home, 'router'))
  for (const folder of [...folders, again, router]) folder.release()
})

test('another process is noticed, and a killed one holds nothing', async () => {
  const home = temporaryFolder()
  const script = fileURLToPath(new URL('../../support/hold-folder.ts', import.meta.url))
  const holder = spawn(process.execPath, [script, home, 'mine'])
  onTestFinished(() => void holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  expect(() => claimFolder(home, 'mine', 'worker')).toThrow('another process')
  holder.kill('SIGKILL')
  await once(holder, 'close')
  claimFolder(home, 'mine', 'worker').release()
})

test.each([undefined, 'mine'])(
  'a home that can’t be used is an error that names it (%s)',
  (name) => {
    const home = temporaryFolder()
    const file = join(home, 'file')
    writeFileSync(file, '')
    expect(() => claimFolder(file, name, 'worker')).toThrow(
      expect.objectContaining({
        code: 'IDENTITY_UNUSABLE',
        path: '--home',
        message: expect.stringContaining(file) as string
      })
    )
  }
)
