/**
 * Starts a task with no sandbox at all, because the owner said so: as another user where the worker is
 * root, with limits of its own, in a folder of its own, and able to read, write and reach whatever that
 * user can. For machines on which no sandbox works and all who send jobs are trusted.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyInputs } from './input-copies.ts'
import { gpuView } from './gpu-view.ts'
import { limitCommand, userCommand } from './resource-limits.ts'
import { ownFolders } from './own-folders.ts'
import { processesAtHome, signalAll } from './process-tree.ts'
import { removeTree } from './remove-tree.ts'
import { tmpdir } from 'node:os'
import type { Cell, CellInit, Enclosure } from './enclosure.ts'

export interface BareEnclosureInit {
  uid: number
  /** What its files may take, where a task names nothing. */
  diskBytes: number
  /** What this node's folders begin with. */
  mark: string
  /** Where they lie: a user without rights must be able to get there. @default os.tmpdir() */
  parent?: string
}

/** In a cell's folder: where the task works, and what it reads. */
const WORK = 'work'
const STDIN = 'stdin'

export class BareEnclosure implements Enclosure {
  /** It may write elsewhere as well, and reach every device that its user may. */
  readonly enforces = [] as const
  readonly #init: Required<BareEnclosureInit>

  constructor(init: BareEnclosureInit) {
    this.#init = { parent: tmpdir(), ...init }
  }

  async start(): Promise<void> {
    const { diskBytes, parent, uid } = this.#init
    userCommand(uid)
    limitCommand(diskBytes)
    for (const place of ownFolders(parent, this.#prefix)) {
      signalAll(processesAtHome(join(place, WORK)), 'SIGKILL')
      await removeTree(place)
    }
  }

  async open({ diskBytesMax, env, gpus, inputs, stdin }: CellInit): Promise<Cell> {
    const { diskBytes, parent, uid } = this.#init
    const bytesMax = diskBytesMax ?? diskBytes
    const gpu = gpuView(gpus, { seesAll: true })
    const place = mkdtempSync(join(parent, this.#prefix))
    const folder = join(place, WORK)
    const stdinPath = stdin === undefined ? undefined : join(place, STDIN)
    // Others may go through it to what is theirs, and see nothing.
    chmodSync(place, 0o711)
    mkdirSync(folder, { mode: 0o700 })
    if (process.getuid?.() !== uid) chownSync(folder, uid, uid)
    if (stdinPath !== undefined) {
      writeFileSync(stdinPath, stdin ?? '')
      // Whatever the worker's umask: it is the task's user who reads it.
      chmodSync(stdinPath, 0o444)
    }
    try {
      await copyInputs(inputs, { folder, uid })
    } catch (cause) {
      await removeTree(place)
      throw cause
    }
    return {
      command: [...userCommand(uid), ...limitCommand(bytesMax)],
      env: { ...env, HOME: folder, TMPDIR: folder, ...gpu.env },
      cwd: folder,
      feeds: [],
      stdinPath,
      wrapperCount: 0,
      diskBytesMax: bytesMax,
      isDiskWatched: true,
      inputSources: inputs.map(({ path }) => join(folder, path)),
      memoryFolders: [],
      enter: () => folder,
      stragglers: () => processesAtHome(folder),
      close: async () => await removeTree(place)
    }
  }

  get #prefix(): string {
    return `${this.#init.mark}-task-`
  }
}
