/** What the authority signs: one way of writing it, and nothing else opens. */
import { beforeAll, describe, expect, it } from 'vitest'
import { CompactSign, SignJWT } from 'jose'
import { createPublicKey } from 'node:crypto'
import { CERTIFICATE, JOIN_TOKEN, NOTICE } from '../../../src/membership/documents.ts'
import { issueCertificate, openCertificate } from '../../../src/membership/certificates.ts'
import {
  createJoinToken,
  openJoinToken,
  signedTextOf
} from '../../../src/membership/join-tokens.ts'
import { signNotice } from '../../../src/membership/notices.ts'
import {
  DELEGATION,
  SIGNED_TEXT_MAX,
  openClaims,
  openDelegation,
  signClaims
} from '../../../src/membership/signed-claims.ts'
import {
  DAY_MS,
  HOUR_MS,
  NOW_MS,
  buildAuthority,
  buildDelegate,
  buildPeer,
  codeOf
} from '../../support/build-authority.ts'
import type { ClaimsKind, Claims, Signatory, Trust } from '../../../src/membership/signed-claims.ts'
import type { Delegate } from '../../support/build-authority.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'
const authority = buildAuthority()
const { meshId } = authority
const trust: Trust = { meshId, nowMs: NOW_MS + 1_000 }
const peer = buildPeer()
const issuer = buildPeer()
const texts = new Map<string, string>()
let delegate: Delegate

const OPEN: Record<string, (text: string) => Promise<unknown>> = {
  certificate: (text) => openCertificate(text, peer, trust),
  token: (text) => openJoinToken(text, trust),
  notice: (text) => openClaims(text, NOTICE as ClaimsKind<Claims>, trust),
  delegation: (text) => openDelegation(text, trust)
}
const KINDS = Object.keys(OPEN)

beforeAll(async () => {
  delegate = await buildDelegate(authority)
  const grant = { peer, role: 'worker', nowMs: NOW_MS } as const
  const exchange = { issuer, uses: 1, needsApproval: false }
  const token = { role: 'worker', nowMs: NOW_MS, lifeMs: HOUR_MS, bootstrap: [], exchange } as const
  texts.set('certificate', await issueCertificate(grant, delegate.signatory))
  texts.set('token', signedTextOf(await createJoinToken(token, authority)))
  texts.set('notice', await signNotice({ sub: peer, verdict: 'ban', nowMs: NOW_MS }, authority))
  texts.set('delegation', delegate.signatory.delegation ?? '')
})

function textOf(kind: string): string {
  return texts.get(kind) ?? ''
}

describe('each kind', () => {
  it.each(KINDS)('opens: %s', async (kind) => {
    expect(await codeOf(OPEN[kind]?.(textOf(kind)) as Promise<unknown>)).toBe('none')
  })

  const pairs = KINDS.flatMap((shown) =>
    KINDS.filter((asked) => asked !== shown).map((asked) => [shown, asked] as const)
  )
  it.each(pairs)('is nothing else: a %s is no %s', async (shown, asked) => {
    const open = OPEN[asked] as (text: string) => Promise<unknown>
    expect(await codeOf(open(textOf(shown)))).toBe('CREDENTIAL_INVALID')
  })

  it.each(KINDS)(
    'does not open with any letter of it changed, left out or doubled: %s',
    async (kind) => {
      const text = textOf(kind)
      const open = OPEN[kind] as (text: string) => Promise<unknown>
      const changed = Array.from(text).flatMap((letter, index) => {
        const other = ALPHABET[(ALPHABET.indexOf(letter) + 1) % ALPHABET.length] ?? ''
        const [before, after] = [text.slice(0, index), text.slice(index + 1)]
        return [before + other + after, before + after, before + letter + letter + after]
      })
      const codes = await Promise.all(changed.map(async (one) => await codeOf(open(one))))
      expect(codes).not.toContain('none')
      expect(codes.filter((code) => !/^(CREDENTIAL|FIELD|MESH)_/.test(code))).toEqual([])
    }
  )
})

/** As somebody with the right key, but another program, might write it. */
async function signed(
  header: Record<string, unknown>,
  payload: string,
  key: Signatory['key'] = authority.key
): Promise<string> {
  return await new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader(header as { alg: string })
    .sign(key)
}

