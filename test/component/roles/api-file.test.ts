/** The file that tells programs of the same user how to reach the API. */
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ApiFile } from '../../../src/roles/api-file.ts'

test('is there while the API is, for its owner only, and replaces what a killed router left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'api-file-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'api.json')
  const elsewhere = join(folder, 'elsewhere')
  writeFileSync(elsewhere, 'untouched')
  symlinkSync(elsewhere, path)
  const told = { role: 'router' as const, url: 'http://127.0.0.1:1', token: 'secret' }
  const file = new ApiFile(folder, () => told)
  await file.start()
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...told, pid: process.pid })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readFileSync(elsewhere, 'utf8')).toBe('untouched')
  await file.stop()
  await file.stop()
  expect(() => statSync(path)).toThrow('ENOENT')
})
