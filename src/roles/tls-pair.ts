/** The certificate of the API and its private key, read and held against each other before anything listens. */
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { MeshError, messageOf } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { KeyObject } from 'node:crypto'
import type { Logger } from '../observe/logger.ts'
import type { TlsPair } from '../http/app.ts'

const CERT_FLAG = '--tls-cert'
const KEY_FLAG = '--tls-key'
/** Anybody on this machine. Its group may be meant to read it, as that of certbot's keys is. */
const OTHERS = 0o007

/** @throws MeshError CONFIG_INVALID */
export function loadTlsPair(
  { certFile, keyFile }: { certFile: string; keyFile: string },
  { clock, logger }: { clock: Clock; logger: Logger }
): TlsPair {
  const cert = read(certFile, CERT_FLAG)
  const key = read(keyFile, KEY_FLAG)
  const certificate = parse(certFile, CERT_FLAG, () => new X509Certificate(cert))
  const privateKey: KeyObject = parse(keyFile, KEY_FLAG, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) {
    throw invalid(KEY_FLAG, `the key in ${keyFile} is not that of the certificate in ${certFile}`, {
      hint: 'name the two that were made together; of several certificates in one file, the first counts'
    })
  }
  if (process.platform !== 'win32' && (statSync(keyFile).mode & OTHERS) !== 0) {
    logger.warn(
      { file: keyFile, hint: 'chmod 600' },
      'everybody on this machine can read the tls key'
    )
  }
  if (Date.parse(certificate.validTo) < clock.wallMs()) {
    logger.warn({ file: certFile, until: certificate.validTo }, 'the tls certificate is over')
  }
  return { cert, key }
}

function read(file: string, path: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw invalid(path, `${file} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

/** What the parser says of a key may be about its bytes; it goes no further than the cause. */
function parse<T>(file: string, path: string, parser: () => T): T {
  try {
    return parser()
  } catch (cause) {
    throw invalid(path, `${file} holds no ${path === CERT_FLAG ? 'certificate' : 'private key'}`, {
      hint: 'it is a PEM file; a key has no passphrase',
      cause
    })
  }
}

function invalid(
  path: string,
  message: string,
  init: { hint?: string; cause?: unknown }
): MeshError {
  return new MeshError('CONFIG_INVALID', message, { path, ...init })
}
