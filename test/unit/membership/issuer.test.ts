/** Who is let in, by what, and how often: tokens and certificates as they come to the one who exchanges them. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CERTIFICATE_MS, RENEWAL_GRACE_MS } from '../../../src/membership/documents.ts'
import { Issuer } from '../../../src/membership/issuer.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { Notices, signNotice } from '../../../src/membership/notices.ts'
import { Register } from '../../../src/membership/register.ts'
import { createJoinToken, signedTextOf } from '../../../src/membership/join-tokens.ts'
import { issueCertificate, openCertificate } from '../../../src/membership/certificates.ts'
import { readClaims } from '../../../src/membership/signed-claims.ts'
import { CERTIFICATE, JOIN_TOKEN } from '../../../src/membership/documents.ts'
import {
  DAY_MS,
  HOUR_MS,
  NOW_MS,
  buildAuthority,
  buildDelegate,
  buildPeer,
  codeOf
} from '../../support/build-authority.ts'
import type { Certificate } from '../../../src/membership/documents.ts'
import type { Delegate } from '../../support/build-authority.ts'
import type { Exchange } from '../../../src/membership/issuer.ts'
import type { Member } from '../../../src/membership/register.ts'
import type { MemberRole } from '../../../src/membership/documents.ts'
import type { Signatory } from '../../../src/membership/signed-claims.ts'

const authority = buildAuthority()
const { meshId } = authority
let delegate: Delegate
let folder: string
let register: Register
let notices: Notices
let issuer: Issuer
let nowMs: number

beforeEach(async () => {
  nowMs = NOW_MS
  folder = mkdtempSync(join(tmpdir(), 'taskmesh-issuer-'))
  delegate = await buildDelegate(authority)
  open(delegate)
})

afterEach(() => {
  register.close()
  rmSync(folder, { recursive: true })
})

function open({ delegation, peer, signatory }: Delegate): void {
  register = new Register(join(folder, 'register.sqlite'))
  notices = new Notices({ meshId, nowMs: () => nowMs })
  const shared = { delegation, signatory, selfPeer: peer, register, notices }
  issuer = new Issuer({ ...shared, nowMs: () => nowMs })
}

interface TokenChange {
  role?: MemberRole
  aud?: string
  uses?: number
  needsApproval?: boolean
  lifeMs?: number
  atMs?: number
  labels?: Record<string, string>
  by?: Signatory
}

async function tokenOf(change: TokenChange = {}): Promise<string> {
  const { atMs = nowMs, aud = delegate.peer, by = authority, labels, lifeMs = HOUR_MS } = change
  const { needsApproval = false, role = 'worker', uses = 1 } = change
  const exchange = { issuer: aud, uses, needsApproval }
  const init = { role, nowMs: atMs, lifeMs, bootstrap: [], exchange, labels }
  return signedTextOf(await createJoinToken(init, by))
}

async function certificateIn(exchange: Promise<Exchange>): Promise<Certificate> {
  const answer = await exchange
  if (answer.state !== 'admitted') throw new Error('it waits')
  return readClaims(answer.certificate, CERTIFICATE)
}

async function textIn(exchange: Promise<Exchange>): Promise<string> {
  const answer = await exchange
  return answer.state === 'admitted' ? answer.certificate : ''
}

async function ban(subject: string, by: Signatory = authority): Promise<void> {
  await notices.add([await signNotice({ sub: subject, verdict: 'ban', nowMs }, by)])
}

describe('a token', () => {
  it('is exchanged for a certificate of that role, with its labels', async () => {
    const peer = buildPeer()
    const labels = { zone: 'lab' }
    const text = await tokenOf({ role: 'router', labels })
    const certificate = await textIn(issuer.exchange(text, { peer, name: 'r1' }))
    const { by, claims } = await openCertificate(certificate, peer, { meshId, nowMs })
    expect(claims).toMatchObject({ sub: peer, role: 'router', labels })
    expect(claims.token).toBe(readClaims(text, JOIN_TOKEN).jti)
    expect(by?.sub).toBe(delegate.peer)
    const [member] = issuer.list({ limit: 10 })
    expect(member).toMatchObject({ peer, role: 'router', state: 'admitted', name: 'r1' })
    expect(member?.expiresAtMs).toBe(claims.exp * 1_000)
  })

  const defects: [string, string, () => Promise<string>][] = [
    ['that has run out', 'CREDENTIAL_EXPIRED', () => tokenOf({ atMs: NOW_MS - 2 * HOUR_MS })],
    ['of tomorrow', 'CREDENTIAL_NOT_YET_VALID', () => tokenOf({ atMs: NOW_MS + DAY_MS })],
    ['of another mesh', 'MESH_MISMATCH', () => tokenOf({ by: buildAuthority() })],
    [
      'that another authority has signed in this one’s name',
      'CREDENTIAL_INVALID',
      () => tokenOf({ by: { ...buildAuthority(), meshId } })
    ],
    ['that another node exchanges', 'WRONG_RECIPIENT', () => tokenOf({ aud: buildPeer() })],
    [
      'that nobody exchanges',
      'WRONG_RECIPIENT',
      async () =>
        signedTextOf(
          await createJoinToken(
            { role: 'worker', nowMs, lifeMs: HOUR_MS, bootstrap: [] },
            authority
          )
        )
    ],
    [
      'of a delegate that may not give its role',
      'CREDENTIAL_INVALID',
      async () => {
        const { signatory } = await buildDelegate(authority, { roles: ['client'] })
        return await tokenOf({ by: signatory })
      }
    ],
    [
      'of a delegate whose time is over',
      'CREDENTIAL_EXPIRED',
      async () => {
        const past = { nowMs: NOW_MS - DAY_MS, lifeMs: HOUR_MS }
        const { signatory } = await buildDelegate(authority, past)
        return await tokenOf({ by: signatory })
      }
    ],
    [
      'of a delegate that is banned',
      'REVOKED',
      async () => {
        const { peer, signatory } = await buildDelegate(authority)
        await ban(peer)
        return await tokenOf({ by: signatory })
      }
    ],
    [
      'that is banned',
      'REVOKED',
      async () => {
        const text = await tokenOf()
        await ban(readClaims(text, JOIN_TOKEN).jti)
        return text
      }
    ],
    [
      'that is a certificate',
      'CREDENTIAL_INVALID',
      () => issueCertificate({ peer: buildPeer(), role: 'worker', nowMs }, authority)
    ],
    ['that is a delegation', 'CREDENTIAL_INVALID', async () => delegate.signatory.delegation ?? ''],
    ['that is nothing', 'CREDENTIAL_INVALID', async () => 'a.b.c']
  ]
  it.each(defects)('%s is refused: %s', async (_name, code, make) => {
    expect(await codeOf(issuer.exchange(await make(), { peer: buildPeer() }))).toBe(code)
    expect(issuer.list({ limit: 10 })).toEqual([])
  })

  it('of a role that this node may not give is refused', async () => {
    register.close()
    delegate = await buildDelegate(authority, { roles: ['worker'] })
    open(delegate)
    const refused = issuer.exchange(await tokenOf({ role: 'router' }), { peer: buildPeer() })
    expect(await codeOf(refused)).toBe('ROLE_MISMATCH')
  })

  it('lets in as many as it says, of twenty that come at once', async () => {
    const text = await tokenOf()
    const codes = await Promise.all(
      Array.from(
        { length: 20 },
        async () => await codeOf(issuer.exchange(text, { peer: buildPeer() }))
      )
    )
    expect(codes.filter((code) => code === 'none')).toHaveLength(1)
    expect(codes.filter((code) => code === 'TOKEN_USED_UP')).toHaveLength(19)
  })

  it('counts a node that comes again once, even at the same time and after a restart', async () => {
    const [peer, other] = [buildPeer(), buildPeer()]
    const text = await tokenOf({ uses: 2 })
    await Promise.all([issuer.exchange(text, { peer }), issuer.exchange(text, { peer })])
    register.close()
    open(delegate)
    expect(await codeOf(issuer.exchange(text, { peer }))).toBe('none')
    expect(await codeOf(issuer.exchange(text, { peer: other }))).toBe('none')
    expect(await codeOf(issuer.exchange(text, { peer: buildPeer() }))).toBe('TOKEN_USED_UP')
  })

  it('was counted though the answer never left: whoever comes again gets it', async () => {
    const peer = buildPeer()
    const text = await tokenOf()
    const { jti } = readClaims(text, JOIN_TOKEN)
    register.enter(memberOf({ peer, token: jti }), nowMs)
    expect(await codeOf(issuer.exchange(text, { peer: buildPeer() }))).toBe('TOKEN_USED_UP')
    expect((await certificateIn(issuer.exchange(text, { peer }))).sub).toBe(peer)
  })

  it('stays used by a node that has another one since', async () => {
    const peer = buildPeer()
    const [first, second] = [await tokenOf(), await tokenOf({ role: 'client' })]
    await issuer.exchange(first, { peer })
    expect((await certificateIn(issuer.exchange(second, { peer }))).role).toBe('client')
    expect(await codeOf(issuer.exchange(first, { peer: buildPeer() }))).toBe('TOKEN_USED_UP')
  })

  it('stays used by a node that was refused', async () => {
    const peer = buildPeer()
    const text = await tokenOf({ needsApproval: true })
    await issuer.exchange(text, { peer })
    await issuer.decide({ subject: peer, decision: 'reject' })
    expect(await codeOf(issuer.exchange(text, { peer: buildPeer() }))).toBe('TOKEN_USED_UP')
  })
})

function memberOf(change: Partial<Member> & { peer: string }): Member {
  return {
    role: 'worker',
    state: 'admitted',
    labels: {},
    token: undefined,
    letInBy: undefined,
    name: undefined,
    agent: undefined,
    reason: undefined,
    firstAtMs: nowMs,
    decidedAtMs: nowMs,
    expiresAtMs: undefined,
    forgetAtMs: nowMs + DAY_MS,
    ...change
  }
}

describe('approval', () => {
  it('is waited for, and comes with labels', async () => {
    const peer = buildPeer()
    const text = await tokenOf({ needsApproval: true, labels: { zone: 'lab' } })
    expect(await issuer.exchange(text, { peer })).toEqual({ state: 'pending' })
    expect(issuer.list({ limit: 9, state: 'pending' }).map((one) => one.peer)).toEqual([peer])
    await issuer.decide({ subject: peer, decision: 'approve', labels: { rack: '7' } })
    const { labels } = await certificateIn(issuer.exchange(text, { peer }))
    expect(labels).toEqual({ zone: 'lab', rack: '7' })
  })

  it('may come long after the token has run out, for whoever came in time', async () => {
    const peer = buildPeer()
    const text = await tokenOf({ needsApproval: true, uses: 2 })
    await issuer.exchange(text, { peer })
    nowMs += DAY_MS
    expect(await issuer.exchange(text, { peer })).toEqual({ state: 'pending' })
    await issuer.decide({ subject: peer, decision: 'approve' })
    expect(await codeOf(issuer.exchange(text, { peer }))).toBe('none')
    expect(await codeOf(issuer.exchange(text, { peer: buildPeer() }))).toBe('CREDENTIAL_EXPIRED')
  })

  it('may be refused, and that taken back', async () => {
    const peer = buildPeer()
    const text = await tokenOf({ needsApproval: true })
    await issuer.exchange(text, { peer })
    await issuer.decide({ subject: peer, decision: 'reject', reason: 'who?' })
    expect(await codeOf(issuer.exchange(text, { peer }))).toBe('REVOKED')
    await issuer.decide({ subject: peer, decision: 'approve' })
    expect(await codeOf(issuer.exchange(text, { peer }))).toBe('none')
  })

  it('does not come by a pardon', async () => {
    const peer = buildPeer()
    const text = await tokenOf({ needsApproval: true })
    await issuer.exchange(text, { peer })
    await issuer.decide({ subject: peer, decision: 'ban' })
    expect(await codeOf(issuer.exchange(text, { peer }))).toBe('REVOKED')
    nowMs += 1_000
    const { state } = await issuer.decide({ subject: peer, decision: 'pardon' })
    expect(state).toBe('pending')
    expect(await issuer.exchange(text, { peer })).toEqual({ state: 'pending' })
  })

  it('is for those who wait', async () => {
    const peer = buildPeer()
    expect(await codeOf(issuer.decide({ subject: peer, decision: 'approve' }))).toBe(
      'NODE_NOT_FOUND'
    )
    await issuer.exchange(await tokenOf(), { peer })
    expect(await codeOf(issuer.decide({ subject: peer, decision: 'approve' }))).toBe(
      'FIELD_INVALID'
    )
    expect(await codeOf(issuer.decide({ subject: delegate.peer, decision: 'ban' }))).toBe(
      'FIELD_INVALID'
    )
  })
})

const grant = (peer: string) => ({ peer, role: 'worker' as const, nowMs: NOW_MS })

describe('a certificate', () => {
  it('is renewed before it runs out, and within the grace after', async () => {
    const peer = buildPeer()
    const old = await textIn(issuer.exchange(await tokenOf(), { peer }))
    for (const afterMs of [
      CERTIFICATE_MS / 2,
      CERTIFICATE_MS,
      CERTIFICATE_MS + RENEWAL_GRACE_MS - 1_000
    ]) {
      nowMs = NOW_MS + afterMs
      // oxlint-disable-next-line no-await-in-loop -- time goes on
      const { exp, sub } = await certificateIn(issuer.renew(old, { peer }))
      expect([sub, exp * 1_000]).toEqual([peer, nowMs + CERTIFICATE_MS])
      expect(issuer.list({ limit: 1 })[0]?.expiresAtMs).toBe(nowMs + CERTIFICATE_MS)
    }
    nowMs = NOW_MS + CERTIFICATE_MS + RENEWAL_GRACE_MS
    expect(await codeOf(issuer.renew(old, { peer }))).toBe('CREDENTIAL_EXPIRED')
  })

  it('of the authority or of another delegate is renewed as well', async () => {
    const [one, two] = [buildPeer(), buildPeer()]
    const other = await buildDelegate(authority)
    const first = await issueCertificate({ ...grant(one), labels: { zone: 'a' } }, authority)
    expect(await certificateIn(issuer.renew(first, { peer: one }))).toMatchObject({
      role: 'worker',
      labels: { zone: 'a' }
    })
    const second = await issueCertificate(grant(two), other.signatory)
    expect((await certificateIn(issuer.renew(second, { peer: two }))).sub).toBe(two)
  })

  it('of a banned delegate is not, nor is one that was renewed before the ban', async () => {
    const [early, late] = [buildPeer(), buildPeer()]
    const other = await buildDelegate(authority)
    const certificates = await Promise.all(
      [early, late].map(async (peer) => await issueCertificate(grant(peer), other.signatory))
    )
    const renewed = await textIn(issuer.renew(certificates[0] ?? '', { peer: early }))
    await ban(other.peer)
    expect(await codeOf(issuer.renew(certificates[1] ?? '', { peer: late }))).toBe('REVOKED')
    expect(await codeOf(issuer.renew(renewed, { peer: early }))).toBe('REVOKED')
    expect(issuer.list({ limit: 9 })).toMatchObject([{ peer: early, state: 'banned' }])
  })

  it('is not renewed for whoever came by a token of a banned delegate', async () => {
    const peer = buildPeer()
    const other = await buildDelegate(authority)
    const token = await tokenOf({ by: other.signatory })
    const old = await textIn(issuer.exchange(token, { peer }))
    const renewed = await textIn(issuer.renew(old, { peer }))
    await ban(other.peer)
    expect(await codeOf(issuer.renew(renewed, { peer }))).toBe('REVOKED')
    expect(issuer.list({ limit: 9 })).toMatchObject([{ peer, state: 'banned' }])
  })

  it.each([
    ['node', (peer: string, _token: string) => peer],
    ['token', (_peer: string, token: string) => token]
  ])('is not renewed once the %s is banned', async (_name, subject) => {
    const peer = buildPeer()
    const token = await tokenOf()
    const old = await textIn(issuer.exchange(token, { peer }))
    await ban(subject(peer, readClaims(token, JOIN_TOKEN).jti))
    expect(await codeOf(issuer.renew(old, { peer }))).toBe('REVOKED')
    expect(await codeOf(issuer.exchange(token, { peer }))).toBe('REVOKED')
  })

  it('of another node is not renewed', async () => {
    const old = await textIn(issuer.exchange(await tokenOf(), { peer: buildPeer() }))
    expect(await codeOf(issuer.renew(old, { peer: buildPeer() }))).toBe('CREDENTIAL_INVALID')
  })

  it('of a role that this node may not give is not renewed here', async () => {
    register.close()
    delegate = await buildDelegate(authority, { roles: ['worker'] })
    open(delegate)
    const peer = buildPeer()
    const router = await issueCertificate({ ...grant(peer), role: 'router' }, authority)
    expect(await codeOf(issuer.renew(router, { peer }))).toBe('ROLE_MISMATCH')
    expect(issuer.list({ limit: 1 })).toEqual([])
  })

  it('of before another decision does not bring back what it was', async () => {
    const peer = buildPeer()
    const old = await textIn(issuer.exchange(await tokenOf({ role: 'router' }), { peer }))
    nowMs += 2_000
    await issuer.exchange(await tokenOf({ role: 'client', labels: { zone: 'b' } }), { peer })
    const claims = await certificateIn(issuer.renew(old, { peer }))
    expect(claims).toMatchObject({ role: 'client', labels: { zone: 'b' } })
  })

  it('that the authority has given since counts before what is known here', async () => {
    const peer = buildPeer()
    await issuer.exchange(await tokenOf({ labels: { zone: 'a' } }), { peer })
    nowMs += 2_000
    const labels = { zone: 'b' }
    const newer = await issueCertificate({ peer, role: 'worker', nowMs, labels }, authority)
    expect((await certificateIn(issuer.renew(newer, { peer }))).labels).toEqual(labels)
  })

  it('does not outlast the right of its issuer', async () => {
    register.close()
    delegate = await buildDelegate(authority, { lifeMs: 2 * HOUR_MS })
    open(delegate)
    const { exp } = await certificateIn(issuer.exchange(await tokenOf(), { peer: buildPeer() }))
    expect(exp * 1_000).toBe(NOW_MS + 2 * HOUR_MS)
  })
})

/** As many as may wait, written in one go. */
function fill(): void {
  const database = new DatabaseSync(join(folder, 'register.sqlite'))
  const insert = database.prepare('INSERT INTO members VALUES (?, ?, ?, ?)')
  database.exec('BEGIN')
  for (let count = 0; count < LIMITS.pendingMembersMax; count += 1) {
    const member = memberOf({ peer: `peer-${count}`, state: 'pending' })
    insert.run(member.peer, member.state, member.forgetAtMs, JSON.stringify(member))
  }
  database.exec('COMMIT')
  database.close()
}

