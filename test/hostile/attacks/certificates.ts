/** Certificates and tokens: forged, huge, of another mesh, of others, expired, early, and simply too many. */
import { generateKeyPairSync } from 'node:crypto'
import { issueCertificate } from '../../../src/membership/certificates.ts'
import { meshIdOf } from '../../../src/membership/mesh-id.ts'
import { RawPeer } from '../raw-peer.ts'
import type { Attack, Identity, Stage } from '../attack.ts'
import type { Signatory } from '../../../src/membership/signed-claims.ts'

const SIGNED_LETTERS = 8_192
const FLOOD = 16

const pair = generateKeyPairSync('ed25519')
const { x = '' } = pair.publicKey.export({ format: 'jwk' })
/** An authority of its own, of a mesh that nobody has heard of. */
const other: Signatory = { meshId: meshIdOf(Buffer.from(x, 'base64url')), key: pair.privateKey }

/** Each is worth nothing, for another reason. */
async function spoilt(stage: Stage, peer: string): Promise<string[]> {
  const { papers, random } = stage
  const grant = { peer, role: 'router' as const, nowMs: Date.now() }
  const foreign = await issueCertificate(grant, other)
  const forged = await issueCertificate(grant, { ...other, meshId: papers.meshId })
  const at = Math.floor(random.next() * papers.stolen.length)
  const altered = papers.stolen.slice(0, at) + 'x' + papers.stolen.slice(at + 1)
  const [, payload = ''] = papers.stolen.split('.')
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
  return [
    foreign,
    forged,
    altered,
    unsigned,
    papers.stolen,
    papers.expired.certificate,
    'x'.repeat(SIGNED_LETTERS),
    `${'a.'.repeat(SIGNED_LETTERS)}b`,
    ''
  ]
}

/** Shows its own certificate, which has run out or begins tomorrow. */
async function introduceAs(stage: Stage, identity: Identity): Promise<void> {
  const peer = await RawPeer.create(stage.tally, { identity })
  try {
    await peer.command(stage.target, 'GET_CAPABILITIES', {})
  } finally {
    await peer.stop()
  }
}

export const CERTIFICATE_ATTACKS: readonly Attack[] = [
  {
    name: 'certificates-spoilt',
    who: 'stranger',
    what: 'INTRODUCE with certificates that are forged, altered, stolen, of another mesh, huge, unsigned',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.stranger()
      const texts = await spoilt(stage, peer.peer)
      const certificate = texts[stage.step % texts.length]
      await peer.command(stage.target, 'INTRODUCE', { certificate })
    }
  },
  {
    name: 'certificates-off',
    who: 'stranger',
    what: 'certificates of the authority that ran out yesterday, or begin tomorrow',
    perSecond: 5,
    step: async (stage) => {
      const { early, expired } = stage.papers
      await introduceAs(stage, stage.step % 2 === 0 ? early : expired)
    }
  },
  {
    name: 'join-floods',
    who: 'stranger',
    what: 'JOIN_MESH with forged, stale and missing tokens, many at once',
    perSecond: 10,
    step: async (stage) => {
      const peer = await stage.stranger()
      const { papers, step, target } = stage
      const forged = await issueCertificate(
        { peer: peer.peer, role: 'router', nowMs: Date.now() },
        { ...other, meshId: papers.meshId }
      )
      const params = [
        { token: papers.staleToken },
        { token: forged },
        { certificate: forged },
        { certificate: papers.expired.certificate },
        {}
      ][step % 5]
      await Promise.all(
        Array.from({ length: FLOOD }, () =>
          peer.command(target, 'JOIN_MESH', { ...params, name: 'a\u001b[2J\nb', agent: '\r\n{}' })
        )
      )
    }
  },
  {
    name: 'introduce-floods',
    who: 'member',
    what: 'INTRODUCE over and over with a certificate that is valid',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.member()
      const { certificate } = stage.identity
      await Promise.all(
        Array.from({ length: FLOOD }, () =>
          peer.command(stage.target, 'INTRODUCE', { certificate, notices: 'ffff' })
        )
      )
    }
  },
  {
    name: 'notices-forged',
    who: 'member',
    what: 'SYNC_NOTICES with bans that nobody has signed, and ten thousand serials',
    perSecond: 5,
    step: async (stage) => {
      const peer = await stage.member()
      const { certificate } = stage.identity
      const known = Array.from({ length: 10_000 }, (_, index) => `serial${index}`)
      const notices = stage.step % 2 === 0 ? [certificate, 'a.b.c', ''] : []
      await peer.command(stage.target, 'SYNC_NOTICES', { digest: 'ffff', known, notices })
    }
  }
]
