/** The part of the disk that a task in a container shares with the worker: its input files, then its outputs. */
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface ContainerFolder {
  /** What the container sees. */
  work: string
  /** Beside it, where the task can't reach. */
  envFile: string
  close(): void
}

export interface ContainerFolderInit {
  path: string
  uid: number
  env: Readonly<Record<string, string>>
  /** Bytes by path; the paths have passed `checkTaskPath`. */
  files: ReadonlyMap<string, Uint8Array>
}

/** Written before the container is there, so that nobody can put a link in the way. */
export function openFolder({ env, files, path, uid }: ContainerFolderInit): ContainerFolder {
  const work = join(path, 'work')
  const envFile = join(path, 'env')
  const give = (what: string): void => {
    if (process.getuid?.() !== uid) chownSync(what, uid, uid)
  }
  mkdirSync(work, { recursive: true, mode: 0o700 })
  give(work)
  for (const [name, bytes] of files) {
    for (const folder of foldersAbove(name)) {
      mkdirSync(join(work, folder), { recursive: true, mode: 0o700 })
      give(join(work, folder))
    }
    writeFileSync(join(work, name), bytes, { mode: 0o600 })
    give(join(work, name))
  }
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(envFile, lines.join(''), { mode: 0o600 })
  return { work, envFile, close: () => rmSync(path, { recursive: true, force: true }) }
}

/** `a/b/c` → `a`, `a/b` */
function foldersAbove(name: string): string[] {
  const above = dirname(name)
  return above === '.' ? [] : [...foldersAbove(above), above]
}
