/** How a node comes in, over the wire: by a token, by what it had, by an operator's word; and what goes wrong then. */
import { createServer } from 'node:net'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CERTIFICATE_MS, RENEWAL_GRACE_MS } from '../../../src/membership/documents.ts'
import { DAY_MS, HOUR_MS, codeOf } from '../../support/build-authority.ts'
import { ClosedMesh, knows, meet } from '../../support/closed-mesh.ts'
import { grantMembership } from '../../../src/membership/own-grants.ts'
import { loadMembership } from '../../../src/membership/own-membership.ts'
import { peerOf, publicRawOf } from '../../../src/core/peer-keys.ts'
import { signedTextOf } from '../../../src/membership/join-tokens.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import { until } from '../../support/spawn-mesh.ts'
import type { AddressInfo } from 'node:net'
import type { Member, MemberInit } from '../../support/closed-mesh.ts'

const OPTIONS = { timeoutMs: 10_000 }
let mesh: ClosedMesh
let home: string
let folderCount: number

beforeEach(() => {
  mesh = new ClosedMesh()
  home = mkdtempSync(join(tmpdir(), 'taskmesh-joining-'))
  folderCount = 0
})

afterEach(async () => {
  await mesh.stop()
  rmSync(home, { recursive: true })
})

function newFolder(): string {
  folderCount += 1
  const folder = join(home, `node-${folderCount}`)
  mkdirSync(folder, { mode: 0o700 })
  return folder
}

/** A bootstrap that lets others in. */
async function addIssuer(init: MemberInit = {}): Promise<Member & { folder: string }> {
  const folder = init.folder ?? newFolder()
  return { ...(await mesh.add('bootstrap', { ...init, folder })), folder }
}

describe('a token', () => {
  it('makes a member, once, and what it got outlives a restart', async () => {
    const issuer = await addIssuer()
    const token = await mesh.tokenFor(issuer, 'worker')
    const folder = newFolder()
    const worker = await mesh.add('worker', { token, folder })
    expect(await codeOf(worker.sessions.open(issuer.peer))).toBe('none')
    await expect(mesh.add('worker', { token, folder: newFolder() })).rejects.toMatchObject({
      code: 'TOKEN_USED_UP'
    })
    const kept = loadMembership(folder)
    expect(kept?.certificate).toBe(worker.access.certificate)
    await worker.stop()
    await issuer.stop()
    // Nobody is there who could be asked, and the token has run out.
    mesh.clock.advance(2 * HOUR_MS)
    const membership = kept as NonNullable<typeof kept>
    const again = await mesh.add('worker', { token, folder, key: worker.key, membership })
    expect(again.access.certificate).toBe(kept?.certificate)
  })

  it('makes a member that the one who has let it in knows at once, over the same connection', async () => {
    const issuer = await addIssuer()
    const worker = await mesh.add('worker', { token: await mesh.tokenFor(issuer, 'worker') })
    // No time passes on the clock by which strangers are sent away.
    await until(() => knows(issuer, worker) && knows(worker, issuer))
    expect(issuer.node.libp2p.getConnections()).toHaveLength(1)
  })

  it('is counted across a restart of the one who exchanges it', async () => {
    const issuer = await addIssuer({ listen: '/memory/issuer-again' })
    const token = await mesh.tokenFor(issuer, 'worker')
    await mesh.add('worker', { token, folder: newFolder() })
    await issuer.stop()
    const { folder, key } = issuer
    await addIssuer({ listen: '/memory/issuer-again', folder, key })
    await expect(mesh.add('worker', { token, folder: newFolder() })).rejects.toMatchObject({
      code: 'TOKEN_USED_UP'
    })
  })

  it('whose first addresses say nothing is exchanged at the next, a moment later', async () => {
    const issuer = await addIssuer({ isOverTcp: true })
    let count = 0
    const silent = createServer(() => (count += 1))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = `/ip4/127.0.0.1/tcp/${(silent.address() as AddressInfo).port}`
    try {
      const bootstrap = [address, `${address}/p2p/${issuer.peer}`]
      const token = await mesh.tokenFor(issuer, 'worker')
      const joining = mesh.add('worker', { token, bootstrap, isOverTcp: true })
      await until(() => count === 1)
      mesh.clock.advance(1_000)
      await until(() => count === 2)
      mesh.clock.advance(1_000)
      expect((await joining).access.certificate).toBeDefined()
    } finally {
      silent.close()
    }
  })

  it('is shown to nobody but the one who exchanges it', async () => {
    const issuer = await addIssuer()
    const seen: unknown[] = []
    const thief = await mesh.mesh.add({
      handlers: {
        JOIN_MESH: (params) => {
          seen.push(params)
          return { result: { state: 'pending' } }
        }
      }
    })
    const token = await mesh.tokenFor(issuer, 'worker')
    const worker = await mesh.add('worker', { token, bootstrap: [thief.address] })
    expect(worker.access.certificate).toBeDefined()
    expect(seen).toEqual([])
  })

  it('of two meshes whose bootstraps take turns at one address leads into its own only', async () => {
    const issuer = await addIssuer({ listen: '/memory/one-address' })
    const token = await mesh.tokenFor(issuer, 'worker')
    await issuer.stop()
    const other = new ClosedMesh()
    try {
      const key = issuer.key
      const membership = await other.grant('bootstrap', key)
      await other.add('bootstrap', {
        listen: '/memory/one-address',
        key,
        membership,
        folder: newFolder()
      })
      await expect(mesh.add('worker', { token })).rejects.toMatchObject({ code: 'MESH_MISMATCH' })
    } finally {
      await other.stop()
    }
  })

  it('asked for again and again by a stranger is answered less and less', async () => {
    const issuer = await addIssuer()
    const stranger = await mesh.mesh.add()
    await stranger.node.dial(issuer.address)
    const codes = await Promise.all(
      Array.from({ length: 30 }, async () =>
        codeOf(stranger.binding.ask(issuer.peer, 'JOIN_MESH', { token: 'a.b.c' }, OPTIONS))
      )
    )
    expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(20)
    expect(codes.filter((code) => code === 'CREDENTIAL_INVALID')).toHaveLength(10)
  })
})

