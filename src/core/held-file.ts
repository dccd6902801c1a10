/**
 * A file that one living process holds: by a lock of the operating system's (through SQLite), which a crash or a kill
 * releases like any other end. A number in a file would have to be believed.
 */
import { DatabaseSync } from 'node:sqlite'
import { messageOf } from './errors.ts'
import { touchPrivateFile } from './private-folder.ts'

export interface HeldFile {
  /** May be called twice. */
  release(): void
}

/** Locks of this process: one that nobody refers to would be closed with the next collection of garbage. */
const heldLocks = new Set<DatabaseSync>()

/** Makes the file if need be; undefined while another holds it. @throws what the file system says */
export function holdFile(file: string): HeldFile | undefined {
  touchPrivateFile(file)
  const lock = new DatabaseSync(file)
  try {
    lock.exec(
      'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (x); COMMIT'
    )
  } catch (cause) {
    lock.close()
    if (messageOf(cause).includes('locked')) return undefined
    throw cause
  }
  heldLocks.add(lock)
  return { release: () => heldLocks.delete(lock) && lock.close() }
}
