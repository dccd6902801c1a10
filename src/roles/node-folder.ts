/**
 * A node's own folder under the home: its key and its state. One living process per folder, held by a
 * lock of the operating system's (through SQLite), which a crash or a kill releases like any other end.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MeshError, messageOf } from '../core/errors.ts'
import { openPrivateFolder, touchPrivateFile } from '../core/private-folder.ts'

export interface NodeFolder {
  readonly path: string
  /** May be called twice. */
  release(): void
}

/** Nodes of one role on one machine without names of their own. */
const NUMBERED_MAX = 64

/** Locks of this process: one that nobody refers to would be closed with the next collection of garbage. */
const heldLocks = new Set<DatabaseSync>()

/**
 * Claims the folder of the given name; without one, the first free of `role`, `role-2`, `role-3`, …
 * @throws MeshError NODE_ALREADY_RUNNING, IDENTITY_UNUSABLE
 */
export function claimFolder(home: string, name: string | undefined, role: string): NodeFolder {
  if (name !== undefined) {
    const folder = tryClaim(join(home, name))
    if (folder !== undefined) return folder
    throw new MeshError('NODE_ALREADY_RUNNING', `another process already runs the node ${name}`, {
      path: '--name',
      hint: `stop it, or choose another name; its folder is ${join(home, name)}`
    })
  }
  for (let number = 1; number <= NUMBERED_MAX; number += 1) {
    const folder = tryClaim(join(home, number === 1 ? role : `${role}-${number}`))
    if (folder !== undefined) return folder
  }
  throw new MeshError(
    'NODE_ALREADY_RUNNING',
    `${NUMBERED_MAX} nodes of role ${role} run here already`,
    {
      hint: 'give this one a name of its own with --name'
    }
  )
}

/** Undefined when another process holds it. */
function tryClaim(path: string): NodeFolder | undefined {
  let lock: DatabaseSync | undefined
  try {
    openPrivateFolder(path)
    const file = join(path, 'lock')
    touchPrivateFile(file)
    const held = new DatabaseSync(file)
    lock = held
    held.exec(
      'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (x); COMMIT'
    )
    heldLocks.add(held)
    return { path, release: () => heldLocks.delete(held) && held.close() }
  } catch (cause) {
    lock?.close()
    if (cause instanceof MeshError) throw cause
    if (messageOf(cause).includes('locked')) return undefined
    throw new MeshError(
      'IDENTITY_UNUSABLE',
      `the folder ${path} cannot be used: ${messageOf(cause)}`,
      { path: '--home', hint: 'choose a folder that this user may write to', cause }
    )
  }
}
