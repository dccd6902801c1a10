/**
 * The tree of one program's files: finds, makes, moves and removes. Paths lead down from a folder and
 * never above it: `..` beyond it is refused, as is a path that begins at a root.
 */
import { ERRNO } from './abi.ts'
import { FileNode, FolderNode, Quota } from './nodes.ts'
import type { Errno } from './abi.ts'
import type { Lack, Node } from './nodes.ts'

/** Beyond what any system takes for the name of a file. */
const NAME_BYTES_MAX = 255
const PATH_LENGTH_MAX = 4_096

/** A failed step; its errno is the program's answer. */
export class FileError extends Error {
  readonly errno: Errno

  constructor(errno: Errno) {
    super(`errno ${errno}`)
    this.errno = errno
  }
}

export interface FileSystemInit {
  bytesMax: number
  /** Files and folders. */
  nodesMax: number
  nowNs: () => bigint
}

/** Where a path leads: the folder that holds its last name, and what has that name there. */
interface Place {
  folder: FolderNode
  /** Empty when the path is the folder itself. */
  name: string
  node: Node | undefined
  /** It ended with `/` or `.`: it means a folder. */
  isFolderPath: boolean
}

export class FileSystem {
  readonly root: FolderNode
  readonly nowNs: () => bigint
  readonly #quota: Quota
  #lastInode = 0n

  constructor({ bytesMax, nodesMax, nowNs }: FileSystemInit) {
    this.nowNs = nowNs
    this.#quota = new Quota(bytesMax, nodesMax)
    this.root = new FolderNode(this.#nextInode(), nowNs())
  }

  /** What it last had no room for. */
  get lack(): Lack | undefined {
    return this.#quota.lack
  }

  /** What a path leads to. @throws FileError noent and its kin */
  find(base: FolderNode, path: string): Node {
    const { isFolderPath, node } = this.#locate(base, path)
    if (node === undefined) throw new FileError(ERRNO.noent)
    if (isFolderPath && node.kind !== 'folder') throw new FileError(ERRNO.notdir)
    return node
  }

  /** The file at a path, made if there is none and `isExclusive` or not. @throws FileError */
  openOrCreate(base: FolderNode, path: string, isExclusive: boolean): Node {
    const { folder, isFolderPath, name, node } = this.#locate(base, path)
    if (node !== undefined && isExclusive) throw new FileError(ERRNO.exist)
    if (isFolderPath && node?.kind !== 'folder') {
      throw new FileError(node === undefined ? ERRNO.isdir : ERRNO.notdir)
    }
    if (node !== undefined) return node
    this.#takeNode(folder)
    const file = new FileNode(this.#quota, this.#nextInode(), this.nowNs())
    file.retain()
    this.#put(folder, name, file)
    return file
  }

  /** @throws FileError */
  createFolder(base: FolderNode, path: string): FolderNode {
    const { folder, name, node } = this.#locate(base, path)
    if (node !== undefined) throw new FileError(ERRNO.exist)
    this.#takeNode(folder)
    const created = new FolderNode(this.#nextInode(), this.nowNs(), folder)
    this.#put(folder, name, created)
    return created
  }

  /** Puts a file or a device of ours there, with the folders above it. @throws FileError */
  place(path: string, content: Uint8Array | Node): void {
    const names = path.split('/')
    const name = names.pop() ?? ''
    const folder = this.#makeFolders(names)
    if (!(content instanceof Uint8Array)) return this.#put(folder, name, content)
    const file = this.openOrCreate(folder, name, true)
    if (file.kind !== 'file' || !file.write(0, content)) throw new FileError(ERRNO.nospc)
  }

  /**
   * Puts a file or a folder of files there that a program can only read.
   * @param files bytes by their paths within it, which are the file's from now on; of a file one, with the empty path
   * @throws FileError
   */
  placeInput(path: string, files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): void {
    const single = files.get('')
    if (single === undefined) this.#makeFolders(path.split('/'))
    for (const [inner, bytes] of files) {
      const names = (inner === '' ? path : `${path}/${inner}`).split('/')
      const name = names.pop() ?? ''
      const file = this.openOrCreate(this.#makeFolders(names), name, true)
      if (file.kind !== 'file' || !file.adopt(bytes)) throw new FileError(ERRNO.nospc)
    }
    seal(this.find(this.root, path))
  }

  /** @throws FileError */
  unlink(base: FolderNode, path: string): void {
    const { folder, isFolderPath, name, node } = this.#locate(base, path)
    if (node === undefined) throw new FileError(ERRNO.noent)
    if (node.kind === 'folder') throw new FileError(ERRNO.isdir)
    if (isFolderPath) throw new FileError(ERRNO.notdir)
    this.#remove(folder, name, node)
  }

  /** @throws FileError */
  removeFolder(base: FolderNode, path: string): void {
    const { folder, name, node } = this.#locate(base, path)
    if (node === undefined) throw new FileError(ERRNO.noent)
    if (node.kind !== 'folder') throw new FileError(ERRNO.notdir)
    if (name === '') throw new FileError(ERRNO.inval)
    this.#remove(folder, name, node)
  }

  /** @throws FileError */
  rename(from: { base: FolderNode; path: string }, to: { base: FolderNode; path: string }): void {
    const source = this.#locate(from.base, from.path)
    const target = this.#locate(to.base, to.path)
    const { node } = source
    if (node === undefined) throw new FileError(ERRNO.noent)
    if (node === target.node) return
    if (source.name === '' || target.name === '') throw new FileError(ERRNO.inval)
    if (node.kind === 'device') throw new FileError(ERRNO.notcapable)
    if ([node, source.folder, target.folder].some((one) => one.isReadOnly)) {
      throw new FileError(ERRNO.rofs)
    }
    if (target.folder.isRemoved) throw new FileError(ERRNO.noent)
    if (node.kind === 'folder') checkFolderMove(node, target)
    else {
      if (source.isFolderPath || target.isFolderPath) throw new FileError(ERRNO.notdir)
      if (target.node?.kind === 'folder') throw new FileError(ERRNO.isdir)
    }
    if (target.node !== undefined) this.#remove(target.folder, target.name, target.node)
    source.folder.entries.delete(source.name)
    source.folder.modifiedNs = this.nowNs()
    if (node.kind === 'folder') node.parent = target.folder
    this.#put(target.folder, target.name, node)
  }

  /** @throws FileError for a path that cannot be, or whose folders are not there */
  #locate(base: FolderNode, path: string): Place {
    if (path === '') throw new FileError(ERRNO.noent)
    if (path.startsWith('/')) throw new FileError(ERRNO.notcapable)
    if (path.length > PATH_LENGTH_MAX) throw new FileError(ERRNO.nametoolong)
    const steps = path.split('/').filter((step) => step !== '' && step !== '.')
    const isFolderPath = /(^|\/)\.?$/.test(path) || steps.at(-1) === '..'
    let folder = base
    let name = ''
    let node: Node | undefined = base
    for (const step of steps) {
      if (node === undefined) throw new FileError(ERRNO.noent)
      if (node.kind !== 'folder') throw new FileError(ERRNO.notdir)
      if (step === '..') {
        if (node === base || node.parent === undefined) throw new FileError(ERRNO.notcapable)
        node = node.parent
        folder = node
        name = ''
      } else {
        checkName(step)
        folder = node
        name = step
        node = folder.entries.get(step)
      }
    }
    return { folder, name, node, isFolderPath }
  }

  /** The folder at the end of these steps, made where there is none. @throws FileError */
  #makeFolders(names: readonly string[]): FolderNode {
    let folder = this.root
    for (const step of names) {
      const next = folder.entries.get(step) ?? this.createFolder(folder, step)
      if (next.kind !== 'folder') throw new FileError(ERRNO.notdir)
      folder = next
    }
    return folder
  }

  /** Counted anew for each program, which so learns nothing of others. */
  #nextInode(): bigint {
    this.#lastInode += 1n
    return this.#lastInode
  }

  /** Room for one more in a folder. @throws FileError noent if that was removed; nospc */
  #takeNode(folder: FolderNode): void {
    if (folder.isRemoved) throw new FileError(ERRNO.noent)
    if (folder.isReadOnly) throw new FileError(ERRNO.rofs)
    if (!this.#quota.takeNode()) throw new FileError(ERRNO.nospc)
  }

  #put(folder: FolderNode, name: string, node: Node): void {
    folder.entries.set(name, node)
    folder.modifiedNs = this.nowNs()
  }