function payloadOf(text: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString())
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}

describe('a header', () => {
  const { typ } = CERTIFICATE
  const payload = JSON.stringify({
    iss: meshId,
    sub: peer,
    jti: 'AAAAAAAAAAAA',
    role: 'worker',
    iat: NOW_MS / 1_000,
    exp: NOW_MS / 1_000 + 3_600
  })

  it('as it must be opens', async () => {
    expect(
      await codeOf(openCertificate(await signed({ alg: 'EdDSA', typ }, payload), peer, trust))
    ).toBe('none')
  })

  it.each([
    ['without a typ', { alg: 'EdDSA' }],
    ['of any other kind of token', { alg: 'EdDSA', typ: 'JWT' }],
    ['with a key id', { alg: 'EdDSA', typ, kid: 'mine' }],
    ['with a key', { alg: 'EdDSA', typ, jwk: { kty: 'OKP' } }],
    ['with the address of a key', { alg: 'EdDSA', typ, x5u: 'https://example.org/key' }],
    ['in another order', { typ, alg: 'EdDSA' }]
  ])('%s is refused', async (_name, header) => {
    const text = await signed(header, payload)
    expect(await codeOf(openCertificate(text, peer, trust))).toBe('CREDENTIAL_INVALID')
  })

  it('with what must be understood is refused', async () => {
    const text = await signed({ alg: 'EdDSA', typ }, payload)
    const [, body, signature] = text.split('.')
    const header = encode(JSON.stringify({ alg: 'EdDSA', typ, crit: ['exp'], exp: 1 }))
    const forged = `${header}.${body}.${signature}`
    expect(await codeOf(openCertificate(forged, peer, trust))).toBe('CREDENTIAL_INVALID')
  })

  it.each(['none', 'None', 'HS256', 'ES256', 'Ed25519'])(
    'of the algorithm %s is refused',
    async (alg) => {
      const text = `${encode(JSON.stringify({ alg, typ }))}.${encode(payload)}.AAAA`
      expect(await codeOf(openCertificate(text, peer, trust))).toBe('CREDENTIAL_INVALID')
      const [head, body] = text.split('.')
      expect(await codeOf(openCertificate(`${head}.${body}.`, peer, trust))).toBe(
        'CREDENTIAL_INVALID'
      )
    }
  )

  it('of HS256 with the public key for a secret is refused', async () => {
    const { x = '' } = createPublicKey(authority.key).export({ format: 'jwk' })
    const secret = Buffer.from(x, 'base64url')
    const text = await new SignJWT(JSON.parse(payload))
      .setProtectedHeader({ alg: 'HS256', typ })
      .sign(secret)
    expect(await codeOf(openCertificate(text, peer, trust))).toBe('CREDENTIAL_INVALID')
  })
})

