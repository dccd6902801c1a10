/**
 * What of the machine's own system a sandbox shows, all of it read-only: programs, libraries, and the
 * few files in /etc without which programs don't start. Everything else (homes, /var, /run, keys) is
 * not there at all. Looked up once, when the engine starts.
 */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { MeshError } from '../../core/errors.ts'
import type { ShownPath } from './shown-paths.ts'

/** Links into /usr on most systems, folders of their own on others. */
const FOLDERS_BESIDE_USR = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']
/** Where libraries lie, which program stands behind a name, how OpenSSL starts. */
const ETC_FILES = ['/etc/ld.so.cache', '/etc/alternatives', '/etc/ssl/openssl.cnf']
/** How names are found, which ports and authorities are known: of use with a network only. */
const NETWORK_FILES = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/host.conf',
  '/etc/nsswitch.conf',
  '/etc/gai.conf',
  '/etc/services',
  '/etc/protocols',
  '/etc/ssl/certs',
  '/etc/ssl/cert.pem',
  '/etc/ca-certificates',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust/extracted',
  '/etc/crypto-policies'
]

/** Arguments for bwrap. */
export function systemView(shown: readonly ShownPath[]): string[] {
  return [
    '--ro-bind',
    '/usr',
    '/usr',
    ...FOLDERS_BESIDE_USR.flatMap(showBesideUsr),
    '--perms',
    '0755',
    '--dir',
    '/etc',
    ...ETC_FILES.flatMap((path) => ['--ro-bind-try', path, path]),
    ...shown.flatMap(([path, file]) => (isShown(path) ? [] : ['--ro-bind', file, path]))
  ]
}

/** Arguments for bwrap, for a task that has the network. */
export function networkView(): string[] {
  return NETWORK_FILES.flatMap((path) => ['--ro-bind-try', path, path])
}

/** The full path of a tool that the engine itself needs. @throws MeshError ENGINE_UNAVAILABLE */
export function findTool(name: string, packageName: string): string {
  const folders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']
  const found = folders.map((folder) => `${folder}/${name}`).find((path) => kindOf(path) !== 'none')
  if (found !== undefined) return found
  throw new MeshError('ENGINE_UNAVAILABLE', `engine process needs ${name}, which is not here`, {
    hint: `install it, for example: apt-get install ${packageName}`
  })
}

/**
 * Keys and state must not lie where every task may read.
 * @param folder of the node; it is there
 * @throws MeshError ENGINE_UNAVAILABLE
 */
export function assertHidden(folder: string, shown: readonly ShownPath[]): void {
  const places = [folder, realpathSync(folder)]
  const readable = ['/usr', ...FOLDERS_BESIDE_USR, ...shown.flat()]
  if (!places.some((place) => readable.some((path) => isWithin(place, path)))) return
  throw new MeshError('ENGINE_UNAVAILABLE', `tasks could read the node's folder ${folder}`, {
    hint: 'choose a --home outside /usr and of the folders that tasks may read'
  })
}

function showBesideUsr(path: string): string[] {
  switch (kindOf(path)) {
    case 'link':
      return ['--symlink', readlinkSync(path), path]
    case 'other':
      return ['--ro-bind', path, path]
    case 'none':
      return []
  }
}

function isShown(path: string): boolean {
  return ['/usr', ...FOLDERS_BESIDE_USR].some((folder) => isWithin(path, folder))
}

function isWithin(path: string, folder: string): boolean {
  return `${path}/`.startsWith(`${folder}/`)
}

function kindOf(path: string): 'link' | 'other' | 'none' {
  try {
    return lstatSync(path).isSymbolicLink() ? 'link' : 'other'
  } catch {
    // Not on this system.
    return 'none'
  }
}
