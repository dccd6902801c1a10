/**
 * The files of tasks: brings to a task what it needs of the mesh and lays it ready, and makes files of the
 * mesh of what tasks leave. What is wrong with this node's own disk is never the job's fault.
 */
import { lstat, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { MeshError } from '../../core/errors.ts'
import { formatBytes } from '../../core/units.ts'
import { inLanes } from '../../core/lanes.ts'
import { TreeFetch } from './tree-fetch.ts'
import { findClash, toSafeName } from '../../model/safe-name.ts'
import { isOthersSecret, makeReadable, readProducedFolder } from './produced-folder.ts'
import { learnPeers, sourcesAt } from './named-peers.ts'
import { readInput } from '../../model/input-uri.ts'
import { withOwnFault } from './own-faults.ts'
import { toFileError } from '../store/disk-errors.ts'
import { writeFolder } from '../content/folder-manifest.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { FetchProgress, FetchedTree, TreeFetchComponents } from './tree-fetch.ts'
import type { FileLibrary } from '../store/library.ts'
import type { FileSource } from '../../model/generated/commands-execute-task.ts'
import type { FolderEntry } from '../content/folder-manifest.ts'
import type { InputDocument, OutputFile, OutputWish } from '../../model/job.ts'
import type { LearnAddresses } from './named-peers.ts'
import type { Keep } from '../store/file-entry.ts'
import type { Produced, TaskInput } from '../../executors/executor.ts'
import type { Staged, Staging } from './staging.ts'

export interface TaskFileServiceComponents extends TreeFetchComponents {
  staging: Pick<Staging, 'take' | 'takeBytes'>
  learnAddresses: LearnAddresses
}

export interface InputsWanted {
  inputs: readonly InputDocument[]
  program: { file: string; peers: readonly string[] } | undefined
  sources: readonly FileSource[]
  diskBytesMax: number | undefined
}

export interface InputsReady {
  inputs: readonly TaskInput[]
  programPath: string | undefined
  fetchedBytes: number
  release: () => Promise<void>
}

export interface PublishOptions extends AbortOptions {
  keep: Keep
  /** Hears what was left out, and why. */
  onSkipped: (text: string) => void
}

/** An input as it is laid ready: a file of the mesh, or bytes. */
interface Wanted {
  path: string
  file: string | undefined
  /** Addresses of those who are said to have it. */
  peers: readonly string[]
  bytes: Uint8Array
}

/** Taken in at once: many small ones reach the disk together. */
const ADDED_AT_ONCE_MAX = 32

export class TaskFileService {
  readonly #components: TaskFileServiceComponents

  constructor(components: TaskFileServiceComponents) {
    this.#components = components
  }

  /** See the port of `execution`. */
  async fetch(
    request: InputsWanted,
    { onProgress, signal }: AbortOptions & { onProgress?: (progress: FetchProgress) => void }
  ): Promise<InputsReady> {
    const { clock, learnAddresses, service } = this.#components
    const wanted = readWanted(request.inputs)
    const { program, sources } = request
    const linked = [...wanted.flatMap(({ peers }) => peers), ...(program?.peers ?? [])]
    const files = [program?.file, ...wanted.map(({ file }) => file)]
    const fetching = new TreeFetch(
      { clock, service },
      {
        ids: files.filter((file) => file !== undefined),
        peers: await learnPeers([...sources, ...sourcesAt(linked)], learnAddresses),
        onProgress: (progress) => {
          this.#checkRoom(progress, request.diskBytesMax)
          onProgress?.(progress)
        }
      }
    )
    const staged: Staged[] = []
    const release = async (): Promise<void> => {
      fetching.letGo()
      await Promise.all(staged.map((each) => each.letGo()))
    }
    try {
      const trees = new Map((await fetching.run({ signal })).map((tree) => [tree.id, tree]))
      for (const tree of trees.values()) this.#checkRepeats(tree)
      const inputs: TaskInput[] = []
      for (const each of wanted) {
        // oxlint-disable-next-line no-await-in-loop -- one disk does it all
        inputs.push(await this.#lay(each, trees, staged))
      }
      const programPath =
        program === undefined ? undefined : await this.#layProgram(trees.get(program.file), staged)
      // Nobody would let go of it.
      signal?.throwIfAborted()
      return { inputs, programPath, fetchedBytes: fetching.fetchedBytes, release }
    } catch (cause) {
      await release()
      signal?.throwIfAborted()
      throw withOwnFault(cause)
    }
  }

  /** See the port of `execution`. */
  async publish(
    wish: OutputWish,
    produced: Produced,
    options: PublishOptions
  ): Promise<OutputFile> {
    try {
      return produced.kind === 'bytes'
        ? await this.#publishBytes(wish, produced.files, options)
        : await this.#publishPath(wish, produced.path, options)
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw withOwnFault(aboutOutput(wish, cause))
    }
  }

  get #library(): FileLibrary {
    return this.#components.service.library
  }

  /** @throws MeshError RESOURCES_UNAVAILABLE, TASK_OUT_OF_DISK */
  #checkRoom({ missingBytes, totalBytes }: FetchProgress, diskBytesMax: number | undefined): void {
    const { budgetBytes } = this.#library.totals()
    if (diskBytesMax !== undefined && totalBytes > diskBytesMax) {
      const sizes = `its inputs are ${formatBytes(totalBytes)}, and it may have ${formatBytes(diskBytesMax)}`
      throw new MeshError('TASK_OUT_OF_DISK', sizes, {
        path: 'resources.disk',
        hint: 'ask for more disk, for the inputs count as well'
      })
    }
    if (missingBytes <= budgetBytes) return
    throw new MeshError(
      'RESOURCES_UNAVAILABLE',
      `inputs of ${formatBytes(missingBytes)} would have to come here, and this worker keeps ${formatBytes(budgetBytes)} of files`,
      { path: 'inputs' }
    )
  }

  /**
   * A list of some MiB may name one large file a hundred thousand times; where files have no second names, each is
   * a copy.
   * @throws MeshError RESOURCES_UNAVAILABLE
   */
  #checkRepeats({ entries, name, sizeBytes }: FetchedTree): void {
    const { budgetBytes } = this.#library.totals()
    const sizes = new Map(entries.map(({ id, size }) => [id, size]))
    const repeatedBytes = sizeBytes - [...sizes.values()].reduce((sum, size) => sum + size, 0)
    if (entries.length === 0 || repeatedBytes <= budgetBytes) return
    throw new MeshError(
      'RESOURCES_UNAVAILABLE',
      `"${name}" repeats files of ${formatBytes(repeatedBytes)}, and this worker keeps ${formatBytes(budgetBytes)} of files`,
      { path: 'inputs', hint: 'let the folder have each large file once' }
    )
  }

  async #lay(
    { bytes, file, path }: Wanted,
    trees: ReadonlyMap<string, FetchedTree>,
    staged: Staged[]
  ): Promise<TaskInput> {
    const { staging } = this.#components
    const tree = file === undefined ? undefined : trees.get(file)
    const place = await (tree === undefined ? staging.takeBytes(bytes) : staging.take(tree))
    staged.push(place)
    const { kind = 'file', sizeBytes = bytes.length } = tree ?? {}
    return { path, source: place.path, kind, sizeBytes }
  }

  async #layProgram(tree: FetchedTree | undefined, staged: Staged[]): Promise<string | undefined> {
    if (tree === undefined) return undefined
    if (tree.kind === 'folder') {
      throw new MeshError('FIELD_INVALID', `${tree.id} is a folder, and no program`, {
        path: 'task'
      })
    }
    const place = await this.#components.staging.take(tree)
    staged.push(place)
    return place.path
  }

  async #publishBytes(
    wish: OutputWish,
    files: ReadonlyMap<string, Uint8Array>,
    { keep }: PublishOptions
  ): Promise<OutputFile> {
    const single = files.get('')
    if (single !== undefined) {
      const { id } = await this.#library.addBytes(single, nameOf(wish.path), keep)
      return { name: wish.name, file: id, size: single.length, kind: 'file' }
    }
    const entries: FolderEntry[] = []
    for (const [path, bytes] of files) {
      // oxlint-disable-next-line no-await-in-loop -- they are few and small
      const { id } = await this.#library.addBytes(bytes, nameOf(path), keep)
      entries.push({ path, size: bytes.length, id })
    }
    return await this.#publishList(wish, entries, keep)
  }

  async #publishPath(wish: OutputWish, path: string, options: PublishOptions): Promise<OutputFile> {
    const stats = await lstat(path, { bigint: true }).catch(() => undefined)
    if (stats === undefined) throw new MeshError('TASK_FAILED', 'it is not there')
    if (stats.isDirectory()) return await this.#publishFolder(wish, path, options)
    if (!stats.isFile()) {
      const what = stats.isSymbolicLink() ? 'a link' : 'neither a file nor a folder'
      throw new MeshError('TASK_FAILED', `it is ${what}`)
    }
    const around = await stat(dirname(path), { bigint: true })
    if (isOthersSecret(stats, around.uid)) {
      throw new MeshError('TASK_FAILED', 'it is a file of somebody else')
    }
    this.#checkSize(Number(stats.size))
    await makeReadable(path, 'file', stats)
    const { keep, signal } = options
    const left = { path, name: nameOf(wish.path), canMove: true, keep }
    const { id, sizeBytes } = await this.#library.addFile(left, { signal })
    return { name: wish.name, file: id, size: sizeBytes, kind: 'file' }
  }

  async #publishFolder(
    wish: OutputWish,
    root: string,
    { keep, onSkipped, signal }: PublishOptions
  ): Promise<OutputFile> {
    const { files, skipped, skippedCount } = await readProducedFolder(root, { signal })
    this.#checkSize(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
    for (const path of skipped) onSkipped(`${wish.path}/${path}`)
    if (skippedCount > skipped.length) onSkipped(`${skippedCount - skipped.length} more`)
    const entries: FolderEntry[] = []
    await inLanes(files, ADDED_AT_ONCE_MAX, async ({ path, source }) => {
      const left = { path: source, name: nameOf(path), canMove: true, keep }
      const { id, sizeBytes } = await this.#library.addFile(left, { signal })
      entries.push({ path, size: sizeBytes, id })
    })
    return await this.#publishList(wish, entries, keep)
  }

  /** Last: whoever sees the list finds what is in it. */
  async #publishList(
    wish: OutputWish,
    entries: readonly FolderEntry[],
    keep: Keep
  ): Promise<OutputFile> {
    const { id } = await this.#library.addBytes(writeFolder(entries), nameOf(wish.path), keep)
    const size = entries.reduce((sum, entry) => sum + entry.size, 0)
    return { name: wish.name, file: id, size, kind: 'folder' }
  }

  /** A file may say that it is of any size. @throws MeshError TASK_OUTPUT_TOO_LARGE */
  #checkSize(sizeBytes: number): void {
    const { budgetBytes } = this.#library.totals()
    if (sizeBytes <= budgetBytes) return
    throw new MeshError(
      'TASK_OUTPUT_TOO_LARGE',
      `it has ${formatBytes(sizeBytes)}, and this worker keeps ${formatBytes(budgetBytes)} of files in all`,
      { retryable: true, hint: 'use workers with a larger --files-disk' }
    )
  }
}

