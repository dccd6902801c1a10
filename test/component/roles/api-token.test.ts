/** The API's token as a file: the same after a restart, and nobody else's to read. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { loadApiToken, loadTokenBook } from '../../../src/roles/api-token.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskmesh-token-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('is made once and then kept, readable by its owner alone', () => {
  const token = loadApiToken(folder)
  expect(token).toMatch(/^[\w-]{32}$/)
  expect(loadApiToken(folder)).toBe(token)
  expect(statSync(join(folder, 'api-token')).mode & 0o777).toBe(0o600)
})

test('one that others could read is kept, and taken away from them', () => {
  writeFileSync(join(folder, 'api-token'), 'chosen-by-the-owner\n', { mode: 0o644 })
  expect(loadApiToken(folder)).toBe('chosen-by-the-owner')
  expect(statSync(join(folder, 'api-token')).mode & 0o777).toBe(0o600)
})

test('an empty file counts as none', () => {
  writeFileSync(join(folder, 'api-token'), '')
  expect(loadApiToken(folder)).toMatch(/^[\w-]{32}$/)
})

test('the book of named tokens is a file for its owner alone, and the same after a restart', () => {
  const clock = new FakeClock()
  const { token = '' } = loadTokenBook(folder, clock).create({ name: 'ci', scope: 'submit' })
  const file = join(folder, 'api-tokens.json')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file, 'utf8')).not.toContain(token.slice(-43))
  expect(loadTokenBook(folder, clock).find(token)).toMatchObject({ submitter: 'http/ci' })
  writeFileSync(file, '{"version":1,')
  expect(() => loadTokenBook(folder, clock)).toThrow('is damaged')
})
