/**
 * Puts a task into a sandbox of bubblewrap: namespaces, a user without rights, a filter of system
 * calls, a read-only system, and one folder to write to. That folder lies in memory and exists only
 * inside; a descriptor opened from outside keeps it readable when all that ran there is gone, so
 * outputs are collected from a folder that nobody can change any more, and nothing has to be cleaned up.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { MeshError } from '../../core/errors.ts'
import {
  SANDBOX_DESCRIPTORS,
  encodeArguments,
  sandboxArguments,
  usersFile
} from './sandbox-arguments.ts'
import { findTool, systemView } from './system-view.ts'
import { isFilterable, seccompFilter } from './seccomp.ts'
import { limitCommand, userCommand } from './resource-limits.ts'
import type { Cell, CellInit, Enclosure } from './enclosure.ts'

export interface SandboxEnclosureInit {
  /** Whom tasks run as. */
  uid: number
  /** The owner's programs and the files behind them. */
  programs: readonly (readonly [string, string])[]
  /** Upper bound of a task's folder. */
  diskBytes: number
}

export class SandboxEnclosure implements Enclosure {
  readonly #init: SandboxEnclosureInit
  #command: readonly string[] = []
  #view: readonly string[] = []
  #filter: Uint8Array = new Uint8Array()

  constructor(init: SandboxEnclosureInit) {
    this.#init = init
  }

  async start(): Promise<void> {
    const { programs, uid } = this.#init
    if (process.platform !== 'linux' || !isFilterable(process.arch)) {
      throw new MeshError(
        'ENGINE_UNAVAILABLE',
        `there is no sandbox for ${process.platform} on ${process.arch}`,
        { hint: 'engine process needs Linux on x64 or arm64' }
      )
    }
    const bwrap = findTool('bwrap', 'bubblewrap')
    this.#command = [
      ...userCommand(uid),
      bwrap,
      '--args',
      String(SANDBOX_DESCRIPTORS.arguments),
      '--',
      ...limitCommand()
    ]
    this.#view = systemView(programs)
    this.#filter = seccompFilter(process.arch)
  }

  open({ env, memoryBytesMax }: CellInit): Cell {
    const { diskBytes, uid } = this.#init
    // Files in memory are memory: a folder larger than that could never be filled.
    const folderBytes = Math.min(diskBytes, memoryBytesMax)
    const texts = sandboxArguments({ uid, view: this.#view, env, folderBytes })
    return new SandboxCell({
      command: this.#command,
      feeds: [encodeArguments(texts), this.#filter, usersFile(uid)]
    })
  }
}

class SandboxCell implements Cell {
  readonly command: readonly string[]
  readonly feeds: readonly Uint8Array[]
  readonly env: Cell['env'] = {}
  readonly cwd = '/'
  /** Bubblewrap outside, and inside as the first process, which takes in orphans. */
  readonly wrapperCount = 2
  #folder: number | undefined
  #memoryFolders: readonly string[] = []

  constructor({ command, feeds }: Pick<Cell, 'command' | 'feeds'>) {
    this.command = command
    this.feeds = feeds
  }

  get memoryFolders(): readonly string[] {
    return this.#memoryFolders
  }

  enter(pids: readonly number[]): string {
    const root = `/proc/${pids.at(-1)}/root`
    this.#folder = openSync(`${root}/work`, constants.O_RDONLY | constants.O_DIRECTORY)
    const folder = `/proc/self/fd/${this.#folder}`
    const inner = `/proc/${pids[1]}/root`
    this.#memoryFolders = [folder, `${inner}/tmp`, `${inner}/dev/shm`]
    return folder
  }

  close(): void {
    if (this.#folder !== undefined) closeSync(this.#folder)
    this.#folder = undefined
  }
}
