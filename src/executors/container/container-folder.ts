/**
 * The part of the disk that a task in a container shares with the worker: its input files, then its
 * outputs. It is made for one task and removed with it.
 */
import { chmodSync, chownSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { foldersAbove } from '../../model/task-files.ts'
import { formatBytes } from '../../core/units.ts'
import { noSpace } from './container-end.ts'
import type { TaskInput } from '../executor.ts'
import { removeTree } from '../process/remove-tree.ts'

export interface ContainerFolder {
  /** What the container sees. */
  work: string
  /** Beside it, where the task can't reach. */
  envFile: string
  hostsFile: string
  /** Only once nothing of the task runs any more. */
  close(): Promise<void>
}

export interface ContainerFolderInit {
  path: string
  uid: number
  env: Readonly<Record<string, string>>
  /** Bytes by path; the paths have passed `checkTaskPath`. */
  files: ReadonlyMap<string, Uint8Array>
  /** Each is mounted over a place of its own. */
  inputs: readonly TaskInput[]
  /** What the task may fill. */
  diskBytesMax: number
}

const HOSTS = '127.0.0.1 localhost job\n::1 localhost\n'

/**
 * Written before the container is there, so that nobody can put a link in the way.
 * @throws MeshError RESOURCES_UNAVAILABLE where the worker's disk is too full for it
 */
export async function openFolder({
  diskBytesMax,
  env,
  files,
  inputs,
  path,
  uid
}: ContainerFolderInit): Promise<ContainerFolder> {
  const [work, envFile, hostsFile] = ['work', 'env', 'hosts'].map((name) => join(path, name)) as [
    string,
    string,
    string
  ]
  const give = (what: string): void => {
    if (process.getuid?.() !== uid) chownSync(what, uid, uid)
  }
  try {
    mkdirSync(work, { recursive: true, mode: 0o700 })
    requireRoom(path, diskBytesMax)
    give(work)
    const makeFolder = (name: string): void => {
      mkdirSync(join(work, name), { recursive: true, mode: 0o700 })
      give(join(work, name))
    }
    const makeFile = (name: string, bytes: Uint8Array): void => {
      for (const folder of foldersAbove(name)) makeFolder(folder)
      writeFileSync(join(work, name), bytes, { mode: 0o600 })
      give(join(work, name))
    }
    for (const [name, bytes] of files) makeFile(name, bytes)
    for (const { kind, path: name } of inputs) {
      if (kind === 'file') makeFile(name, new Uint8Array())
      else for (const folder of [...foldersAbove(name), name]) makeFolder(folder)
    }
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(envFile, lines.join(''), { mode: 0o600 })
    writeFileSync(hostsFile, HOSTS)
    // Whatever the worker's umask: it is the task's user who reads it.
    chmodSync(hostsFile, 0o644)
    return { work, envFile, hostsFile, close: () => removeTree(path) }
  } catch (cause) {
    await removeTree(path)
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') throw noSpace('it is full')
    throw cause
  }
}

/** What others have written meanwhile counts as well: it is the machine's disk, not the task's. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

function requireRoom(path: string, diskBytesMax: number): void {
  const free = freeBytes(path)
  if (free >= diskBytesMax) return
  throw noSpace(`${formatBytes(free)} of the ${formatBytes(diskBytesMax)} that the task may fill`)
}
