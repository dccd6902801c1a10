/**
 * The published package as a user has it: packed by npm, unpacked into an empty folder, and beside it what it depends on, but nothing of what
 * only its development needs. It is what `npm install` of the tarball gives, without a registry and in a few seconds.
 */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PROJECT } from './running-taskmesh.ts'

export interface InstalledPackage {
  /** The user's folder. */
  folder: string
  /** Where the package lies in it. */
  root: string
  binary: string
  /** Paths in the package. */
  files: readonly string[]
  packedBytes: number
  unpackedBytes: number
  remove: () => void
}

interface PackReport {
  filename: string
  size: number
  unpackedSize: number
  files: { path: string }[]
}

interface LockEntry {
  dev?: boolean
  link?: boolean
}

/** The build is that of `npm ci`: nothing is built here. */
export function installPackage(): InstalledPackage {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-installed-'))
  const words = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const said = execFileSync('npm', words, { cwd: PROJECT, encoding: 'utf8', stdio: 'pipe' })
  const report = reportOf(said)
  const modules = join(folder, 'node_modules')
  const root = join(modules, 'taskmesh')
  mkdirSync(root, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, report.filename), '-C', root, '--strip-components=1'])
  for (const path of dependencies()) linkTree(join(PROJECT, path), join(folder, path))
  return {
    folder,
    root,
    binary: join(root, 'bin', 'taskmesh.cjs'),
    files: report.files.map(({ path }) => path),
    packedBytes: report.size,
    unpackedBytes: report.unpackedSize,
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** npm says it as a list, or by the package's name. */
function reportOf(text: string): PackReport {
  const [report] = Object.values(JSON.parse(text) as Record<string, PackReport>)
  if (report === undefined) throw new Error('npm packed nothing')
  return report
}

/** Folders of packages, from the root, that are there for users as well. */
function dependencies(): string[] {
  const lock = JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockEntry>
  }
  return Object.entries(lock.packages).flatMap(([path, { dev, link }]) => {
    const isOurs = dev === true || link === true || !path.startsWith('node_modules/')
    // Some are for other systems.
    return isOurs || !existsSync(join(PROJECT, path)) ? [] : [path]
  })
}

/** Second names for the same files, where the file system has them; packages in packages are linked by themselves. */
function linkTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) linkTree(source, target)
    else linkFile(source, target)
  }
}

function linkFile(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true })
  try {
    linkSync(source, target)
  } catch {
    // Another disk.
    cpSync(source, target)
  }
}
