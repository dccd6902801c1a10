/** Who counts as a member at a given moment. */
import { beforeEach, expect, it } from 'vitest'
import { Members } from '../../../src/membership/members.ts'
import { Notices, signNotice } from '../../../src/membership/notices.ts'
import { CERTIFICATE_MS } from '../../../src/membership/documents.ts'
import { issueCertificate } from '../../../src/membership/certificates.ts'
import {
  DAY_MS,
  HOUR_MS,
  NOW_MS,
  buildAuthority,
  buildDelegate,
  buildPeer,
  codeOf
} from '../../support/build-authority.ts'

const authority = buildAuthority()
const { meshId } = authority
const peer = buildPeer()
let nowMs: number
let notices: Notices
let members: Members

beforeEach(() => {
  nowMs = NOW_MS
  notices = new Notices({ meshId, nowMs: () => nowMs })
  members = new Members({ meshId, notices, nowMs: () => nowMs })
})

function codeNow(): string {
  try {
    members.require(peer)
    return members.of(peer) === undefined ? 'two minds' : 'none'
  } catch (cause) {
    return (cause as { code: string }).code
  }
}

async function ban(sub: string, verdict: 'ban' | 'pardon' = 'ban'): Promise<void> {
  await notices.add([await signNotice({ sub, verdict, nowMs }, authority)])
}

it('who has shown nothing is a stranger', () => {
  expect(codeNow()).toBe('NOT_A_MEMBER')
})

it('who has shown a certificate belongs until it runs out', async () => {
  await members.admit(peer, await issueCertificate({ peer, role: 'worker', nowMs }, authority))
  expect(codeNow()).toBe('none')
  nowMs += CERTIFICATE_MS - 1
  expect(codeNow()).toBe('none')
  nowMs += 1
  expect(codeNow()).toBe('CREDENTIAL_EXPIRED')
})

it('a certificate counts no longer than the right of its signer', async () => {
  const { signatory } = await buildDelegate(authority, { lifeMs: HOUR_MS })
  await members.admit(peer, await issueCertificate({ peer, role: 'worker', nowMs }, signatory))
  nowMs += HOUR_MS
  expect(codeNow()).toBe('CREDENTIAL_EXPIRED')
})

it('a ban of the node, of its token or of its signer holds at once, and a pardon as well', async () => {
  const { peer: issuer, signatory } = await buildDelegate(authority)
  const token = 'AAAAAAAAAAAA'
  const text = await issueCertificate({ peer, role: 'worker', nowMs, token }, signatory)
  await members.admit(peer, text)
  for (const subject of [peer, token, issuer]) {
    // oxlint-disable-next-line no-await-in-loop
    await ban(subject)
    expect(codeNow()).toBe('REVOKED')
    // oxlint-disable-next-line no-await-in-loop
    expect(await codeOf(members.admit(peer, text))).toBe('REVOKED')
    nowMs += 1_000
    // oxlint-disable-next-line no-await-in-loop
    await ban(subject, 'pardon')
    expect(codeNow()).toBe('none')
  }
})

it('an older certificate takes nothing back, as it may have been under way for long', async () => {
  const old = await issueCertificate({ peer, role: 'router', nowMs }, authority)
  nowMs += DAY_MS
  const labels = { zone: 'lab' }
  await members.admit(
    peer,
    await issueCertificate({ peer, role: 'worker', nowMs, labels }, authority)
  )
  await members.admit(peer, old)
  expect(members.of(peer)).toMatchObject({ role: 'worker', labels })
})

it('an older certificate counts where the newer no longer does', async () => {
  const { peer: issuer, signatory } = await buildDelegate(authority)
  const old = await issueCertificate({ peer, role: 'worker', nowMs }, authority)
  nowMs += 1_000
  await members.admit(peer, await issueCertificate({ peer, role: 'router', nowMs }, signatory))
  await ban(issuer)
  await members.admit(peer, old)
  expect(members.of(peer)?.role).toBe('worker')
})
