/**
 * The key of a private network: who does not have it cannot even begin to talk to a node that has. It comes
 * beside certificates, not in their place: it cannot be taken from one machine alone.
 */
import { preSharedKey } from '@libp2p/pnet'
import { readSecret } from '../../core/secret-file.ts'
import { MeshError } from '../../core/errors.ts'

/** As Kubo and its like write it (`swarm.key`). */
const KEY_TEXT = /^\/key\/swarm\/psk\/1\.0\.0\/\r?\n\/base16\/\r?\n([0-9a-fA-F]{64})\s*$/

const HOW_TO_MAKE =
  'make one with: (echo /key/swarm/psk/1.0.0/; echo /base16/; openssl rand -hex 32) > network.key; ' +
  'chmod 600 network.key, and give the same file to every machine'

/**
 * The key in a file, in hex; rights that others have on the file are taken away.
 * @throws MeshError IDENTITY_UNUSABLE when it is not there, not readable, or holds something else
 */
export function readNetworkKey(file: string): string {
  const secret = readSecret(file)
  if (secret === undefined) throw unusable(`there is no file ${file}`)
  const [, hex] = KEY_TEXT.exec(new TextDecoder().decode(secret)) ?? []
  if (hex === undefined) throw unusable(`${file} does not hold the key of a private network`)
  return hex.toLowerCase()
}

/** The key that the user names, if any. @throws as `readNetworkKey` */
export function givenNetworkKey(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readNetworkKey(file)
}

/** What closes connections by that key, below their encryption. */
export function protectorOf(hex: string): ReturnType<typeof preSharedKey> {
  return preSharedKey({ psk: Buffer.from(`/key/swarm/psk/1.0.0/\n/base16/\n${hex}`) })
}

function unusable(message: string): MeshError {
  return new MeshError('IDENTITY_UNUSABLE', message, { path: 'network_key', hint: HOW_TO_MAKE })
}