describe('the register', () => {
  it('is for its owner’s eyes only', async () => {
    await issuer.exchange(await tokenOf(), { peer: buildPeer() })
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(join(folder, `register.sqlite${suffix}`)).mode & 0o077).toBe(0)
    }
  })

  it('lets so many wait and no more, and others come in all the same', async () => {
    fill()
    const waiting = issuer.exchange(await tokenOf({ needsApproval: true }), { peer: buildPeer() })
    expect(await codeOf(waiting)).toBe('QUEUE_FULL')
    expect(await codeOf(issuer.exchange(await tokenOf(), { peer: buildPeer() }))).toBe('none')
    // Those who could not fetch anything any more go.
    nowMs += 2 * DAY_MS
    const later = issuer.exchange(await tokenOf({ needsApproval: true }), { peer: buildPeer() })
    expect(await codeOf(later)).toBe('none')
  })

  it('lets nobody in whom it could not write down, and says why', async () => {
    const peer = buildPeer()
    const token = await tokenOf()
    const disk = new DatabaseSync(join(folder, 'register.sqlite'))
    // As SQLite does where the disk is full: the whole transaction is gone.
    const fail = `SELECT RAISE(ROLLBACK, 'the disk is full')`
    disk.exec(`CREATE TRIGGER full BEFORE INSERT ON uses BEGIN ${fail}; END`)
    await expect(issuer.exchange(token, { peer })).rejects.toThrow('the disk is full')
    expect(issuer.list({ limit: 9 })).toEqual([])
    disk.exec('DROP TRIGGER full')
    disk.close()
    expect((await certificateIn(issuer.exchange(token, { peer }))).sub).toBe(peer)
  })

  it('counts no use of a token for whoever found no room', async () => {
    fill()
    const text = await tokenOf({ needsApproval: true })
    expect(await codeOf(issuer.exchange(text, { peer: buildPeer() }))).toBe('QUEUE_FULL')
    expect(register.usesOf(readClaims(text, JOIN_TOKEN).jti)).toBe(0)
  })

  it('shows its pages, with those who are banned as such', async () => {
    const peers = Array.from({ length: 3 }, () => buildPeer()).toSorted()
    const text = await tokenOf({ uses: 3 })
    for (const peer of peers) {
      // oxlint-disable-next-line no-await-in-loop
      await issuer.exchange(text, { peer })
    }
    await ban(peers[1] ?? '')
    expect(issuer.list({ limit: 2 }).map(({ peer }) => peer)).toEqual(peers.slice(0, 2))
    expect(issuer.list({ limit: 9, after: peers[1] }).map(({ peer }) => peer)).toEqual([peers[2]])
    expect(issuer.list({ limit: 9, state: 'banned' }).map(({ peer }) => peer)).toEqual([peers[1]])
  })
})
