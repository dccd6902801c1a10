/** Secrets among the settings: shown nowhere, read from files, and in no error. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { ROLE_OPTIONS } from '../../../src/config/options.ts'
import { loadConfig, loadSettings, settingsFrom } from '../../../src/config/load.ts'
import { runInProcess } from '../../support/fake-terminal.ts'

const SECRET = 'correct-horse-battery-staple'

function file(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-secrets-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'file')
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

function errorText(work: () => unknown): string {
  try {
    work()
  } catch (cause) {
    if (!(cause instanceof MeshError)) throw cause
    return JSON.stringify([cause.message, cause.hint, cause.path, String(cause.cause)])
  }
  throw new Error('nothing was thrown')
}

const secretOptions = ROLE_OPTIONS.filter(({ isSecret }) => isSecret === true)

test('tokens are secret', () => {
  expect(secretOptions.map(({ key }) => key)).toEqual(expect.arrayContaining(['token', 'join']))
})

describe.each(secretOptions)('$key', ({ flag, key, roles: [role = 'router'] }) => {
  test('is read from a file, whichever way that is named', () => {
    const path = `@${file(`${SECRET}\n`)}`
    const variable = `TASKMESH_${flag.toUpperCase()}`
    const config = file(JSON.stringify({ [key]: path }))
    for (const sources of [
      { flags: { [flag]: [path] }, env: {} },
      { flags: {}, env: { [variable]: path } },
      { flags: { config: [config] }, env: {} }
    ]) {
      const { shown, values } = loadConfig(role, sources)
      expect([values[key], shown[key]]).toEqual([SECRET, path])
    }
    expect(settingsFrom(role, { [key]: path })).toMatchObject({ [key]: SECRET })
  })

  test('is not shown', async () => {
    const { stdout } = await runInProcess(['config', 'show', role], {
      env: { [`TASKMESH_${flag.toUpperCase()}`]: SECRET }
    })
    expect(stdout).toContain('(set)')
    expect(stdout).not.toContain(SECRET)
  })
})

describe('an error does not hold', () => {
  test('a secret that does not fit', () => {
    const flags = { token: ['short-secret'] }
    expect(errorText(() => loadSettings('router', { flags, env: {} }))).not.toContain(
      'short-secret'
    )
  })

  test('what stands in a config file that is no JSON', () => {
    const config = file(`{"token": ${SECRET}}`)
    const text = errorText(() => loadSettings('router', { flags: { config: [config] }, env: {} }))
    expect(text).not.toContain('horse')
    expect(text).toContain('not valid JSON')
  })

  test.each([
    ['router', '--token', SECRET, '--slotz', '3'],
    ['router', `--token=${SECRET}`, '--http', SECRET],
    ['node', 'list', '--api', `http://me:${SECRET}@127.0.0.1:1`],
    ['worker', '--admit', `https://me:${SECRET}@host`, '--max-jobs', `https://me:${SECRET}@host`]
  ])('what the command line held: %s %s', async (...words) => {
    const { code, stderr, stdout } = await runInProcess([...words], { env: { DEBUG: '1' } })
    expect(code).toBe(1)
    expect(stderr).toContain('error ')
    expect(stderr + stdout).not.toContain(SECRET)
  })
})

test('an address is shown without its password', async () => {
  const { stdout } = await runInProcess(['config', 'show', 'worker'], {
    env: { TASKMESH_ADMIT: `https://me:${SECRET}@host/ask` }
  })
  expect(stdout).toContain('@host/ask')
  expect(stdout).not.toContain(SECRET)
})
