/** A certificate and its key: the right two are taken, all others named before anything listens. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { hasOpenssl, makeCertificate } from '../../support/tls-server.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { loadTlsPair } from '../../../src/roles/tls-pair.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { systemClock } from '../../../src/core/clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'taskmesh-pair-'))
const at = (name: string): string => join(folder, name)

beforeAll(() => {
  if (!hasOpenssl) return
  for (const name of ['one', 'two']) {
    const { cert, key } = makeCertificate()
    writeFileSync(at(`${name}.crt`), cert)
    writeFileSync(at(`${name}.key`), key, { mode: 0o600 })
  }
  writeFileSync(at('empty'), '')
})

afterAll(() => rmSync(folder, { recursive: true }))

function load(cert: string, key: string, clock = systemClock) {
  const warn = vi.fn<(fields: object, text: string) => void>()
  const logger = Object.assign(Object.create(silentLogger) as typeof silentLogger, { warn })
  const pair = loadTlsPair({ certFile: at(cert), keyFile: at(key) }, { clock, logger })
  return { pair, warnings: warn.mock.calls.map(([, text]) => text) }
}

describe.runIf(hasOpenssl)('a pair', () => {
  test('is read as it is', () => {
    const { pair, warnings } = load('one.crt', 'one.key')
    expect(pair.cert).toContain('BEGIN CERTIFICATE')
    expect(pair.key).toContain('PRIVATE KEY')
    expect(warnings).toEqual([])
  })

  test.each([
    ['one.crt', 'two.key', '--tls-key', 'is not that of the certificate'],
    ['none', 'one.key', '--tls-cert', 'cannot be read'],
    ['one.crt', 'none', '--tls-key', 'cannot be read'],
    ['empty', 'one.key', '--tls-cert', 'holds no certificate'],
    ['one.key', 'one.key', '--tls-cert', 'holds no certificate'],
    ['one.crt', 'one.crt', '--tls-key', 'holds no private key'],
    ['one.crt', 'empty', '--tls-key', 'holds no private key']
  ])('%s with %s is refused', (cert, key, path, message) => {
    expect(() => load(cert, key)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        path,
        message: expect.stringContaining(message) as string
      }) as Error
    )
  })

  test('that is over, or whose key all can read, is warned of', () => {
    const later = new FakeClock(systemClock.wallMs() + 10 * 86_400_000)
    expect(load('one.crt', 'one.key', later).warnings).toEqual(['the tls certificate is over'])
    chmodSync(at('two.key'), 0o644)
    expect(load('two.crt', 'two.key').warnings).toEqual([
      'everybody on this machine can read the tls key'
    ])
  })
})

test.each([
  ['tls-cert', 'tls_key'],
  ['tls-key', 'tls_cert']
])('--%s alone is a mistake', (given, missing) => {
  const sources = { env: {}, flags: { home: [folder], [given]: ['some.pem'] } }
  expect(() => loadSettings('router', sources)).toThrow(
    expect.objectContaining({
      code: 'FIELD_INVALID',
      path: `--${given}`,
      hint: `give ${missing} as well`
    }) as Error
  )
})
