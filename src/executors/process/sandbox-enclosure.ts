/**
 * Puts a task into a sandbox of bubblewrap: namespaces, a user without rights, a filter of system
 * calls, a read-only system, and one folder to write to. That folder lies in memory, or on the disk
 * where the task wants more than is good for memory; a descriptor opened from outside keeps it readable
 * when all that ran there is gone, so outputs are collected from a folder that nobody can change any more.
 */
import { close, constants, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { MeshError } from '../../core/errors.ts'
import {
  SANDBOX_DESCRIPTORS,
  SANDBOX_STDIN_PATH,
  encodeArguments,
  sandboxArguments,
  usersFile
} from './sandbox-arguments.ts'
import { findTool, networkView, systemView } from './system-view.ts'
import { formatBytes } from '../../core/units.ts'
import { gpuView } from './gpu-view.ts'
import { inputMounts } from './input-mounts.ts'
import { isFilterable, seccompFilter } from './seccomp.ts'
import { limitCommand, userCommand } from './resource-limits.ts'
import type { Cell, CellInit, Enclosure } from './enclosure.ts'
import type { ShownPath } from './shown-paths.ts'
import type { DiskFolder, DiskFolders } from './disk-folders.ts'

export interface SandboxEnclosureInit {
  /** Whom tasks run as. */
  uid: number
  shown: readonly ShownPath[]
  /** Upper bound of a task's folder, where the task names none. */
  diskBytes: number
  disks: DiskFolders
  /** Whether a task's memory is only watched, which sees less than the kernel. */
  isMemoryWatched: () => boolean
}

/** Above this a folder that was asked for lies on the disk: memory is for what works, not for what lies. */
const MEMORY_FOLDER_BYTES_MAX = 256 * 2 ** 20

const closeLater = promisify(close)

export class SandboxEnclosure implements Enclosure {
  readonly enforces = ['disk', 'gpu'] as const
  readonly #init: SandboxEnclosureInit
  #view: readonly string[] = []

  constructor(init: SandboxEnclosureInit) {
    this.#init = init
  }

  async start(): Promise<void> {
    const { disks, shown } = this.#init
    if (process.platform !== 'linux' || !isFilterable(process.arch)) {
      throw new MeshError(
        'ENGINE_UNAVAILABLE',
        `there is no sandbox for ${process.platform} on ${process.arch}`,
        { hint: 'engine process needs Linux on x64 or arm64' }
      )
    }
    this.#view = systemView(shown)
    findTool('bwrap', 'bubblewrap')
    await disks.start()
  }

  async open(init: CellInit): Promise<Cell> {
    const { uid } = this.#init
    const { env, gpus, inputs, network, stdin } = init
    const gpu = gpuView(gpus)
    const mounts = inputMounts(inputs, this.#isStaging(inputs.length))
    const bytes = this.#folderBytes(init)
    const disk = bytes.disk === undefined ? undefined : await this.#init.disks.open(bytes.disk)
    const texts = sandboxArguments({
      uid,
      view: [...this.#view, ...(network ? networkView() : [])],
      devices: gpu.arguments,
      hasNetwork: network,
      env: { ...env, ...gpu.env },
      hasStdin: stdin !== undefined,
      memoryFolderBytes: bytes.memory,
      folderPath: disk?.path,
      inputs: mounts.arguments
    })
    return new SandboxCell({
      command: [...(disk?.command ?? []), ...mounts.command, ...this.#command(disk, bytes.disk)],
      // One that bwrap doesn't read would stay open for the task.
      feeds: [
        encodeArguments(texts),
        this.#filter(network),
        usersFile(uid),
        ...(stdin === undefined ? [] : [stdin])
      ],
      stdinPath: stdin === undefined ? undefined : SANDBOX_STDIN_PATH,
      diskBytesMax: bytes.disk ?? bytes.memory,
      inputSources: inputs.map(({ source }) => source),
      disk
    })
  }

  /** Whether root must help with the inputs, which it can where it may mount at all. */
  #isStaging(inputCount: number): boolean {
    const { disks, uid } = this.#init
    if (process.getuid?.() === uid || inputCount === 0) return false
    if (disks.isOffered) return true
    throw new MeshError(
      'RESOURCES_UNAVAILABLE',
      'this worker is root and may mount nothing, so its tasks can be given no inputs',
      { path: 'inputs', hint: 'run the worker as another user', blame: 'worker' }
    )
  }

  /** Files in memory are memory: a folder larger than that could never be filled. */
  #folderBytes(init: CellInit): { memory: number; disk: number | undefined } {
    const { diskBytesMax: wanted, memoryBytesMax } = init
    const memory = Math.min(wanted ?? this.#init.diskBytes, memoryBytesMax)
    const isSmall = wanted === undefined || wanted <= Math.min(memory, MEMORY_FOLDER_BYTES_MAX)
    if (isSmall) return { memory, disk: undefined }
    if (this.#init.disks.isOffered) return { memory, disk: wanted }
    if (wanted <= memoryBytesMax) return { memory, disk: undefined }
    throw new MeshError(
      'RESOURCES_UNAVAILABLE',
      `this worker has folders in memory only, and ${formatBytes(wanted)} is more than the task's memory`,
      { path: 'resources.disk', hint: 'ask for as much memory as disk, or for less disk' }
    )
  }

  #command(disk: DiskFolder | undefined, diskBytes: number | undefined): string[] {
    return [
      ...userCommand(this.#init.uid),
      findTool('bwrap', 'bubblewrap'),
      '--args',
      String(SANDBOX_DESCRIPTORS.arguments),
      '--',
      ...limitCommand(disk?.isWatched === true ? diskBytes : undefined)
    ]
  }

  #filter(hasNetwork: boolean): Uint8Array {
    const architecture = process.arch as 'x64' | 'arm64'
    return seccompFilter(architecture, {
      hasNetwork,
      isMemoryWatched: this.#init.isMemoryWatched()
    })
  }
}

type SandboxCellInit = Pick<
  Cell,
  'command' | 'feeds' | 'stdinPath' | 'diskBytesMax' | 'inputSources'
> & {
  disk: DiskFolder | undefined
}

class SandboxCell implements Cell {
  readonly command: readonly string[]
  readonly feeds: readonly Uint8Array[]
  readonly stdinPath: string | undefined
  readonly diskBytesMax: number
  readonly isDiskWatched: boolean
  readonly inputSources: readonly string[]
  readonly env: Cell['env'] = {}
  readonly cwd = '/'
  /** Bubblewrap outside, and inside as the first process, which takes in orphans. */
  readonly wrapperCount = 2
  readonly #disk: DiskFolder | undefined
  #folder: number | undefined
  #memoryFolders: readonly string[] = []

  constructor({ command, disk, diskBytesMax, feeds, inputSources, stdinPath }: SandboxCellInit) {
    this.command = command
    this.feeds = feeds
    this.stdinPath = stdinPath
    this.diskBytesMax = diskBytesMax
    this.inputSources = inputSources
    this.isDiskWatched = disk?.isWatched ?? false
    this.#disk = disk
  }

  get memoryFolders(): readonly string[] {
    return this.#memoryFolders
  }

  enter(pids: readonly number[]): string {
    const root = `/proc/${pids.at(-1)}/root`
    this.#folder = openSync(`${root}/work`, constants.O_RDONLY | constants.O_DIRECTORY)
    this.#disk?.enter()
    const folder = `/proc/self/fd/${this.#folder}`
    const inner = `/proc/${pids[1]}/root`
    const inMemory = this.#disk === undefined ? [folder] : []
    this.#memoryFolders = [...inMemory, `${inner}/tmp`, `${inner}/dev/shm`]
    return folder
  }

  /** Its first process takes in all orphans, and ends them when it ends. */
  stragglers(): number[] {
    return []
  }

  async close(): Promise<void> {
    // Not at once: with a large folder, the kernel first writes what is left of it.
    if (this.#folder !== undefined) await closeLater(this.#folder)
    this.#folder = undefined
    await this.#disk?.remove()
  }
}
