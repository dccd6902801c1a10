/**
 * Starts a task with no sandbox at all, because the owner said so: as another user where the worker is
 * root, with limits of its own, in a folder of its own, and able to read, write and reach whatever that
 * user can. For machines on which no sandbox works and all who send jobs are trusted.
 */
import { chmodSync, chownSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { limitCommand, userCommand } from './resource-limits.ts'
import { tmpdir } from 'node:os'
import type { Cell, CellInit, Enclosure } from './enclosure.ts'

export interface BareEnclosureInit {
  uid: number
  /** Upper bound of one file; nothing bounds their sum. */
  diskBytes: number
  /** What this node's folders begin with. */
  mark: string
  /** Where they lie: a user without rights must be able to get there. @default os.tmpdir() */
  parent?: string
}

export class BareEnclosure implements Enclosure {
  readonly #init: Required<BareEnclosureInit>

  constructor(init: BareEnclosureInit) {
    this.#init = { parent: tmpdir(), ...init }
  }

  /** Removes what an earlier run left behind; links and others' folders of that name stay. */
  async start(): Promise<void> {
    const { diskBytes, mark, parent, uid } = this.#init
    userCommand(uid)
    limitCommand(diskBytes)
    for (const name of readdirSync(parent).filter((entry) => entry.startsWith(`${mark}-`))) {
      const stats = lstatSync(join(parent, name))
      if (stats.isDirectory() && [uid, process.getuid?.()].includes(stats.uid)) {
        rmSync(join(parent, name), { recursive: true, force: true })
      }
    }
  }

  open({ env }: CellInit): Cell {
    const { diskBytes, mark, parent, uid } = this.#init
    const folder = mkdtempSync(join(parent, `${mark}-`))
    chmodSync(folder, 0o700)
    if (process.getuid?.() !== uid) chownSync(folder, uid, uid)
    return {
      command: [...userCommand(uid), ...limitCommand(diskBytes)],
      env: { ...env, HOME: folder, TMPDIR: folder },
      cwd: folder,
      feeds: [],
      wrapperCount: 0,
      memoryFolders: [],
      enter: () => folder,
      close: () => rmSync(folder, { recursive: true, force: true })
    }
  }
}
