/** Files and folders of this machine, read and hashed on all cores: what they are called in the mesh, and where their bytes lie. */
import { basename, resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { Hasher } from '../../files/store/hasher.ts'
import { MeshError } from '../../core/errors.ts'
import { inLanes } from '../../core/lanes.ts'
import { manifestOf } from '../../files/content/manifest.ts'
import { systemClock } from '../../core/clock.ts'
import { toFileError, unreadable } from '../../files/store/disk-errors.ts'
import { toSafeName } from '../../model/safe-name.ts'
import { pathBelow, walkFolder } from '../../files/store/folder-walk.ts'
import { writeFolder } from '../../files/content/folder-manifest.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { FileManifest } from '../../files/content/manifest.ts'

/** One file to be handed in: where its bytes are, on the disk or, of a folder's list, in memory. */
export interface LocalFile {
  manifest: FileManifest
  name: string
  source: { path: string } | { bytes: Uint8Array }
}

/** What a path is in the mesh. */
export interface LocalTree {
  /** As it was written. */
  path: string
  id: string
  name: string
  kind: 'file' | 'folder'
  /** Of a folder, of all that is in it. */
  sizeBytes: number
  /** The folder's list comes last, when all that it names is there. */
  files: readonly LocalFile[]
}

export interface ReadTreeInit extends AbortOptions {
  /** So many bytes have been found that are to be hashed. */
  onFound: (bytes: number) => void
  /** So many more are. */
  onHashed: (bytes: number) => void
}

/** Files of one thread's work each go to the threads side by side. */
const FILES_AT_ONCE = 4

/**
 * @throws MeshError FILE_UNREADABLE, FILE_CHANGED; FIELD_INVALID for a folder with a name that not every
 * system can write
 */
export async function readTrees(
  paths: readonly string[],
  init: ReadTreeInit
): Promise<LocalTree[]> {
  const hasher = new Hasher({ clock: systemClock })
  await hasher.start()
  try {
    const found = await Promise.all(paths.map((path) => findTree(path, init)))
    for (const { bytes } of found) init.onFound(bytes)
    const trees: LocalTree[] = []
    for (const tree of found) {
      // oxlint-disable-next-line no-await-in-loop -- all cores are at work for each
      trees.push(await readTree(tree, hasher, init))
    }
    return trees
  } finally {
    await hasher.stop()
  }
}

interface FoundTree {
  path: string
  full: string
  isFolder: boolean
  files: readonly string[]
  bytes: number
}

async function findTree(path: string, { signal }: AbortOptions): Promise<FoundTree> {
  const full = resolve(path)
  // A link that somebody names is followed; those within a folder are not.
  const stats = await stat(full).catch((cause: unknown) => {
    throw toFileError(cause, path)
  })
  if (!stats.isDirectory()) {
    return { path, full, isFolder: false, files: [full], bytes: stats.size }
  }
  const files: string[] = []
  let bytes = 0
  for await (const found of walkFolder(full, { exclude: new Set(), signal })) {
    // What is left out without a word would be missed where it is needed.
    if (found.kind === 'problem') throw unreadable(found.path, found.why)
    if (found.kind !== 'file') continue
    files.push(found.path)
    bytes += Number(found.stats.size)
  }
  return { path, full, isFolder: true, files, bytes }
}

async function readTree(tree: FoundTree, hasher: Hasher, init: ReadTreeInit): Promise<LocalTree> {
  const byPath = new Map<string, LocalFile>()
  await inLanes(tree.files, FILES_AT_ONCE, async (path) => {
    let told = 0
    const { manifest } = await hasher.hashFile(path, {
      signal: init.signal,
      onProgress: (hashed) => {
        init.onHashed(hashed - told)
        told = hashed
      }
    })
    byPath.set(path, { manifest, name: toSafeName(basename(path)), source: { path } })
  })
  // In the order in which they were found.
  const files = tree.files.map((path) => byPath.get(path) as LocalFile)
  const list = tree.isFolder ? folderOf(tree, files) : undefined
  const all = list === undefined ? files : [...files, list]
  const { manifest, name } = all.at(-1) as LocalFile
  return {
    path: tree.path,
    id: manifest.id,
    name,
    kind: tree.isFolder ? 'folder' : 'file',
    sizeBytes: files.reduce((sum, file) => sum + file.manifest.plan.sizeBytes, 0),
    files: all
  }
}

function folderOf({ files: paths, full, path }: FoundTree, files: readonly LocalFile[]): LocalFile {
  const entries = files.map(({ manifest }, index) => ({
    path: pathBelow(full, paths[index] as string),
    size: manifest.plan.sizeBytes,
    id: manifest.id
  }))
  try {
    const bytes = writeFolder(entries)
    return { manifest: manifestOf(bytes), name: toSafeName(basename(full)), source: { bytes } }
  } catch (cause) {
    const { code, hint, message } = MeshError.from(cause)
    throw new MeshError(code, `${path}: ${message}`, { path, hint, cause })
  }
}
