/** How a node comes into its mesh, before anything runs: what it has kept, what a token says, where it then listens. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createAuthority } from '../../../src/membership/authority.ts'
import { createJoinToken } from '../../../src/membership/join-tokens.ts'
import { entryOf, settle } from '../../../src/enrolment/mesh-entry.ts'
import { grantMembership } from '../../../src/membership/own-grants.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { saveMembership } from '../../../src/membership/own-membership.ts'
import type { Authority } from '../../../src/membership/authority.ts'
import type { Entrant, MeshEntry } from '../../../src/enrolment/mesh-entry.ts'
import type { TokenInit } from '../../../src/membership/join-tokens.ts'

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const NOW_MS = 1_795_000_000_000
const HOUR_MS = 3_600_000
const FAR = '/ip4/203.0.113.10/tcp/51820'

let home: string
let authority: Authority
let entrant: Entrant

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'taskmesh-entry-'))
  const made = home
  onTestFinished(() => rmSync(made, { recursive: true }))
  authority = createAuthority(join(home, 'elsewhere'))
  entrant = { folder: join(home, 'worker'), role: 'worker', selfPeer: PEER }
})

async function tokenWith(init: Partial<TokenInit> = {}): Promise<string> {
  const exchange = { issuer: PEER, uses: 1, needsApproval: false }
  const whole = { role: 'worker', nowMs: NOW_MS, lifeMs: HOUR_MS, bootstrap: [FAR] } as const
  return await createJoinToken({ ...whole, exchange, ...init }, authority)
}

async function keep(atMs: number, token?: string): Promise<void> {
  const grant = { peer: PEER, role: 'worker', nowMs: atMs, bootstrap: [FAR], token } as const
  const granted = await grantMembership(authority, grant)
  saveMembership(entrant.folder, { ...granted, namespace: 'kept' })
}

function enter(text?: string): MeshEntry | undefined {
  return entryOf({ authority: undefined, bootstrap: [], home, text }, entrant)
}

function settled(entry: MeshEntry | undefined, ...listen: string[]): unknown {
  const given = loadSettings('worker', { flags: listen.length > 0 ? { listen } : {}, env: {} })
  const { listen: where, namespace } = settle(given, entry, () => false)
  return { listen: where, namespace }
}

describe('what it had', () => {
  test('is all that it needs, with its namespace', async () => {
    await keep(NOW_MS)
    expect(enter()).toMatchObject({ meshId: authority.meshId, bootstrap: [FAR], namespace: 'kept' })
  })

  test('is kept by the token that it came by', async () => {
    await keep(NOW_MS, 'serial-of-token')
    const entry = enter(await tokenWith({ serial: 'serial-of-token' }))
    expect(entry?.membership).toBeDefined()
    expect(entry?.token).toBeUndefined()
  })

  test('gives way to another token', async () => {
    await keep(NOW_MS, 'serial-of-token')
    const entry = enter(await tokenWith())
    expect(entry?.membership).toBeUndefined()
    expect(entry?.token).toBeDefined()
  })

  test.each([
    ['a later token with a certificate of its own', NOW_MS - HOUR_MS, true],
    ['but not to an earlier one', NOW_MS + HOUR_MS, false]
  ])('gives way to %s', async (_what, keptAtMs, givesWay) => {
    await keep(keptAtMs)
    const grant = { peer: PEER, role: 'worker', nowMs: NOW_MS, bootstrap: [] } as const
    const { certificate } = await grantMembership(authority, grant)
    const entry = enter(await tokenWith({ certificate, exchange: undefined }))
    expect(entry?.membership?.certificate === certificate).toBe(givesWay)
    expect(entry?.token !== undefined).toBe(givesWay)
  })
})

describe('where nothing is said, it listens', () => {
  test('on loopback, alone or in a mesh of this machine', async () => {
    const near = ['/ip4/127.0.0.1/tcp/51820']
    const alone = { listen: ['/ip4/127.0.0.1/tcp/0'], namespace: 'default' }
    expect(settled(undefined)).toEqual(alone)
    expect(settled(enter(await tokenWith({ bootstrap: near })))).toEqual(alone)
  })

  test('everywhere in a mesh of other machines, and works where the token says', async () => {
    const entry = enter(await tokenWith({ namespace: 'mine' }))
    expect(settled(entry)).toEqual({ listen: ['/ip4/0.0.0.0/tcp/0'], namespace: 'mine' })
    const own = '/ip4/127.0.0.1/tcp/7'
    expect(settled(entry, own)).toEqual({ listen: [own], namespace: 'mine' })
  })

  test('there by IPv6 as well, on a machine that has it', async () => {
    const given = loadSettings('worker', { flags: {}, env: {} })
    const { listen } = settle(given, enter(await tokenWith({})), () => true)
    expect(listen).toEqual(['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0'])
  })
})
