/**
 * What runs in a sandbox host, and what it needs: one such program per kind of guest. The pool, the
 * host and the way it is started are the same for all of them.
 */
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface SandboxProgram {
  /** File that a host runs. */
  readonly entryPath: string
  /** Folders and files with its code: what it may read of the disk, beside the entry. */
  readonly readablePaths: readonly string[]
  /** Flags of its Node beyond those that all hosts have. */
  readonly nodeFlags: readonly string[]
  /** Time for its own way of ending a task, which keeps the process, before the hard kill. */
  readonly killGraceMs: number
  /** What a host may need beside the task's own memory: its copies of what goes in and comes out. */
  readonly memorySlackBytes: number
}

const here = fileURLToPath(import.meta.url)
/** Entries lie beside this file and have its ending, in `src` as in a build. */
const extension = extname(here)
const require = createRequire(import.meta.url)

/** The entry of the guest whose code lies in the folder `name` beside this file. */
export function entryOf(name: string): string {
  return join(dirname(here), name, `entry${extension}`)
}

/** Folders of the executors and folders above them (`core`), by name. */
export function ownFolders(...names: string[]): string[] {
  return withRealPaths(names.map((name) => join(dirname(here), name))).map(asFolder)
}

/** One module of the executors, by its name without the ending. */
export function ownModule(name: string): string[] {
  return withRealPaths([join(dirname(here), `${name}${extension}`)])
}

/** Folder of a package, the one above `dist`. @param from the package that depends on it, if we do not */
export function packageFolders(name: string, from?: string): string[] {
  const resolver = from === undefined ? require : createRequire(require.resolve(from))
  return withRealPaths([dirname(dirname(resolver.resolve(name)))]).map(asFolder)
}

/** Node compares the path as it was asked for and the one that links lead to. */
function withRealPaths(paths: string[]): string[] {
  return [...new Set(paths.flatMap((path) => [path, realpathSync(path)]))]
}

function asFolder(path: string): string {
  return path + sep
}
