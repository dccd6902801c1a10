/**
 * A self-signed certificate made at run time, for raw TLS on loopback: Node has the signature but not
 * the envelope, and a dependency for thirty lines of DER would outweigh them.
 */
import { createSign, generateKeyPairSync } from 'node:crypto'

export interface Certificate {
  /** PEM. */
  key: string
  cert: string
}

const TAG = { integer: 0x02, bits: 0x03, oid: 0x06, utf8: 0x0c, sequence: 0x30, set: 0x31 } as const
const UTC_TIME = 0x17
const EXPLICIT_0 = 0xa0

/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256. */
const ECDSA_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]
/** 2.5.4.3, common name. */
const COMMON_NAME = [0x55, 0x04, 0x03]

export function makeCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(TAG.sequence, der(TAG.oid, Buffer.from(ECDSA_SHA256)))
  const attribute = der(
    TAG.sequence,
    der(TAG.oid, Buffer.from(COMMON_NAME)),
    der(TAG.utf8, Buffer.from('localhost'))
  )
  const name = der(TAG.sequence, der(TAG.set, attribute))
  const body = der(
    TAG.sequence,
    der(EXPLICIT_0, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, Buffer.from([1])),
    algorithm,
    name,
    der(TAG.sequence, time('200101000000Z'), time('491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' })
  )
  const signature = createSign('sha256').update(body).sign(privateKey)
  const whole = der(
    TAG.sequence,
    body,
    algorithm,
    der(TAG.bits, Buffer.concat([Buffer.from([0]), signature]))
  )
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`
  }
}

function time(text: string): Buffer {
  return der(UTC_TIME, Buffer.from(text))
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.byteLength)]), content])
}

function lengthOf(bytes: number): number[] {
  if (bytes < 0x80) return [bytes]
  if (bytes < 0x100) return [0x81, bytes]
  return [0x82, bytes >> 8, bytes & 0xff]
}