describe('an operator', () => {
  it('lets in who waits', async () => {
    const issuer = await addIssuer()
    const operator = await mesh.add('operator')
    await meet(operator, issuer)
    const token = await mesh.tokenFor(issuer, 'router', { needsApproval: true })
    const key = await temporaryIdentity()
    const coming = mesh.add('router', { token, key })
    const waiting = async (): Promise<string[]> => {
      const asked = await operator.binding.ask(
        issuer.peer,
        'LIST_MEMBERS',
        { state: 'pending' },
        OPTIONS
      )
      return asked.members.map(({ peer_id: peer }) => peer)
    }
    let subject: string | undefined
    while (subject === undefined) {
      await new Promise((resolve) => setImmediate(resolve))
      subject = (await waiting())[0]
    }
    await operator.binding.ask(
      issuer.peer,
      'DECIDE_MEMBER',
      { subject, decision: 'approve' },
      OPTIONS
    )
    let isIn = false
    const arrived = coming.finally(() => {
      isIn = true
    })
    await mesh.passUntil(() => isIn)
    await arrived
    expect(await codeOf((await coming).sessions.open(issuer.peer))).toBe('none')
  })

  it('lets in who waited on after its token ran out, and was started again meanwhile', async () => {
    const issuer = await addIssuer()
    const operator = await mesh.add('operator')
    await meet(operator, issuer)
    const token = await mesh.tokenFor(issuer, 'worker', { needsApproval: true })
    const key = await temporaryIdentity()
    const peer = peerOf(publicRawOf(key))
    const ask = { token: signedTextOf(token) }
    const first = await mesh.mesh.add({ key })
    await first.node.dial(issuer.address)
    const waiting = await first.binding.ask(issuer.peer, 'JOIN_MESH', ask, OPTIONS)
    expect(waiting.state).toBe('pending')
    await first.stop()
    mesh.clock.advance(2 * HOUR_MS)
    const decision = { subject: peer, decision: 'approve' } as const
    await operator.binding.ask(issuer.peer, 'DECIDE_MEMBER', decision, OPTIONS)
    const again = await mesh.add('worker', { token, key })
    expect(await codeOf(again.sessions.open(issuer.peer))).toBe('none')
    // Whoever did not come in time hears no from the issuer.
    const late = mesh.add('worker', { token })
    await expect(late).rejects.toMatchObject({ code: 'CREDENTIAL_EXPIRED' })
  })

  it('and a monitor read the members page by page, and not without end', async () => {
    const issuer = await addIssuer()
    const monitor = await mesh.add('monitor')
    await meet(monitor, issuer)
    const session = await monitor.sessions.open(issuer.peer)
    const look = { command: 'LIST_MEMBERS', params: { limit: 1 } }
    const answers = await Promise.all(
      Array.from({ length: 210 }, async () => await session.request(look, OPTIONS))
    )
    const refused = answers.filter(({ error }) => error !== undefined)
    expect(refused.map(({ error }) => error?.code)).toEqual(
      Array.from({ length: 10 }, () => 'TOO_MANY_REQUESTS')
    )
  })

  it('alone decides, over the session as over single streams', async () => {
    const issuer = await addIssuer()
    const params = { subject: issuer.peer, decision: 'ban' }
    for (const role of ['worker', 'router', 'monitor', 'client', 'share', 'bootstrap'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const member = await mesh.add(role)
      // oxlint-disable-next-line no-await-in-loop
      await meet(member, issuer)
      // oxlint-disable-next-line no-await-in-loop
      const session = await member.sessions.open(issuer.peer)
      // oxlint-disable-next-line no-await-in-loop
      const { error } = await session.request({ command: 'DECIDE_MEMBER', params }, OPTIONS)
      expect(error?.code).toBe('COMMAND_FORBIDDEN')
      // oxlint-disable-next-line no-await-in-loop
      const { response } = await member.binding.call(issuer.peer, 'DECIDE_MEMBER', params, OPTIONS)
      expect(response.error_detail?.code).toBe('COMMAND_FORBIDDEN')
    }
  })

  it('does not make the one who exchanges tokens shut itself out', async () => {
    const issuer = await addIssuer()
    const operator = await mesh.add('operator')
    await meet(operator, issuer)
    const params = { subject: issuer.peer, decision: 'ban' } as const
    expect(await codeOf(operator.binding.ask(issuer.peer, 'DECIDE_MEMBER', params, OPTIONS))).toBe(
      'FIELD_INVALID'
    )
  })
})

describe('a certificate', () => {
  it('is renewed by a bootstrap in time, and whoever is connected sees the new one', async () => {
    const issuer = await addIssuer({ isAuthorityHere: true })
    const token = await mesh.tokenFor(issuer, 'worker')
    const worker = await mesh.add('worker', { token })
    const session = await issuer.sessions.open(worker.peer)
    const first = worker.access.certificate
    const steps = { stepMs: 6 * HOUR_MS, maxMs: 12 * DAY_MS }
    await mesh.passUntil(() => worker.access.certificate !== first, steps)
    const startMs = mesh.clock.wallMs()
    await mesh.passUntil(() => mesh.clock.wallMs() - startMs > CERTIFICATE_MS, steps)
    await until(() => knows(issuer, worker) && knows(worker, issuer))
    expect(session.isReady).toBe(true)
  })

  it('that came from the authority itself is renewed by any bootstrap', async () => {
    const issuer = await addIssuer()
    const key = await temporaryIdentity()
    const membership = await mesh.grant('router', key)
    mesh.clock.advance(CERTIFICATE_MS + DAY_MS)
    const fresh = await addIssuer()
    const router = await mesh.add('router', {
      key,
      membership,
      bootstrap: [issuer.address, fresh.address]
    })
    expect(router.access.certificate).not.toBe(membership.certificate)
    await meet(router, fresh)
    expect(await codeOf(router.sessions.open(fresh.peer))).toBe('none')
  })

  it('that has run out brings its node back, within the grace and not after', async () => {
    const [key, lateKey] = [await temporaryIdentity(), await temporaryIdentity()]
    const [membership, late] = [
      await mesh.grant('worker', key),
      await mesh.grant('worker', lateKey)
    ]
    mesh.clock.advance(CERTIFICATE_MS + RENEWAL_GRACE_MS - DAY_MS)
    const issuer = await addIssuer()
    const bootstrap = [issuer.address]
    const back = await mesh.add('worker', { key, membership, bootstrap })
    expect(await codeOf(back.sessions.open(issuer.peer))).toBe('none')
    mesh.clock.advance(2 * DAY_MS)
    const refused = mesh.add('worker', { key: lateKey, membership: late, bootstrap })
    await expect(refused).rejects.toMatchObject({ code: 'CREDENTIAL_EXPIRED' })
  })

  it('that ran out long ago does not stand in the way of a new token', async () => {
    const key = await temporaryIdentity()
    const membership = await mesh.grant('worker', key)
    mesh.clock.advance(CERTIFICATE_MS + RENEWAL_GRACE_MS + DAY_MS)
    const issuer = await addIssuer()
    const token = await mesh.tokenFor(issuer, 'worker')
    const back = await mesh.add('worker', { key, membership, token })
    expect(await codeOf(back.sessions.open(issuer.peer))).toBe('none')
  })

  it('of a delegate is renewed by the delegate for itself, as long as its right lasts', async () => {
    const key = await temporaryIdentity()
    const folder = newFolder()
    const { peer } = await mesh.add('bootstrap', { key, folder })
    const nowMs = mesh.clock.wallMs()
    const membership = await grantMembership(mesh.authority, {
      peer,
      role: 'bootstrap',
      nowMs,
      bootstrap: []
    })
    await mesh.stop()
    mesh.clock.advance(CERTIFICATE_MS + RENEWAL_GRACE_MS + DAY_MS)
    const again = await mesh.add('bootstrap', { key, folder, membership })
    expect(again.access.certificate).not.toBe(membership.certificate)
    const other = await mesh.add('worker')
    await meet(other, again)
    expect(other.access.memberOf(peer)).toMatchObject({ role: 'bootstrap' })
  })
})
