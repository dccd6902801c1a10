/** The doctor: each finding from real folders, rights and certificates, and nothing about what is well. */
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createAuthority } from '../../../src/membership/authority.ts'
import { exposureCheck } from '../../../src/cli/doctor/exposure-check.ts'
import { filesCheck } from '../../../src/cli/doctor/files-check.ts'
import { homeCheck } from '../../../src/cli/doctor/home-check.ts'
import { issueCertificate } from '../../../src/membership/certificates.ts'
import {
  machineCheck,
  checkNode,
  checkSync,
  checkUser
} from '../../../src/cli/doctor/machine-check.ts'
import { membershipCheck } from '../../../src/cli/doctor/membership-check.ts'
import { addressOf, findNodes } from '../../../src/cli/doctor/node-processes.ts'
import { claimFolder } from '../../../src/roles/node-folder.ts'
import { quoted } from '../../../src/cli/doctor/check.ts'
import { runChecks } from '../../../src/cli/doctor/checks.ts'
import { saveMembership } from '../../../src/membership/own-membership.ts'
import { signNotice } from '../../../src/membership/notices.ts'
import { writeSecret } from '../../../src/core/secret-file.ts'
import type { Authority } from '../../../src/membership/authority.ts'
import type { Check, Finding, NodeProcess } from '../../../src/cli/doctor/check.ts'

const NOW_MS = 1_800_000_000_000
const DAY_MS = 86_400_000
const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const isRoot = process.geteuid?.() === 0

