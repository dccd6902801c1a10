/**
 * What a program's file system is made of, all of it in memory: files, folders and devices. There are
 * no links of any kind, so a path leads to one place only and never out of its folder. All bytes and
 * entries are charged to one quota.
 */
import { assert } from '../../core/assert.ts'

export type Node = FileNode | FolderNode | DeviceNode

export interface Times {
  /** Nanoseconds since 1970. */
  accessedNs: bigint
  modifiedNs: bigint
}

/**
 * A file grows by doubling, and once it is large by an eighth: copying stays cheap, and little is kept
 * in vain.
 */
const GROWTH_BYTES_MIN = 4_096
const DOUBLING_BYTES_MAX = 4 * 1_024 * 1_024
const GROWTH_RATIO = 1 / 8

export type Lack = 'bytes' | 'entries'

/** What the files of one program may take together. */
export class Quota {
  #roomBytes: number
  #roomNodes: number
  #lack: Lack | undefined

  constructor(bytesMax: number, nodesMax: number) {
    this.#roomBytes = bytesMax
    this.#roomNodes = nodesMax
  }

  get roomBytes(): number {
    return this.#roomBytes
  }

  /** What the program was refused last, which it seldom says itself. */
  get lack(): Lack | undefined {
    return this.#lack
  }

  refuseBytes(): false {
    this.#lack = 'bytes'
    return false
  }

  takeBytes(count: number): void {
    assert(count <= this.#roomBytes, 'who takes bytes has looked at the room')
    this.#roomBytes -= count
  }

  giveBytes(count: number): void {
    this.#roomBytes += count
  }

  takeNode(): boolean {
    if (this.#roomNodes > 0) {
      this.#roomNodes -= 1
      return true
    }
    this.#lack = 'entries'
    return false
  }

  giveNode(): void {
    this.#roomNodes += 1
  }
}

export class FileNode implements Times {
  readonly kind = 'file'
  readonly inode: bigint
  readonly #quota: Quota
  accessedNs: bigint
  modifiedNs: bigint
  /** A program can neither write to it nor move or remove it. */
  isReadOnly = false
  /** All of it is charged; beyond `#size` it holds zeros. */
  #bytes = new Uint8Array(0)
  #size = 0
  /** Its place in a folder and its open descriptors: without any, what it was charged is given back. */
  #useCount = 0

  constructor(quota: Quota, inode: bigint, nowNs: bigint) {
    this.#quota = quota
    this.inode = inode
    this.accessedNs = nowNs
    this.modifiedNs = nowNs
  }

  get size(): number {
    return this.#size
  }

  /** Its bytes as they are, not a copy. */
  get content(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  /** Takes these bytes for its own, which nobody else may use then. False when the quota has no room. */
  adopt(bytes: Uint8Array<ArrayBuffer>): boolean {
    assert(bytes.byteLength === bytes.buffer.byteLength, 'it shares its memory with nobody')
    if (bytes.byteLength > this.#quota.roomBytes) return this.#quota.refuseBytes()
    this.#quota.takeBytes(bytes.byteLength)
    this.#bytes = bytes
    this.#size = bytes.byteLength
    return true
  }

  retain(): void {
    this.#useCount += 1
  }

  release(): void {
    this.#useCount -= 1
    if (this.#useCount > 0) return
    this.resize(0)
    this.#quota.giveNode()
  }

  /** @returns how many bytes there were */
  read(offset: number, target: Uint8Array): number {
    const part = this.#bytes.subarray(Math.min(offset, this.#size), this.#size)
    const cut = part.subarray(0, target.byteLength)
    target.set(cut)
    return cut.byteLength
  }

  /** Writes all of it, or nothing: false when the quota has no room. */
  write(offset: number, source: Uint8Array): boolean {
    if (source.byteLength === 0) return true
    if (!this.reserve(offset + source.byteLength)) return false
    this.#bytes.set(source, offset)
    return true
  }

  /** Makes it at least this long; what is new reads as zeros. */
  reserve(size: number): boolean {
    return size <= this.#size || this.resize(size)
  }

  resize(size: number): boolean {
    if (size > this.#bytes.byteLength && !this.#grow(size)) return false
    if (size === 0) {
      this.#quota.giveBytes(this.#bytes.byteLength)
      this.#setCapacity(0)
    } else if (size < this.#size) this.#bytes.fill(0, size, this.#size)
    this.#size = size
    return true
  }

  #grow(size: number): boolean {
    const before = this.#bytes.byteLength
    const growth = Math.max(Math.min(before, DOUBLING_BYTES_MAX), before * GROWTH_RATIO)
    const roomy = before + Math.max(Math.floor(growth), GROWTH_BYTES_MIN)
    // Near its end the quota is taken in one: in small pieces each would copy the whole file again.
    const capacity = Math.min(Math.max(size, roomy), before + this.#quota.roomBytes)
    if (capacity < size) return this.#quota.refuseBytes()
    this.#quota.takeBytes(capacity - before)
    this.#setCapacity(capacity)
    return true
  }

  /** What it had before is free at once; left to the garbage collector, it would pile up meanwhile. */
  #setCapacity(bytes: number): void {
    this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(bytes))
  }
}

export class FolderNode implements Times {
  readonly kind = 'folder'
  readonly inode: bigint
  readonly entries = new Map<string, Node>()
  accessedNs: bigint
  modifiedNs: bigint
  /** Undefined for the root, and for a folder that was removed. */
  parent: FolderNode | undefined
  /** A program may hold it open still, and makes nothing in it any more. */
  isRemoved = false
  /** A program can neither change what it lists nor move or remove it. */
  isReadOnly = false

  constructor(inode: bigint, nowNs: bigint, parent?: FolderNode) {
    this.inode = inode
    this.accessedNs = nowNs
    this.modifiedNs = nowNs
    this.parent = parent
  }
}

/** What is no file but can be read or written like one. A program cannot make, move or remove it. */
export class DeviceNode implements Times {
  readonly kind = 'device'
  readonly inode = 0n
  accessedNs = 0n
  modifiedNs = 0n
  readonly isReadOnly = false
  /** @returns how many bytes it put into `target`; 0 at its end */
  readonly read: ((target: Uint8Array) => number) | undefined
  /** Takes all; `source` is the program's own memory and changes once it runs again. */
  readonly write: ((source: Uint8Array) => void) | undefined
  /** How many bytes there are to read, where that is known. */
  readonly leftBytes: () => number

  constructor(ends: Partial<Pick<DeviceNode, 'read' | 'write' | 'leftBytes'>>) {
    this.read = ends.read
    this.write = ends.write
    this.leftBytes = ends.leftBytes ?? (() => 0)
  }
}