/** @throws MeshError FIELD_INVALID for what only a router can bring, and for paths that cannot both be there */
function readWanted(inputs: readonly InputDocument[]): Wanted[] {
  const clash = findClash(inputs.map(({ path }) => path))
  if (clash !== undefined) {
    throw new MeshError(
      'FIELD_INVALID',
      `"${clash.path}" and "${clash.other}" cannot both be there`,
      { path: 'inputs' }
    )
  }
  return inputs.map((input, index) => {
    const { path } = input
    const origin = readInput(input, `inputs[${index}]`)
    if (origin.kind === 'mesh') {
      return { path, file: origin.file, peers: origin.peers, bytes: new Uint8Array() }
    }
    if (origin.kind === 'inline') {
      return { path, file: undefined, peers: [], bytes: Buffer.from(origin.text) }
    }
    throw new MeshError('FIELD_INVALID', `"${input.from}" is nothing that a worker can bring`, {
      path: `inputs[${index}].from`,
      hint: 'submit the job to a router'
    })
  })
}

/** What the task calls it, made safe. */
function nameOf(path: string): string {
  return toSafeName(basename(path))
}

/** Says which output it was; whatever the task has left there, it has left it. */
function aboutOutput({ name, path }: OutputWish, cause: unknown): MeshError {
  const error = toFileError(cause, path)
  const isTasks = error.code === 'FIELD_INVALID' || error.code === 'FILE_UNREADABLE'
  const code = isTasks ? 'TASK_FAILED' : error.code
  return new MeshError(code, `output ${name} ("${path}"): ${error.message}`, {
    path: 'outputs',
    hint: error.hint,
    retryable: isTasks ? false : error.retryable,
    blame: isTasks ? 'job' : error.blame,
    cause
  })
}