/** A home with a worker's folder and key. */
function home(): { path: string; folder: string; key: string } {
  const path = mkdtempSync(join(tmpdir(), 'taskmesh-doctor-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  const folder = join(path, 'worker')
  writeSecret(join(folder, 'key'), 'secret')
  return { path, folder, key: join(folder, 'key') }
}

async function findings(
  check: Check,
  path: string,
  more: { nodes?: readonly NodeProcess[]; nowMs?: number } = {}
): Promise<readonly Finding[]> {
  return await check.run({ home: path, nodes: [], nowMs: NOW_MS, ...more })
}

const said = (found: readonly Finding[]): string[] =>
  found.map(({ remedy, severity, what }) => `${severity}: ${what}; ${remedy}`)

describe('of the home', () => {
  test('one that is not there is only noted', async () => {
    expect(said(await findings(homeCheck, '/nowhere/taskmesh'))).toEqual([
      expect.stringContaining('note: there is nothing at /nowhere/taskmesh')
    ])
  })

  test('that it lies where the system empties folders', async () => {
    const text = said(await findings(homeCheck, home().path)).join('\n')
    expect(text.includes('warning: the home')).toBe(tmpdir() === '/tmp')
    expect(text).not.toContain('problem')
  })

  test('that others may write there, or around it', async () => {
    const { folder, path } = home()
    chmodSync(path, 0o777)
    expect(said(await findings(homeCheck, path))).toContainEqual(
      expect.stringContaining(`problem: others may write in the folder ${path}`)
    )
    expect(said(await findings(homeCheck, folder))).toContainEqual(
      expect.stringContaining(`chmod go-w ${path}`)
    )
  })

  test('that others can list it', async () => {
    const { path } = home()
    chmodSync(path, 0o755)
    expect(said(await findings(homeCheck, path))).toContainEqual(
      `note: others can list the folder ${path}; chmod 700 ${path}`
    )
  })
})

describe('of key files', () => {
  test('nothing where all is well', async () => {
    expect(await findings(filesCheck, home().path)).toEqual([])
  })

  test.each<[string, (at: ReturnType<typeof home>) => void, RegExp]>([
    ['a key that others read', ({ key }) => chmodSync(key, 0o640), /^problem: .* chmod 600 .*key/],
    ['a key that others write', ({ key }) => chmodSync(key, 0o620), /^problem: others may write/],
    [
      'a second name',
      ({ key, path }) => linkSync(key, join(path, 'x')),
      /^problem: .* second name/
    ],
    [
      'an open folder',
      ({ folder }) => chmodSync(folder, 0o755),
      /^warning: .* chmod 700 .*worker$/
    ],
    ['a folder that others write in', ({ folder }) => chmodSync(folder, 0o770), /^problem: .*go-w/]
  ])('%s', async (_name, spoil, what) => {
    const at = home()
    spoil(at)
    expect(said(await findings(filesCheck, at.path))).toEqual([expect.stringMatching(what)])
  })

  test.runIf(isRoot)('a key of another user', async () => {
    const { key, path } = home()
    chownSync(key, 65_534, 65_534)
    expect(said(await findings(filesCheck, path))).toEqual([expect.stringContaining('uid 65534')])
  })

  test('it changes nothing', async () => {
    const { folder, key, path } = home()
    chmodSync(folder, 0o755)
    chmodSync(key, 0o644)
    await findings(filesCheck, path)
    expect([folder, key].map((one) => statSync(one).mode & 0o777)).toEqual([0o755, 0o644])
    expect(readdirSync(folder)).toEqual(['key'])
  })

  test('a key that a node was started with', async () => {
    const { key } = home()
    chmodSync(key, 0o444)
    const nodes = [nodeOf({ words: ['node', 'router', '--tls-key', key] })]
    expect(said(await findings(filesCheck, home().path, { nodes }))).toEqual([
      `problem: others have rights on the file ${key}; chmod 600 ${key} (and replace it, if others use this machine)`
    ])
  })

  test('a config file with a secret in it that others read', async () => {
    const { path } = home()
    const config = join(path, 'router.json')
    writeFileSync(config, JSON.stringify({ token: 'x'.repeat(16) }), { mode: 0o644 })
    const node = nodeOf({ words: ['node', 'router', `--config=${config}`] })
    const found = said(await findings(filesCheck, path, { nodes: [node] }))
    expect(found).toEqual([expect.stringContaining('"token" stands in it')])
    writeFileSync(config, JSON.stringify({ token: '@/run/secrets/token' }))
    expect(await findings(filesCheck, path, { nodes: [node] })).toEqual([])
  })
})

function nodeOf(init: Partial<NodeProcess>): NodeProcess {
  return { name: 'worker', pid: process.pid, words: ['taskmesh', 'worker'], listens: [], ...init }
}

const api = (url: string): string => {
  const { folder, path } = home()
  writeFileSync(join(folder, 'api.json'), JSON.stringify({ url, token: 't', pid: process.pid }))
  return path
}

describe('of exposure', () => {
  const reachable = { listens: [{ host: '0.0.0.0', port: 51_880 }] }

  test('an API without TLS that other machines reach', async () => {
    const path = api('http://127.0.0.1:51880')
    const found = said(await findings(exposureCheck, path, { nodes: [nodeOf(reachable)] }))
    expect(found).toEqual([expect.stringMatching(/^problem: the API of worker .*0\.0\.0\.0:51880/)])
  })

  test.each([
    ['with TLS', 'https://127.0.0.1:51880', '0.0.0.0'],
    ['on loopback', 'http://127.0.0.1:51880', '127.0.0.1'],
    ['on loopback of the other kind', 'http://[::1]:51880', '::1']
  ])('not one %s', async (_name, url, host) => {
    const nodes = [nodeOf({ listens: [{ host, port: 51_880 }] })]
    expect(await findings(exposureCheck, api(url), { nodes })).toEqual([])
  })

  test('a node of no mesh that other machines reach, until it has joined one', async () => {
    const { folder, path } = home()
    const nodes = [nodeOf({ listens: [{ host: '::', port: 51_820 }] })]
    expect(said(await findings(exposureCheck, path, { nodes }))).toEqual([
      expect.stringMatching(/^warning: worker belongs to no mesh .*\[::\]:51820/)
    ])
    writeFileSync(join(folder, 'membership.json'), '{}')
    expect(await findings(exposureCheck, path, { nodes })).toEqual([])
    const told = nodes.map((node) => ({ ...node, words: ['taskmesh', 'worker', '--open'] }))
    expect(await findings(exposureCheck, path, { nodes: told })).toHaveLength(1)
  })

  test('nor one in the home of an authority', async () => {
    const { path } = home()
    createAuthority(path)
    const nodes = [nodeOf({ listens: [{ host: '0.0.0.0', port: 51_820 }] })]
    expect(await findings(exposureCheck, path, { nodes })).toEqual([])
  })

  test.each([
    [['node', 'taskmesh.cjs', 'router', '--token', 'abc'], 1],
    [['taskmesh router --token (secret) --slots 2'], 1],
    [['taskmesh router --token=(secret)'], 1],
    [['node', 'taskmesh.cjs', 'router', '--token', '@FILE'], 0],
    [['node', 'taskmesh.cjs', 'router'], 0]
  ])('a secret on the command line: %j', async (words, count) => {
    const found = await findings(exposureCheck, home().path, { nodes: [nodeOf({ words })] })
    expect(found).toHaveLength(count)
    expect(JSON.stringify(found)).not.toContain('abc')
  })
})

const joined = async (
  at: ReturnType<typeof home>,
  nowMs: number,
  lifeMs?: number
): Promise<Authority> => {
  const authority = createAuthority(at.path)
  const grant = { peer: PEER, role: 'worker' as const, nowMs, lifeMs }
  const certificate = await issueCertificate(grant, authority)
  saveMembership(at.folder, { certificate, bootstrap: [] })
  return authority
}

describe('of membership', () => {
  test('nothing where all is well, or nothing was joined', async () => {
    const at = home()
    expect(await findings(membershipCheck, at.path)).toEqual([])
    await joined(at, NOW_MS - DAY_MS)
    expect(await findings(membershipCheck, at.path)).toEqual([])
  })

  test.each([
    ['one that ran out', -8 * DAY_MS, /^warning: .*ran out 1d ago/],
    ['one that can’t be renewed', -40 * DAY_MS, /^problem: .*ran out .* ago; .*--join @FILE/],
    ['one of the future', DAY_MS, /^problem: .*is of 1d from now/]
  ])('%s', async (_name, offsetMs, what) => {
    const at = home()
    await joined(at, NOW_MS + offsetMs)
    expect(said(await findings(membershipCheck, at.path))).toEqual([expect.stringMatching(what)])
  })

  test('one whose owner was banned, until it is pardoned', async () => {
    const at = home()
    const authority = await joined(at, NOW_MS)
    const ban = await signNotice(
      { sub: PEER, verdict: 'ban', reason: 'sold', nowMs: NOW_MS },
      authority
    )
    const notices = join(at.folder, 'notices.json')
    writeFileSync(notices, JSON.stringify([ban]))
    expect(said(await findings(membershipCheck, at.path))).toEqual([
      expect.stringMatching(/^problem: worker was banned from its mesh: sold/)
    ])
    const pardon = await signNotice(
      { sub: PEER, verdict: 'pardon', nowMs: NOW_MS + DAY_MS },
      authority
    )
    writeFileSync(notices, JSON.stringify([ban, pardon]))
    expect(await findings(membershipCheck, at.path)).toEqual([])
  })

  test('one that can’t be read', async () => {
    const at = home()
    writeFileSync(join(at.folder, 'membership.json'), '{"certificate": "x"}')
    expect(said(await findings(membershipCheck, at.path))).toEqual([
      expect.stringContaining('problem: the membership of worker')
    ])
  })
})

describe('of the machine', () => {
  test('root, unless a container is all that it rules', () => {
    expect(checkUser(1_000, false)).toEqual([])
    expect(said(checkUser(0, false))).toEqual([
      expect.stringContaining('warning: this user is root')
    ])
    expect(said(checkUser(0, true))).toEqual([expect.stringContaining('note: this user is root')])
  })

  test('another Node than the tests have', () => {
    expect(checkNode('24.1.0')).toEqual([])
    expect(said(checkNode('20.0.0'))).toEqual([expect.stringContaining('problem')])
    expect(said(checkNode('22.12.0'))).toEqual([expect.stringContaining('note')])
    expect(said(checkNode('26.0.0'))).toEqual([expect.stringContaining('note')])
  })

  test('a clock that nothing keeps right', () => {
    expect([checkSync('yes'), checkSync(undefined)]).toEqual([[], []])
    expect(said(checkSync('no'))).toEqual([expect.stringContaining('set-ntp true')])
  })

  test('a clock that has gone back', async () => {
    const { folder, path } = home()
    utimesSync(folder, NOW_MS / 1_000, NOW_MS / 1_000 + 7_200)
    expect(said(await findings(machineCheck, path))).toContainEqual(
      expect.stringMatching(/^problem: the clock has gone back: .* 2h from now/)
    )
  })
})

describe('the nodes that run', () => {
  test('an address as the kernel writes it', () => {
    expect(addressOf('0100007F:C8EC')).toEqual({ host: '127.0.0.1', port: 51_436 })
    expect(addressOf('00000000:1F90')).toEqual({ host: '0.0.0.0', port: 8_080 })
    const zeros = '0'.repeat(24)
    expect(addressOf(`${zeros}01000000:1F90`).host).toBe('::1')
    expect(addressOf(`${zeros}00000000:1F90`).host).toBe('::')
    expect(addressOf('0000000000000000FFFF00000100007F:1F90').host).toBe('::ffff:127.0.0.1')
  })

  test.runIf(process.platform === 'linux')('are known by their locks', async () => {
    const { path } = home()
    expect(findNodes(path)).toEqual([])
    const claim = claimFolder(path, 'worker', 'worker')
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => {
      claim.release()
      server.close()
    })
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const [node] = findNodes(path)
    expect(node).toMatchObject({ name: 'worker', pid: process.pid })
    expect(node?.listens).toContainEqual({ host: '127.0.0.1', port })
  })
})

test('a check that breaks is a finding, and the others have their turn', async () => {
  const broken: Check = {
    section: 'broken',
    run: () => {
      throw new Error('no such thing')
    }
  }
  const { path } = home()
  const reports = await runChecks([broken, filesCheck], { home: path, nodes: [], nowMs: NOW_MS })
  expect(reports.map(({ findings: found }) => found.length)).toEqual([1, 0])
})

test('a path in a command is safe to type', () => {
  expect(quoted('/a/b-c')).toBe('/a/b-c')
  expect(quoted("/a b/it's")).toBe(String.raw`'/a b/it'\''s'`)
})
