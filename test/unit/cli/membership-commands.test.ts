/** Making a mesh and tokens for it: what is typed, printed and refused. Nothing here needs a network. */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  authorityFolder,
  authorityNotices,
  loadAuthority
} from '../../../src/membership/authority.ts'
import { grantMembership } from '../../../src/membership/own-grants.ts'
import { hideSecrets } from '../../../src/core/secret-text.ts'
import { loadIdentity } from '../../../src/network/identity.ts'
import { orderAddresses } from '../../../src/cli/token-addresses.ts'
import { peerOf, publicRawOf } from '../../../src/core/peer-keys.ts'
import { readJoinToken } from '../../../src/membership/join-tokens.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import { saveMembership } from '../../../src/membership/own-membership.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { CliRun, FakeTerminalInit } from '../../support/fake-terminal.ts'

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const LAN = '/ip4/192.168.1.5/tcp/51820'

interface Home {
  home: string
  run: (line: string, init?: FakeTerminalInit) => Promise<CliRun>
}

function newHome(): Home {
  const home = mkdtempSync(join(tmpdir(), 'taskmesh-membership-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  const run: Home['run'] = (line, init = {}) =>
    runInProcess(line.split(' '), { ...init, env: { TASKMESH_HOME: home, ...init.env } })
  return { home, run }
}

/** With an authority, and a bootstrap that has run. */
async function homeWithBootstrap(...addresses: string[]): Promise<Home & { peer: string }> {
  const made = newHome()
  await made.run('init')
  const peer = await addBootstrap(made.home, made.home, addresses)
  return { ...made, peer }
}

async function addBootstrap(
  home: string,
  authorityHome: string,
  addresses: string[]
): Promise<string> {
  const authority = loadAuthority(authorityHome)
  if (authority === undefined) throw new Error('there is no authority')
  const folder = join(home, 'bootstrap')
  mkdirSync(folder, { mode: 0o700 })
  const peer = peerOf(publicRawOf(await loadIdentity(join(folder, 'key'))))
  const grant = { peer, role: 'bootstrap', nowMs: systemClock.wallMs(), bootstrap: [] } as const
  saveMembership(folder, await grantMembership(authority, grant))
  const contact = {
    peer_id: peer,
    addresses: addresses.map((address) => `${address}/p2p/${peer}`),
    announced: [],
    pid: 0
  }
  writeFileSync(join(folder, 'contact.json'), JSON.stringify(contact), { mode: 0o600 })
  return peer
}

describe('init', () => {
  test('makes an authority, prints the mesh id alone and says what comes next', async () => {
    const { home, run } = newHome()
    const { code, stderr, stdout } = await run('init')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^mesh-\w{40,46}\n$/)
    expect(stderr).toContain('taskmesh token create')
    expect(statSync(join(authorityFolder(home), 'key.pem')).mode & 0o777).toBe(0o600)
    const again = await run('init')
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toContain(`KEY_CONFLICT: there is an authority in`)
    expect(again.stderr).toContain(stdout.trim())
  })

  test('--network-key makes one that tokens bring along, and nothing shows', async () => {
    const { home, run } = newHome()
    await run('init --network-key')
    const { networkKey = 'none' } = loadAuthority(home) ?? {}
    const { stderr, stdout } = await run(
      `token create --role worker --bootstrap ${LAN}/p2p/${PEER}`
    )
    expect(readJoinToken(stdout).network_key).toBe(networkKey)
    const shown = await run(`token show ${stdout.trim()}`)
    expect(shown.stdout).toContain('its key is in the token')
    expect(`${stderr}${shown.stdout}${shown.stderr}`).not.toContain(networkKey)
  })
})

describe('token create', () => {
  test('prints one string, which says all that it was asked to', async () => {
    const { peer, run } = await homeWithBootstrap('/ip4/127.0.0.1/tcp/1', LAN)
    const line =
      'token create --role worker --ttl 20m --uses 5 --approve --label zone=b --namespace n'
    const { code, stderr, stdout } = await run(line)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^tmjoin_[\w.-]+\n$/)
    expect(readJoinToken(stdout)).toMatchObject({
      role: 'worker',
      uses: 5,
      approval: true,
      aud: peer,
      labels: { zone: 'b' },
      namespace: 'n',
      bootstrap: [`${LAN}/p2p/${peer}`]
    })
    expect(stderr).toContain('for 5 workers, each to be approved')
    expect(stderr).toContain('does not run now')
    expect(stderr).not.toContain('warning')
  })

  test('--json has the facts beside it', async () => {
    const { peer, run } = await homeWithBootstrap(LAN)
    const { stdout } = await run('token create --role client --json')
    expect(JSON.parse(stdout)).toMatchObject({ role: 'client', uses: 1, issuer: peer })
  })

  test('warns of one that works on this machine only', async () => {
    const { run } = await homeWithBootstrap('/ip4/127.0.0.1/tcp/1')
    const { code, stderr } = await run('token create --role worker')
    expect(code).toBe(0)
    expect(stderr).toContain('warning: it works on this machine only')
  })

  test('--peer puts the certificate inside, and the delegation of a bootstrap', async () => {
    const { run } = await homeWithBootstrap(LAN)
    const { stdout } = await run(`token create --role bootstrap --peer ${PEER}`)
    const shown = await run(`token show ${stdout.trim()} --json`)
    expect(JSON.parse(shown.stdout)).toMatchObject({
      peer_id: PEER,
      lets_others_in: true,
      uses: null,
      issuer: null,
      signed_by: null
    })
  })

  test('a bootstrap signs in the place of the authority, in a home of its own', async () => {
    const { home } = await homeWithBootstrap(LAN)
    const other = newHome()
    const peer = await addBootstrap(other.home, home, [LAN])
    const { code, stdout } = await other.run('token create --role worker')
    expect(code).toBe(0)
    const shown = await other.run(`token show ${stdout.trim()} --json`)
    expect(JSON.parse(shown.stdout)).toMatchObject({ signed_by: peer, issuer: peer })
  })

  test.each([
    ['token create', 'FIELD_MISSING: what is it for? (--role)'],
    ['token create --role worker', 'FIELD_MISSING: nobody is known who would exchange the token'],
    ['token create --role cook', 'FIELD_INVALID: "cook" is none of bootstrap'],
    ['token create --role worker --uses 0', 'FIELD_INVALID: "0" is not a whole number from 1 up'],
    ['token create --role worker --ttl 2h5', 'FIELD_INVALID: "2h5" is not a duration'],
    [
      'token create --role worker --ttl 900d',
      'FIELD_INVALID: "900d" is not from a second to a year'
    ],
    [`token create --role worker --peer ${PEER} --uses 2`, 'FIELD_INVALID: a token for one --peer'],
    ['token create --role worker --peer me', 'FIELD_INVALID: "me" is no peer id']
  ])('refuses %s', async (line, error) => {
    const { run } = newHome()
    await run('init')
    const { code, stderr, stdout } = await run(line)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(error)
  })

  test('without an authority nobody may, and it is said how to get there', async () => {
    const { stderr } = await newHome().run('token create --role worker')
    expect(stderr).toMatch(/COMMAND_FORBIDDEN.*--home.*taskmesh init/)
  })
})

