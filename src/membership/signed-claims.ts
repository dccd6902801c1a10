/**
 * Claims in a compact JSON Web Signature with EdDSA (RFC 7515, 7519, 8037), signed by the authority of a mesh or
 * by a node that holds its delegation. Each kind of document has a `typ` of its own (RFC 8725, section 3.11), and
 * only the one way of writing it down is read: whatever byte of it is changed, it does not open.
 */
import { randomBytes } from 'node:crypto'
import { CompactSign, compactVerify, decodeProtectedHeader, errors } from 'jose'
import { parseJson } from '../core/json.ts'
import { MeshError, messageOf } from '../core/errors.ts'
import { publicKeyOfPeer } from '../core/peer-keys.ts'
import { validatorFor } from '../model/validate.ts'
import { authorityKeyOf, shortMeshId } from './mesh-id.ts'
import type { KeyObject } from 'node:crypto'
import type { Delegation } from '../model/generated/delegation.ts'
import type { Validator } from '../model/validate.ts'

/** What every document of a mesh says. */
export interface Claims {
  /** The mesh. */
  iss: string
  jti: string
  /** Seconds since 1970. */
  iat: number
  exp?: number
  /** Of one that the authority has not signed itself. */
  delegation?: string
}

export interface ClaimsKind<T extends Claims> {
  /** For people, such as `a certificate`. */
  name: string
  typ: string
  check: Validator<T>
  /** Of one that never runs out: the right of whoever has signed it had to hold then, and no longer. */
  isLasting?: boolean
}

/** Who signs: the authority, or by a delegation another node. */
export interface Signatory {
  meshId: string
  key: KeyObject
  delegation?: string | undefined
}

/** What of a kind is told where it goes wrong. */
type Named = Pick<ClaimsKind<Claims>, 'isLasting' | 'name' | 'typ'>

export interface Opened<T> {
  claims: T
  /** By whose right it was signed, if not by the authority itself. */
  by: Delegation | undefined
}

export interface Trust {
  meshId: string
  /** Milliseconds since 1970. */
  nowMs: number
  /** How long after its end a document still counts; the right of its signer has to hold now. @default 0 */
  graceMs?: number | undefined
}

/** A document of the longest labels, with the delegation of its signer. */
export const SIGNED_TEXT_MAX = 8_192

/** Two clocks may differ by so much without anybody noticing. */
export const CLOCK_SKEW_S = 300

const ALGORITHM = 'EdDSA'
const SERIAL_BYTES = 9
const encoder = new TextEncoder()

export const DELEGATION: ClaimsKind<Delegation> = {
  name: 'a delegation',
  typ: 'taskmesh-delegation+jws',
  check: validatorFor<Delegation>('delegation', 'delegation')
}

/** A name for a new document. */
export function newSerial(): string {
  return randomBytes(SERIAL_BYTES).toString('base64url')
}

export function toSeconds(ms: number): number {
  return Math.floor(ms / 1_000)
}

/**
 * @param claims without what the signatory adds
 * @throws MeshError REQUEST_TOO_LARGE; FIELD_INVALID and its kin
 */
export async function signClaims<T extends Claims>(
  claims: Omit<T, 'delegation' | 'iss'>,
  { check, typ }: ClaimsKind<T>,
  { delegation, key, meshId }: Signatory
): Promise<string> {
  const whole = { iss: meshId, ...claims, ...(delegation === undefined ? {} : { delegation }) }
  // Nobody would open it.
  check(whole)
  const text = await new CompactSign(encoder.encode(JSON.stringify(whole)))
    .setProtectedHeader({ alg: ALGORITHM, typ })
    .sign(key)
  if (text.length <= SIGNED_TEXT_MAX) return text
  throw new MeshError('REQUEST_TOO_LARGE', `it would have ${text.length} letters`, {
    hint: `the limit is ${SIGNED_TEXT_MAX}: use fewer labels or addresses`
  })
}

/**
 * Opens a document that anybody may have brought.
 * @throws MeshError CREDENTIAL_INVALID (no such document, or not signed by who must), MESH_MISMATCH,
 * CREDENTIAL_EXPIRED, CREDENTIAL_NOT_YET_VALID; FIELD_INVALID and its kin
 */
export async function openClaims<T extends Claims>(
  text: string,
  kind: ClaimsKind<T>,
  trust: Trust
): Promise<Opened<T>> {
  const claims = readClaims(text, kind)
  if (claims.iss !== trust.meshId) {
    throw new MeshError(
      'MESH_MISMATCH',
      `${kind.name} is of ${shortMeshId(claims.iss)}, this is ${shortMeshId(trust.meshId)}`,
      { hint: 'each mesh has an authority of its own, and its tokens are worth nothing elsewhere' }
    )
  }
  const by = await delegationOf(claims, kind, trust)
  await verify(text, kind, by === undefined ? authorityKeyOf(trust.meshId) : keyOf(by, kind))
  checkTimes(claims, kind, trust)
  return { claims, by }
}