describe('claims', () => {
  const header = { alg: 'EdDSA', typ: CERTIFICATE.typ }
  const open = async (payload: string): Promise<string> =>
    await codeOf(openCertificate(await signed(header, payload), peer, trust))
  let good: Record<string, unknown>
  beforeAll(async () => {
    good = payloadOf(await issueCertificate({ peer, role: 'worker', nowMs: NOW_MS }, authority))
  })

  it('that nobody knows are refused', async () => {
    expect(await open(JSON.stringify({ ...good, admin: true }))).toBe('FIELD_UNKNOWN')
    expect(await open(JSON.stringify(good).replace('{', '{"__proto__":{"role":"operator"},'))).toBe(
      'FIELD_UNKNOWN'
    )
  })

  it.each(['iss', 'sub', 'jti', 'iat', 'exp', 'role'])('without %s are refused', async (name) => {
    const { [name]: _gone, ...rest } = good
    expect(await open(JSON.stringify(rest))).toBe('FIELD_MISSING')
  })

  it('with a name that comes twice are refused', async () => {
    const twice = JSON.stringify(good).replace('"role"', '"role":"operator","role"')
    expect(await open(twice)).toBe('CREDENTIAL_INVALID')
  })

  it.each([
    ['spaces', (text: string) => text.replaceAll(',', ', ')],
    ['escapes', (text: string) => text.replace('worker', '\\u0077orker')],
    ['another way of writing numbers', (text: string) => text.replace(/"iat":(\d+)/, '"iat":$1.0')],
    ['something after the end', (text: string) => `${text} `],
    ['half of it', (text: string) => text.slice(0, -20)],
    ['a list around it', (text: string) => `[${text}]`]
  ])('with %s are refused', async (_name, change) => {
    expect(await open(change(JSON.stringify(good)))).toMatch(/CREDENTIAL_INVALID|FIELD_/)
  })

  it('too long to be read are refused, and not signed either', async () => {
    const name = 'x'.repeat(SIGNED_TEXT_MAX)
    expect(await open(JSON.stringify({ ...good, name }))).toBe('CREDENTIAL_INVALID')
    const bootstrap = Array.from({ length: 16 }, () => 'x'.repeat(512))
    const token = { role: 'worker', nowMs: NOW_MS, lifeMs: HOUR_MS, bootstrap } as const
    expect(await codeOf(createJoinToken(token, authority))).toBe('REQUEST_TOO_LARGE')
  })

  it('that nobody could open are not signed', async () => {
    const claims = {
      sub: peer,
      jti: 'AAAAAAAAAAAA',
      iat: 1,
      verdict: 'ban' as const,
      reason: 'x'.repeat(501)
    }
    expect(await codeOf(signClaims(claims, NOTICE, authority))).toBe('FIELD_INVALID')
    const labels = { '9': 'no name of a label' }
    const grant = { peer, role: 'worker', nowMs: NOW_MS, labels } as const
    expect(await codeOf(issueCertificate(grant, authority))).toBe('FIELD_INVALID')
  })
})

describe('letters that mean the same bytes', () => {
  it.each([
    ['with padding', (part: string) => `${part}=`],
    ['of the other base64', (part: string) => part.replaceAll('-', '+').replaceAll('_', '/')],
    ['with bits that mean nothing', (part: string) => part.slice(0, -1) + nextLetter(part.at(-1))],
    ['with a line break', (part: string) => `${part}\n`]
  ])('%s are refused', async (_name, change) => {
    const [header, payload, signature = ''] = textOf('token').split('.')
    const changed = change(signature)
    if (changed === signature) return
    const text = `${header}.${payload}.${changed}`
    expect(await codeOf(openJoinToken(text, trust))).toBe('CREDENTIAL_INVALID')
  })
})

/** 64 bytes leave four bits of the last letter without a meaning. */
function nextLetter(letter = 'A'): string {
  return ALPHABET[ALPHABET.indexOf(letter) + 1] ?? 'A'
}

const MINUTE_MS = 60_000

async function openTokenAt(nowMs: number, graceMs?: number): Promise<string> {
  return await codeOf(openJoinToken(textOf('token'), { meshId, nowMs, graceMs }))
}

describe('time', () => {
  it('may differ by five minutes between two clocks, and not by a day', async () => {
    expect(await openTokenAt(NOW_MS - 4 * MINUTE_MS)).toBe('none')
    expect(await openTokenAt(NOW_MS - 6 * MINUTE_MS)).toBe('CREDENTIAL_NOT_YET_VALID')
    expect(await openTokenAt(NOW_MS - DAY_MS)).toBe('CREDENTIAL_NOT_YET_VALID')
    expect(await openTokenAt(NOW_MS + DAY_MS)).toBe('CREDENTIAL_EXPIRED')
  })

  it('ends at the second that it says', async () => {
    expect(await openTokenAt(NOW_MS + HOUR_MS - 1)).toBe('none')
    expect(await openTokenAt(NOW_MS + HOUR_MS)).toBe('CREDENTIAL_EXPIRED')
  })

  it('of grace makes what has run out good, and nothing early', async () => {
    expect(await openTokenAt(NOW_MS + 2 * HOUR_MS, 2 * HOUR_MS)).toBe('none')
    expect(await openTokenAt(NOW_MS + 3 * HOUR_MS, 2 * HOUR_MS)).toBe('CREDENTIAL_EXPIRED')
    expect(await openTokenAt(NOW_MS - DAY_MS, 2 * DAY_MS)).toBe('CREDENTIAL_NOT_YET_VALID')
  })
})

