/** Settings: which source wins, and what an error says about where it came from. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { checkAddress, isLoopbackAddress } from '../../../src/config/address.ts'
import { expandHome } from '../../../src/config/compile.ts'
import { loadConfig, loadSettings } from '../../../src/config/load.ts'
import { ROLES, optionsOf } from '../../../src/config/options.ts'
import { schemaDocuments, validatorFor } from '../../../src/model/validate.ts'

function configFile(content: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'node.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

function errorOf(work: () => unknown): MeshError {
  try {
    work()
  } catch (cause) {
    if (cause instanceof MeshError) return cause
    throw cause
  }
  throw new Error('nothing was thrown')
}

describe('defaults', () => {
  test.each(ROLES)('the default file of a %s fits its schema and compiles', (role) => {
    const text = readFileSync(
      new URL(`../../../config/${role}.default.json`, import.meta.url),
      'utf8'
    )
    expect(() => validatorFor(`config/${role}`)(JSON.parse(text))).not.toThrow()
    expect(() => loadSettings(role, { flags: {}, env: {} })).not.toThrow()
  })

  test.each(ROLES)('every key of a %s has a flag, and every flag a key', (role) => {
    const { properties } = schemaDocuments.get(`config/${role}`) as { properties: object }
    expect(
      optionsOf(role)
        .map(({ key }) => key)
        .toSorted()
    ).toEqual(Object.keys(properties).toSorted())
  })

  test('nothing listens beyond this machine by itself', () => {
    for (const role of ROLES) {
      const { listen } = loadSettings(role, { flags: {}, env: {} })
      expect(listen.every(isLoopbackAddress)).toBe(true)
    }
    expect(loadSettings('router', { flags: {}, env: {} }).http).toEqual({
      host: '127.0.0.1',
      port: 51880
    })
  })

  test('a router believes the routers that it is told to, each once, and none by default', () => {
    expect(loadSettings('router', { flags: {}, env: {} }).trustedRouters).toEqual([])
    const [one, two] = ['12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB', '1'.repeat(46)]
    const flags = { 'trusted-router': [one, two, one] }
    expect(loadSettings('router', { flags, env: {} }).trustedRouters).toEqual([one, two])
    const env = { TASKMESH_TRUSTED_ROUTER: `${one},${two}` }
    expect(loadSettings('router', { flags: {}, env }).trustedRouters).toEqual([one, two])
    const wrong = { 'trusted-router': ['/ip4/10.0.0.1/tcp/1'] }
    const error = errorOf(() => loadSettings('router', { flags: wrong, env: {} }))
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: '--trusted-router' })
  })

  test('a router refuses more items than it is told to queue', () => {
    expect(loadSettings('router', { flags: {}, env: {} }).queuedItemsMax).toBe(1_000_000)
    const flags = { 'max-queued': ['5'] }
    expect(loadSettings('router', { flags, env: {} }).queuedItemsMax).toBe(5)
    const error = errorOf(() => loadSettings('router', { flags: { 'max-queued': ['0'] }, env: {} }))
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: '--max-queued' })
  })

  test('a worker has its owner’s rules by flags, a switch among them', () => {
    expect(loadSettings('worker', { flags: {}, env: {} })).toMatchObject({
      drainDeadlineMs: 30_000,
      jobsMax: undefined,
      isIdleOnly: false,
      admit: undefined
    })
    const flags = {
      'drain-deadline': ['5m'],
      'max-jobs': ['3'],
      'idle-only': ['true'],
      admit: ['./ask.sh']
    }
    expect(loadSettings('worker', { flags, env: {} })).toMatchObject({
      drainDeadlineMs: 300_000,
      jobsMax: 3,
      isIdleOnly: true,
      admit: './ask.sh'
    })
    const { isIdleOnly } = loadSettings('worker', { flags: {}, env: { TASKMESH_IDLE_ONLY: '1' } })
    expect(isIdleOnly).toBe(true)
  })

  test.each([
    ['drain-deadline', '30', '--drain-deadline'],
    ['max-jobs', '0', '--max-jobs'],
    ['idle-only', 'perhaps', '--idle-only'],
    ['admit', '', '--admit']
  ])('--%s %j is refused', (flag, text, path) => {
    const error = errorOf(() => loadSettings('worker', { flags: { [flag]: [text] }, env: {} }))
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path })
  })

  test('settings are frozen and in the units of the code', () => {
    const settings = loadSettings('worker', { flags: { memory: ['1GiB'] }, env: {} })
    expect(settings).toMatchObject({
      memoryBytes: 2 ** 30,
      taskMemoryBytes: 128 * 2 ** 20,
      slots: undefined
    })
    expect(Object.isFrozen(settings)).toBe(true)
    expect(Object.isFrozen(settings.labels)).toBe(true)
  })
})

describe('precedence', () => {
  test('file < environment < flags, each key by itself', () => {
    const file = configFile({ slots: 1, namespace: 'file', queue_slots: 9 })
    const settings = loadSettings('worker', {
      flags: { config: [file], slots: ['3'] },
      env: { TASKMESH_SLOTS: '2', TASKMESH_NAMESPACE: 'environment' }
    })
    expect(settings).toMatchObject({ slots: 3, namespace: 'environment', queueSlots: 9 })
  })

  test('the config file may be named by a variable, and its origins are told', () => {
    const file = configFile({ namespace: 'file' })
    const { origins } = loadConfig('worker', {
      flags: { label: ['a=b'] },
      env: { TASKMESH_CONFIG: file }
    })
    expect(origins).toMatchObject({
      namespace: `namespace in ${file}`,
      labels: '--label',
      announce: 'the default'
    })
  })

  test('variables hold lists with commas and labels as pairs', () => {
    const { bootstrap, labels } = loadSettings('worker', {
      flags: {},
      env: {
        TASKMESH_BOOTSTRAP: '/ip4/10.0.0.1/tcp/1, /dns/a.example/tcp/2',
        TASKMESH_LABEL: 'zone=home,disk=fast'
      }
    })
    expect(bootstrap).toEqual(['/ip4/10.0.0.1/tcp/1', '/dns/a.example/tcp/2'])
    expect(labels).toEqual({ zone: 'home', disk: 'fast' })
  })

  test('an empty variable is as good as none', () => {
    expect(loadSettings('worker', { flags: {}, env: { TASKMESH_SLOTS: '' } }).slots).toBeUndefined()
  })
})

describe('errors name their source', () => {
  test('a flag', () => {
    const error = errorOf(() => loadSettings('worker', { flags: { slots: ['0'] }, env: {} }))
    expect(error).toMatchObject({
      code: 'FIELD_INVALID',
      message: 'slots must be >= 1',
      path: '--slots'
    })
  })

  test('a variable', () => {
    const error = errorOf(() =>
      loadSettings('worker', { flags: {}, env: { TASKMESH_SLOTS: 'two' } })
    )
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'TASKMESH_SLOTS' })
  })

  test('a key of a file', () => {
    const file = configFile({ task_memory: '12 parsecs' })
    const error = errorOf(() => loadSettings('worker', { flags: { config: [file] }, env: {} }))
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: `task_memory in ${file}` })
  })

  test('an unknown key gets its nearest neighbour', () => {
    const file = configFile({ slotz: 2 })
    const error = errorOf(() => loadSettings('worker', { flags: { config: [file] }, env: {} }))
    expect(error).toMatchObject({ code: 'FIELD_UNKNOWN', hint: 'did you mean "slots"?' })
  })

  test.each([
    ['not JSON', '{'],
    ['no object', '[1]']
  ])('a file that is %s', (_what, content) => {
    const file = configFile(content)
    const error = errorOf(() => loadSettings('router', { flags: { config: [file] }, env: {} }))
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', path: file })
  })

  test('a file that is not there', () => {
    const error = errorOf(() =>
      loadSettings('router', { flags: { config: ['/no/such'] }, env: {} })
    )
    expect(error.code).toBe('CONFIG_INVALID')
  })

  test('an address as people write it elsewhere gets the right form', () => {
    const error = errorOf(() =>
      loadSettings('worker', { flags: { bootstrap: ['10.0.0.1:51820'] }, env: {} })
    )
    expect(error).toMatchObject({
      path: '--bootstrap',
      hint: 'did you mean /ip4/10.0.0.1/tcp/51820?'
    })
  })

  test('an HTTP address without a port', () => {
    const error = errorOf(() => loadSettings('router', { flags: { http: ['localhost'] }, env: {} }))
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: '--http' })
  })

  test('a weight that is no number', () => {
    const error = errorOf(() =>
      loadSettings('router', { flags: { weight: ['cpu=much'] }, env: {} })
    )
    expect(error.path).toBe('--weight')
  })
})

describe('addresses', () => {
  test.each([
    ['/ip4/127.0.0.1/tcp/1', true],
    ['/ip6/::1/tcp/1', true],
    ['/dns/localhost/tcp/1', true],
    ['/ip4/0.0.0.0/tcp/1', false],
    ['/ip4/192.168.1.4/tcp/1', false]
  ])('%s is loopback: %s', (address, isLoopback) => {
    expect(isLoopbackAddress(address)).toBe(isLoopback)
  })

  test('an address without TCP is refused', () => {
    expect(errorOf(() => checkAddress('/ip4/1.2.3.4/udp/5', 'x')).code).toBe('FIELD_INVALID')
    expect(checkAddress('/ip6/::1/tcp/5', 'x')).toBe('/ip6/::1/tcp/5')
  })

  test('the home may be written with a tilde', () => {
    expect(expandHome('~/x')).toBe(join(homedir(), 'x'))
    expect(expandHome('/a/b')).toBe('/a/b')
  })
})

describe('programs that tasks may start', () => {
  test('are none by default', () => {
    expect(loadSettings('worker', { flags: {}, env: {} }).process).toEqual({
      programs: [],
      folders: [],
      isAnyAllowed: false,
      uid: undefined,
      diskBytes: 2 ** 30,
      isUnsafe: false,
      isNetworkAllowed: false
    })
  })

  test('are named one by one', () => {
    const flags = {
      engine: ['builtin', 'process'],
      program: ['/usr/bin/sort', '/usr/bin/wc'],
      'process-uid': ['64001'],
      'process-disk': ['64MiB'],
      'process-network': ['true'],
      'program-folder': ['/opt/tools/lib'],
      'unsafe-process': ['true']
    }
    expect(loadSettings('worker', { flags, env: {} }).process).toEqual({
      programs: ['/usr/bin/sort', '/usr/bin/wc'],
      folders: ['/opt/tools/lib'],
      isAnyAllowed: false,
      uid: 64_001,
      diskBytes: 64 * 2 ** 20,
      isUnsafe: true,
      isNetworkAllowed: true
    })
  })

  test.each([
    ['named, but not offered', { program: ['/usr/bin/sort'] }, '--program'],
    ['all allowed, but not offered', { 'any-program': ['true'] }, '--any-program'],
    ['no absolute path', { engine: ['process'], program: ['sort'] }, '--program'],
    ['run by root', { engine: ['process'], 'process-uid': ['0'] }, '--process-uid']
  ])('are refused when %s', (_, flags, path) => {
    const error = errorOf(() => loadSettings('worker', { flags, env: {} }))
    expect([error.code, error.path]).toEqual(['FIELD_INVALID', path])
  })
})
