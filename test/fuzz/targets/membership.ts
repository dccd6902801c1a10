/**
 * What the authority of a mesh signs: as texts that travel, of which hardly any changed one gets past the signature, and as
 * claims of any content that the authority itself, gone mad, has signed.
 */
import { generateKeyPairSync } from 'node:crypto'
import { CompactSign } from 'jose'
import { MeshError } from '../../../src/core/errors.ts'
import { issueCertificate, openCertificate } from '../../../src/membership/certificates.ts'
import { CERTIFICATE, JOIN_TOKEN, NOTICE } from '../../../src/membership/documents.ts'
import {
  createJoinToken,
  openJoinToken,
  readJoinToken,
  signedTextOf
} from '../../../src/membership/join-tokens.ts'
import { authorityKeyOf, meshIdOf } from '../../../src/membership/mesh-id.ts'
import { Notices, signNotice } from '../../../src/membership/notices.ts'
import {
  DELEGATION,
  openDelegation,
  readClaims,
  signClaims
} from '../../../src/membership/signed-claims.ts'
import { SCHEMA_REFUSALS, bytesOf, expectPlain, textOf, utf8 } from '../target.ts'
import type { Delegation } from '../../../src/model/generated/delegation.ts'
import type { FuzzTarget } from '../target.ts'

const REFUSALS = [
  'CREDENTIAL_INVALID',
  'CREDENTIAL_EXPIRED',
  'CREDENTIAL_NOT_YET_VALID',
  'MESH_MISMATCH',
  'REQUEST_TOO_LARGE',
  ...SCHEMA_REFUSALS
] as const

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const NOW_MS = 1_767_225_600_000
const HOUR_MS = 3_600_000
/** Claims may say anything, but no signed text is longer than that. */
const PAYLOAD_BYTES_MAX = 65_536

const { privateKey: key, publicKey } = generateKeyPairSync('ed25519')
const meshId = meshIdOf(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))
const authority = { meshId, key }
const trust = { meshId, nowMs: NOW_MS + 1_000 }

/** One of each kind, by how it is opened. */
const OPENERS = {
  [CERTIFICATE.typ]: (text: string) => openCertificate(text, PEER, trust),
  [JOIN_TOKEN.typ]: (text: string) => openJoinToken(text, trust),
  [DELEGATION.typ]: (text: string) => openDelegation(text, trust),
  [NOTICE.typ]: async (text: string) => {
    const notices = new Notices({ meshId, nowMs: () => trust.nowMs })
    await notices.add([text])
    // One of tomorrow is left for when it has come.
    if (notices.ids().length > 1) throw new Error('one notice became several')
    return notices.banOf(PEER)
  }
} as const

async function signedTexts(): Promise<string[]> {
  const labels = { zone: 'home' }
  const grant = { peer: PEER, role: 'worker', nowMs: NOW_MS, labels } as const
  const bootstrap = [`/ip4/127.0.0.1/tcp/51820/p2p/${PEER}`]
  const exchange = { issuer: PEER, uses: 5, needsApproval: true }
  const token = { role: 'worker', nowMs: NOW_MS, lifeMs: HOUR_MS, bootstrap, exchange } as const
  const delegation: Omit<Delegation, 'delegation' | 'iss'> = {
    sub: PEER,
    jti: 'AAAAAAAAAAAA',
    iat: NOW_MS / 1_000,
    exp: (NOW_MS + HOUR_MS) / 1_000,
    roles: ['worker']
  }
  return [
    await issueCertificate(grant, authority),
    signedTextOf(await createJoinToken(token, authority)),
    await signClaims(delegation, DELEGATION, authority),
    await signNotice({ sub: PEER, verdict: 'ban', reason: 'no', nowMs: NOW_MS }, authority)
  ]
}

function typOf(text: string): string {
  const [head = ''] = text.split('.')
  return (JSON.parse(Buffer.from(head, 'base64url').toString()) as { typ: string }).typ
}

const credentials: FuzzTarget = {
  name: 'credentials',
  form: 'text',
  seeds: async () => (await signedTexts()).map(utf8),
  read: async (input) => {
    const text = textOf(input)
    const opened = await Promise.allSettled(Object.values(OPENERS).map((open) => open(text)))
    const failures = opened.flatMap((one) =>
      one.status === 'rejected' ? [one.reason as Error] : []
    )
    const strange = failures.find((one) => !(one instanceof MeshError))
    if (strange !== undefined) throw strange
    if (opened.length - failures.length > 1) throw new Error('it is of two kinds')
    if (failures.length === opened.length) throw failures[0] as Error
  },
  refusals: REFUSALS
}

const signedCredentials: FuzzTarget = {
  name: 'credentials-signed',
  form: 'json',
  seeds: async () =>
    (await signedTexts()).map((text) => {
      const payload = Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()
      return bytesOf({ typ: typOf(text), claims: JSON.parse(payload) as unknown })
    }),
  read: async (input) => {
    const { claims, typ } = partsOf(input)
    const text = await new CompactSign(utf8(claims))
      .setProtectedHeader({ alg: 'EdDSA', typ })
      .sign(key)
    const open = Object.hasOwn(OPENERS, typ) ? OPENERS[typ] : undefined
    expectPlain(await open?.(text))
  },
  refusals: REFUSALS
}

function partsOf(input: Uint8Array): { typ: string; claims: string } {
  const text = textOf(input.subarray(0, PAYLOAD_BYTES_MAX))
  try {
    const { claims, typ } = JSON.parse(text) as { claims?: unknown; typ?: unknown }
    return { typ: String(typ), claims: JSON.stringify(claims) ?? '' }
  } catch {
    // No JSON at all: signed as it is.
    return { typ: CERTIFICATE.typ, claims: text }
  }
}

/** What whoever is given a token reads of it, before anybody has looked at its signature. */
const joinToken: FuzzTarget = {
  name: 'join-token',
  form: 'text',
  seeds: async () => {
    const [, signed = ''] = await signedTexts()
    return [utf8(`tmjoin_${signed}`)]
  },
  read: (input) => {
    const text = textOf(input)
    expectPlain(readJoinToken(text))
    authorityKeyOf(readClaims(signedTextOf(text), JOIN_TOKEN).iss)
  },
  refusals: REFUSALS
}

export const MEMBERSHIP_TARGETS: readonly FuzzTarget[] = [credentials, signedCredentials, joinToken]