describe('a delegate', () => {
  const grant = { peer, role: 'worker', nowMs: NOW_MS } as const

  it('may sign as what it was told, and as nothing else', async () => {
    const { signatory } = await buildDelegate(authority, { roles: ['worker', 'client'] })
    const certificate = await issueCertificate({ ...grant, role: 'operator' }, signatory)
    expect(await codeOf(openCertificate(certificate, peer, trust))).toBe('CREDENTIAL_INVALID')
    const token = { role: 'router', nowMs: NOW_MS, lifeMs: HOUR_MS, bootstrap: [] } as const
    const text = signedTextOf(await createJoinToken(token, signatory))
    expect(await codeOf(openJoinToken(text, trust))).toBe('CREDENTIAL_INVALID')
  })

  it('may no longer once its time is over, not even with grace', async () => {
    const { signatory } = await buildDelegate(authority, { lifeMs: HOUR_MS })
    const certificate = await issueCertificate(grant, signatory)
    const late = { meshId, nowMs: NOW_MS + HOUR_MS }
    expect(await codeOf(openCertificate(certificate, peer, late))).toBe('CREDENTIAL_EXPIRED')
    const kind = await codeOf(openCertificate(certificate, peer, { ...late, graceMs: DAY_MS }))
    expect(kind).toBe('CREDENTIAL_EXPIRED')
  })

  it('signs with its own key, and not with that of another delegate', async () => {
    const other = await buildDelegate(authority)
    const { delegation } = delegate.signatory
    const certificate = await issueCertificate(grant, { ...other.signatory, delegation })
    expect(await codeOf(openCertificate(certificate, peer, trust))).toBe('CREDENTIAL_INVALID')
  })

  it('of another mesh has no say', async () => {
    const other = await buildDelegate(buildAuthority())
    const mixed = { ...other.signatory, meshId }
    const certificate = await issueCertificate(grant, mixed)
    expect(await codeOf(openCertificate(certificate, peer, trust))).toBe('MESH_MISMATCH')
    const forged = await buildDelegate({ ...buildAuthority(), meshId })
    const text = await issueCertificate(grant, forged.signatory)
    expect(await codeOf(openCertificate(text, peer, trust))).toBe('CREDENTIAL_INVALID')
  })

  it('does not delegate', async () => {
    const claims = {
      ...delegate.delegation,
      sub: buildPeer(),
      delegation: delegate.signatory.delegation
    }
    const nested = await signed(
      { alg: 'EdDSA', typ: DELEGATION.typ },
      JSON.stringify(claims),
      delegate.signatory.key
    )
    expect(await codeOf(openDelegation(nested, trust))).toBe('FIELD_UNKNOWN')
    const own = await buildDelegate({ meshId, key: delegate.signatory.key })
    const certificate = await issueCertificate(grant, own.signatory)
    expect(await codeOf(openCertificate(certificate, peer, trust))).toBe('CREDENTIAL_INVALID')
  })

  it('shows a delegation and no other document', async () => {
    for (const kind of ['certificate', 'token', 'notice']) {
      const mixed = { ...delegate.signatory, delegation: textOf(kind) }
      // oxlint-disable-next-line no-await-in-loop -- three
      const certificate = await issueCertificate(grant, mixed)
      // oxlint-disable-next-line no-await-in-loop
      expect(await codeOf(openCertificate(certificate, peer, trust))).toBe('CREDENTIAL_INVALID')
    }
  })
})

describe('a certificate', () => {
  it('of another node is worth nothing', async () => {
    expect(await codeOf(openCertificate(textOf('certificate'), issuer, trust))).toBe(
      'CREDENTIAL_INVALID'
    )
  })

  it('of another mesh is worth nothing', async () => {
    const other = await issueCertificate({ peer, role: 'worker', nowMs: NOW_MS }, buildAuthority())
    expect(await codeOf(openCertificate(other, peer, trust))).toBe('MESH_MISMATCH')
    const grant = { peer, role: 'worker', nowMs: NOW_MS } as const
    const forged = await issueCertificate(grant, { ...buildAuthority(), meshId })
    expect(await codeOf(openCertificate(forged, peer, trust))).toBe('CREDENTIAL_INVALID')
  })
})

it('names its kinds differently', () => {
  const kinds = [CERTIFICATE, JOIN_TOKEN, NOTICE, DELEGATION].map(({ typ }) => typ)
  expect(new Set(kinds).size).toBe(4)
})