describe('token show', () => {
  test('tells of one that is over', async () => {
    const { run } = await homeWithBootstrap(LAN)
    const { stdout } = await run('token create --role worker --ttl 1s')
    await expect
      .poll(async () => (await run('token show -', { stdin: stdout })).stdout, { timeout: 10_000 })
      .toContain('which is over')
  })

  test.each([
    ['cut off', (text: string) => text.slice(0, 90)],
    ['changed', (text: string) => text.replace(/.\./, (end) => (end === 'x.' ? 'y.' : 'x.'))],
    ['of something else', () => 'eyJhbGciOiJub25lIn0.eyJpc3MiOiJtZXNoLTEifQ.c2lnbmF0dXJl']
  ])('refuses one that is %s, without a letter of it', async (_what, spoil) => {
    const { run } = await homeWithBootstrap(LAN)
    const text = spoil((await run('token create --role worker')).stdout.trim())
    const { code, stderr } = await run(`token show ${text}`)
    expect(code).toBe(1)
    expect(stderr).toContain('CREDENTIAL_INVALID')
    expect(stderr).not.toContain(text.slice(-20))
  })

  test('and no text that is said or logged shows a token', async () => {
    const { run } = await homeWithBootstrap(LAN)
    const text = (await run('token create --role worker')).stdout.trim()
    expect(hideSecrets(`joined by ${text}`)).toBe('joined by (secret)')
  })
})

