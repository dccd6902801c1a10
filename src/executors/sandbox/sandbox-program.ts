/**
 * What runs in a sandbox host, and what it needs: one such program per kind of guest. The pool, the
 * host and the way it is started are the same for all of them.
 */
import { existsSync, lstatSync, realpathSync } from 'node:fs'
import { dirname, extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert } from '../../core/assert.ts'
import type { TaskLimits } from '../executor.ts'

export interface SandboxProgram {
  /** File that a host runs. */
  readonly entryPath: string
  /** Folders and files with its code: what it may read of the disk, beside the entry. */
  readonly readablePaths: readonly string[]
  /** Flags of its Node beyond those that all hosts have. */
  readonly nodeFlags: readonly string[]
  /** Time for its own way of ending a task, which keeps the process, before the hard kill. */
  readonly killGraceMs: number
  /**
   * What a host may need beside the task's own memory: its copies of what goes in and comes out, and files.
   * @param attachedBytes of each that the task brings beside its request
   */
  readonly memorySlackBytes: (limits: TaskLimits, attachedBytes: readonly number[]) => number
}

const here = fileURLToPath(import.meta.url)
const executors = dirname(dirname(here))
/** Entries have the ending of this file, in `src` as in a build. */
const extension = extname(here)

/** The entry of the guest whose code lies in the folder `name` of the executors. */
export function entryOf(name: string): string {
  return join(executors, name, `entry${extension}`)
}

/** Folders of the executors and folders above them (`core`), by name. */
export function ownFolders(...names: string[]): string[] {
  return withRealPaths(names.map((name) => join(executors, name))).map(asFolder)
}

/** One module, by its path from the executors and without the ending. */
export function ownModule(name: string): string[] {
  return withRealPaths([join(executors, `${name}${extension}`)])
}

/**
 * Folders of a package: where Node finds it and where links lead from there. A package manager may have
 * linked the package or all of `node_modules`, and a host asks for both paths.
 * @param from the package that depends on it, if we do not
 */
export function packageFolders(name: string, from?: string): string[] {
  const startPaths = withRealPaths(from === undefined ? [here] : nearestPackages(from, [here]))
  const places = nearestPackages(name, startPaths)
  const passed = startPaths.flatMap((path) => passedBy(name, path))
  return [...passed, ...places.flatMap(linksOn), ...withRealPaths(places).map(asFolder)]
}

/** Where Node looks before it finds the package: it gives up where it may not look, even if nothing is there. */
function passedBy(name: string, startPath: string): string[] {
  const places = foldersFrom(startPath).map((folder) => join(folder, 'node_modules', name))
  const found = places.findIndex((place) => existsSync(place))
  return places.slice(0, found).flatMap((place) => [place, join(place, 'package.json')])
}

/** The links on the way to a path: Node reads each of them as it follows it. */
function linksOn(path: string): string[] {
  return foldersFrom(path).filter((folder) => lstatSync(folder).isSymbolicLink())
}

/** As Node looks for it: in the `node_modules` of each folder above, from the innermost. */
function nearestPackages(name: string, startPaths: readonly string[]): string[] {
  const places = startPaths.flatMap((path) => {
    const folders = foldersFrom(path).map((folder) => join(folder, 'node_modules', name))
    return folders.find((folder) => existsSync(folder)) ?? []
  })
  assert(places.length > 0, `package ${name} is installed`)
  return places
}

/** The path itself and what it lies in, up to the root. */
function foldersFrom(path: string): string[] {
  return path === dirname(path) ? [path] : [path, ...foldersFrom(dirname(path))]
}

/** Node compares the path as it was asked for and the one that links lead to. */
function withRealPaths(paths: string[]): string[] {
  return [...new Set(paths.flatMap((path) => [path, realpathSync(path)]))]
}

function asFolder(path: string): string {
  return path + sep
}
