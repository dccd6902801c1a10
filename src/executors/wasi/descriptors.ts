/** The open files, folders and streams of one program by number; the lowest free number is the next. */
import { ERRNO, FD_FLAG } from './abi.ts'
import { FileError } from './file-system.ts'
import type { DeviceNode, FileNode, FolderNode, Node } from './nodes.ts'

export interface Descriptor {
  readonly node: Node
  readonly isReadable: boolean
  readonly isWritable: boolean
  /** As it was opened or set; only `append` changes anything here. */
  flags: number
  /** Of a file: where the next read or write begins. */
  position: number
  /** Of a folder: its entries when the program began to list them, so that it may change it meanwhile. */
  listing: readonly (readonly [string, Node])[] | undefined
  /** Of the folder that the program starts with: its name. */
  readonly preopenName: string | undefined
}

export type FileDescriptor = Descriptor & { readonly node: FileNode }

/** What bytes can go to or come from. */
export type Transferable = Descriptor & { readonly node: FileNode | DeviceNode }

/** As many as most systems give a process by default; a program that leaks them learns it early. */
const DESCRIPTORS_MAX = 256

export class DescriptorTable {
  readonly #open: (Descriptor | undefined)[] = []

  /** @throws FileError mfile */
  add(node: Node, mode: Partial<Omit<Descriptor, 'node'>>): number {
    const free = this.#open.indexOf(undefined)
    const number = free === -1 ? this.#open.length : free
    if (number >= DESCRIPTORS_MAX) throw new FileError(ERRNO.mfile)
    if (node.kind === 'file') node.retain()
    this.#open[number] = {
      node,
      isReadable: mode.isReadable ?? false,
      isWritable: mode.isWritable ?? false,
      flags: mode.flags ?? 0,
      position: 0,
      listing: undefined,
      preopenName: mode.preopenName
    }
    return number
  }

  /** @throws FileError badf */
  get(number: number): Descriptor {
    const descriptor = this.#open[number]
    if (descriptor === undefined) throw new FileError(ERRNO.badf)
    return descriptor
  }

  /** @throws FileError badf; notdir */
  folder(number: number): FolderNode {
    const { node } = this.get(number)
    if (node.kind !== 'folder') throw new FileError(ERRNO.notdir)
    return node
  }

  /** What has a position and a size. @throws FileError badf; isdir; spipe for a stream */
  file(number: number): FileDescriptor {
    const descriptor = this.get(number)
    const { kind } = descriptor.node
    if (kind !== 'file') throw new FileError(kind === 'folder' ? ERRNO.isdir : ERRNO.spipe)
    return descriptor as FileDescriptor
  }

  /** @throws FileError badf if it is not open for reading; isdir */
  readable(number: number): Transferable {
    const descriptor = this.get(number)
    if (!descriptor.isReadable) throw new FileError(ERRNO.badf)
    return withoutFolders(descriptor)
  }

  /** @throws FileError badf if it is not open for writing; isdir */
  writable(number: number): Transferable {
    const descriptor = this.get(number)
    if (!descriptor.isWritable) throw new FileError(ERRNO.badf)
    return withoutFolders(descriptor)
  }

  /** @throws FileError badf */
  close(number: number): void {
    const { node } = this.get(number)
    this.#open[number] = undefined
    if (node.kind === 'file') node.release()
  }

  /** Moves a descriptor to another number that is open, and closes what had that. @throws FileError badf */
  renumber(from: number, to: number): void {
    const descriptor = this.get(from)
    this.get(to)
    if (from === to) return
    this.close(to)
    this.#open[to] = descriptor
    this.#open[from] = undefined
  }
}

export function isAppending({ flags }: Descriptor): boolean {
  return (flags & FD_FLAG.append) !== 0
}

function withoutFolders(descriptor: Descriptor): Transferable {
  if (descriptor.node.kind === 'folder') throw new FileError(ERRNO.isdir)
  return descriptor as Transferable
}