  #remove(folder: FolderNode, name: string, node: Node): void {
    if (node.kind === 'device') throw new FileError(ERRNO.notcapable)
    if (node.isReadOnly || folder.isReadOnly) throw new FileError(ERRNO.rofs)
    if (node.kind === 'folder') {
      if (node.entries.size > 0) throw new FileError(ERRNO.notempty)
      node.parent = undefined
      node.isRemoved = true
      this.#quota.giveNode()
    } else node.release()
    folder.entries.delete(name)
    folder.modifiedNs = this.nowNs()
  }
}

/** No deeper than paths of inputs are. */
function seal(node: Node): void {
  if (node.kind === 'device') return
  node.isReadOnly = true
  if (node.kind === 'folder') for (const inner of node.entries.values()) seal(inner)
}

function checkName(name: string): void {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) throw new FileError(ERRNO.nametoolong)
  if (name.includes('\0')) throw new FileError(ERRNO.inval)
}

function checkFolderMove(moved: FolderNode, { folder, node }: Place): void {
  if (isWithin(folder, moved)) throw new FileError(ERRNO.inval)
  if (node !== undefined && node.kind !== 'folder') throw new FileError(ERRNO.notdir)
}

function isWithin(folder: FolderNode, ancestor: FolderNode): boolean {
  for (let at: FolderNode | undefined = folder; at !== undefined; at = at.parent) {
    if (at === ancestor) return true
  }
  return false
}
