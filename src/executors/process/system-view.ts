/**
 * What of the machine's own system a sandbox shows, all of it read-only: programs, libraries, and the
 * few files in /etc without which programs don't start. Everything else (homes, /var, /run, keys) is
 * not there at all. Looked up once, when the engine starts.
 */
import { lstatSync, readlinkSync } from 'node:fs'
import { MeshError } from '../../core/errors.ts'

/** Links into /usr on most systems, folders of their own on others. */
const FOLDERS_BESIDE_USR = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']
/** Where libraries lie, which program stands behind a name, how OpenSSL starts. */
const ETC_FILES = ['/etc/ld.so.cache', '/etc/alternatives', '/etc/ssl/openssl.cnf']

/**
 * Arguments for bwrap.
 * @param programs the owner's paths and the files behind them
 */
export function systemView(programs: readonly (readonly [string, string])[]): string[] {
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
    ...programs.flatMap(([path, file]) => (isShown(path) ? [] : ['--ro-bind', file, path]))
  ]
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

/** Keys and state must not lie where every task may read. @throws MeshError ENGINE_UNAVAILABLE */
export function assertHidden(folder: string): void {
  if (!isShown(folder)) return
  throw new MeshError('ENGINE_UNAVAILABLE', `tasks could read the node's folder ${folder}`, {
    hint: 'choose a --home outside /usr'
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
  return ['/usr', ...FOLDERS_BESIDE_USR].some((folder) => path.startsWith(`${folder}/`))
}

function kindOf(path: string): 'link' | 'other' | 'none' {
  try {
    return lstatSync(path).isSymbolicLink() ? 'link' : 'other'
  } catch {
    // Not on this system.
    return 'none'
  }
}