describe('join', () => {
  test.each([
    ['worker', 'ROLE_MISMATCH', 'taskmesh worker --join'],
    ['router', 'ROLE_MISMATCH', 'taskmesh router start --join']
  ])('a token for a %s is none for a home', async (role, code, hint) => {
    const { run } = await homeWithBootstrap(LAN)
    const { stdout } = await run(`token create --role ${role}`)
    const { stderr } = await newHome().run('join -', { stdin: stdout })
    expect(stderr).toContain(code)
    expect(stderr).toContain(hint)
  })

  test('the home of an authority needs none', async () => {
    const { run } = await homeWithBootstrap(LAN)
    const { stdout } = await run('token create --role client')
    expect((await run('join -', { stdin: stdout })).stderr).toContain('KEY_CONFLICT')
  })
})

describe('who decides', () => {
  test('a home that is no operator of anything learns how to become one', async () => {
    const { run } = newHome()
    for (const line of ['node list --pending', `node ban ${PEER}`, `node approve ${PEER}`]) {
      const { code, stderr } = await run(line)
      expect(code).toBe(1)
      expect(stderr).toMatch(/COMMAND_FORBIDDEN.*taskmesh join/)
    }
  })

  test('token revoke says whom it bans, and wants a yes', async () => {
    const { home, run } = newHome()
    await run('init')
    const { code, stderr } = await run('token revoke Qm3kd9s0aaZ1')
    expect(code).toBe(1)
    expect(stderr).toContain('all who have come by this token are banned with it (--yes)')
    expect(authorityNotices(home)).toEqual([])
  })

  test('a ban that reaches nobody is kept where the next node finds it', async () => {
    const { home, run } = newHome()
    await run('init')
    const { code, stdout } = await run(`node ban ${PEER} -m stolen`)
    expect(code).toBe(0)
    expect(stdout).toContain('no node can be reached')
    expect(authorityNotices(home)).toHaveLength(1)
  })
})

test('mesh show: the mesh, its authority, and who of this home is what', async () => {
  const { peer, run } = await homeWithBootstrap(LAN)
  const { stdout } = await run('mesh show')
  expect(stdout).toMatch(/authority +here/)
  expect(stdout).toMatch(new RegExp(`bootstrap +bootstrap +20.*until 20.*${peer}`))
  expect((await newHome().run('mesh show')).stderr).toContain('COMMAND_FORBIDDEN')
})

describe('the addresses in a token', () => {
  const addresses = [
    ['/ip4/127.0.0.1/tcp/1', '/ip4/172.17.0.1/tcp/1', '/ip6/fe80::1/tcp/1', '/ip4/10.0.0.2/tcp/1'],
    ['/ip4/203.0.113.10/tcp/1', '/dns4/mesh.example/tcp/1']
  ].flat()
  const inner = new Set(['172.17.0.1'])

  test('what was announced, then what all can dial, then what a private network can', () => {
    const announced = ['/dns4/mesh.example/tcp/1']
    expect(orderAddresses({ addresses, announced }, inner)).toEqual([
      ...announced,
      '/ip4/203.0.113.10/tcp/1',
      '/ip4/10.0.0.2/tcp/1'
    ])
  })

  test('loopback where there is nothing else', () => {
    const own = ['/ip4/127.0.0.1/tcp/1']
    expect(orderAddresses({ addresses: own, announced: [] }, inner)).toEqual(own)
  })

  test('a network of containers where there is no other', () => {
    const own = addresses.slice(0, 2)
    expect(orderAddresses({ addresses: own, announced: [] }, inner)).toEqual([own[1]])
  })
})