/**
 * What a document says of itself, before anybody has checked who signed it.
 * @throws MeshError CREDENTIAL_INVALID; FIELD_INVALID and its kin
 */
export function readClaims<T extends Claims>(text: string, kind: ClaimsKind<T>): T {
  if (text.length > SIGNED_TEXT_MAX) throw invalid(kind, 'it is too long')
  const parts = text.split('.')
  if (parts.length !== 3 || !parts.every(isCanonical)) throw invalid(kind, 'it is garbled')
  if (parts[0] !== headerTextOf(kind)) throw invalid(kind, `it is ${typOf(text, kind)}`)
  return kind.check(payloadOf(parts[1] ?? '', kind))
}

/** A delegation is the authority's own word: nobody delegates what was delegated to them. */
async function delegationOf(
  { delegation, iat }: Claims,
  kind: Named,
  { meshId, nowMs }: Trust
): Promise<Delegation | undefined> {
  if (delegation === undefined) return undefined
  if (kind.typ === DELEGATION.typ) throw invalid(kind, 'it is delegated itself')
  return await openDelegation(delegation, {
    meshId,
    nowMs: kind.isLasting === true ? iat * 1_000 : nowMs
  })
}

function keyOf({ sub }: Delegation, kind: Named): KeyObject {
  const key = publicKeyOfPeer(sub)
  if (key === undefined) throw invalid(kind, 'its delegation names no node')
  return key
}

/** @throws as `openClaims` */
export async function openDelegation(text: string, trust: Trust): Promise<Delegation> {
  const { claims } = await openClaims(text, DELEGATION, trust)
  return claims
}

async function verify(text: string, kind: Named, key: KeyObject): Promise<void> {
  try {
    await compactVerify(text, key, { algorithms: [ALGORITHM] })
  } catch (cause) {
    throw invalid(kind, 'it is not signed by whom it should be', cause)
  }
}

/** Whether a document did not open because its signature is of another key than it should be. */
export function isForged(cause: unknown): boolean {
  return (
    cause instanceof MeshError &&
    cause.code === 'CREDENTIAL_INVALID' &&
    cause.cause instanceof errors.JWSSignatureVerificationFailed
  )
}

function checkTimes({ exp, iat }: Claims, { name }: Named, { graceMs = 0, nowMs }: Trust): void {
  const nowS = nowMs / 1_000
  if (iat > nowS + CLOCK_SKEW_S) {
    throw new MeshError(
      'CREDENTIAL_NOT_YET_VALID',
      `${name} was signed at ${timeOf(iat)}, and here it is ${timeOf(nowS)}`,
      { hint: 'one of the two clocks is wrong: `timedatectl` shows and sets that of this machine' }
    )
  }
  if (exp === undefined || nowS < exp + graceMs / 1_000) return
  throw new MeshError('CREDENTIAL_EXPIRED', `${name} has run out at ${timeOf(exp)}`, {
    hint: 'ask the operator of the mesh for a new token; or is the clock of this machine wrong?'
  })
}

/** Several texts in base64url may mean the same bytes; only one of them is how they are written. */
function isCanonical(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part
}

/** The one header that a kind has: nothing in it is up to whoever brings it. */
function headerTextOf({ typ }: Named): string {
  return Buffer.from(JSON.stringify({ alg: ALGORITHM, typ })).toString('base64url')
}

/** For people: what somebody has shown in the place of another document. */
function typOf(text: string, kind: Named): string {
  try {
    const { typ } = decodeProtectedHeader(text)
    return typeof typ === 'string' ? JSON.stringify(typ.slice(0, 64)) : 'something else'
  } catch (cause) {
    throw invalid(kind, 'it is garbled', cause)
  }
}

/** A name that comes twice, or a number written in another way, means something else to another reader. */
function payloadOf(part: string, kind: Named): unknown {
  const text = Buffer.from(part, 'base64url').toString()
  const value = jsonOf(text, kind)
  if (JSON.stringify(value) !== text) throw invalid(kind, 'it is garbled')
  return value
}

function jsonOf(text: string, kind: Named): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw invalid(kind, messageOf(cause), cause)
  }
}

function invalid({ name }: Named, why: string, cause?: unknown): MeshError {
  return new MeshError('CREDENTIAL_INVALID', `this is not ${name} of a mesh: ${why}`, { cause })
}

/** Of a time that is no time of this calendar, its number. */
function timeOf(seconds: number): string {
  const date = new Date(seconds * 1_000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString()
}
