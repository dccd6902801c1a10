/** The calls that move bytes: reading, writing, seeking, and the length of files. */
import { ERRNO, WHENCE } from './abi.ts'
import { FileError } from './file-system.ts'
import { isAppending } from './descriptors.ts'
import { readBuffers } from './guest-values.ts'
import type { Descriptor, FileDescriptor, Transferable } from './descriptors.ts'
import type { WasiCalls } from './abi.ts'
import type { WasiContext } from './wasi-system.ts'

type TransferCallName =
  | `fd_${'p' | ''}${'read' | 'write'}`
  | `fd_${'seek' | 'tell' | 'allocate' | 'filestat_set_size'}`

/** An offset must be a number that JavaScript can count with; quotas are far below. */
const OFFSET_MAX = BigInt(Number.MAX_SAFE_INTEGER)

export function transferCalls(context: WasiContext): Pick<WasiCalls, TransferCallName> {
  const { descriptors, files, memory } = context
  return {
    fd_read(fd, buffers, count, read) {
      const descriptor = descriptors.readable(fd)
      const length = readInto(descriptor, descriptor.position, readBuffers(memory, buffers, count))
      descriptor.position += length
      memory.setU32(read, length)
      return ERRNO.success
    },
    fd_pread(...args) {
      const [fd, buffers, count, offset, read] = args
      const descriptor = seekable(descriptors.readable(fd))
      const targets = readBuffers(memory, buffers, count)
      memory.setU32(read, readInto(descriptor, toOffset(offset), targets))
      return ERRNO.success
    },
    fd_write(fd, buffers, count, written) {
      const descriptor = descriptors.writable(fd)
      const { node } = descriptor
      if (isAppending(descriptor) && node.kind === 'file') descriptor.position = node.size
      const sources = readBuffers(memory, buffers, count)
      const length = writeFrom(context, descriptor, descriptor.position, sources)
      descriptor.position += length
      memory.setU32(written, length)
      return ERRNO.success
    },
    fd_pwrite(...args) {
      const [fd, buffers, count, offset, written] = args
      const descriptor = seekable(descriptors.writable(fd))
      const at = isAppending(descriptor) ? descriptor.node.size : toOffset(offset)
      const sources = readBuffers(memory, buffers, count)
      memory.setU32(written, writeFrom(context, descriptor, at, sources))
      return ERRNO.success
    },
    fd_seek(fd, offset, whence, position) {
      const descriptor = descriptors.file(fd)
      descriptor.position = toOffset(originOf(descriptor, whence) + offset)
      memory.setU64(position, BigInt(descriptor.position))
      return ERRNO.success
    },
    fd_tell(fd, position) {
      memory.setU64(position, BigInt(descriptors.file(fd).position))
      return ERRNO.success
    },
    fd_allocate(fd, offset, length) {
      const { node } = seekable(descriptors.writable(fd))
      return node.reserve(toOffset(offset + length)) ? ERRNO.success : ERRNO.nospc
    },
    fd_filestat_set_size(fd, size) {
      const { node } = seekable(descriptors.writable(fd))
      if (!node.resize(toOffset(size))) return ERRNO.nospc
      node.modifiedNs = files.nowNs()
      return ERRNO.success
    }
  }
}

/** Fills the buffers from a file or a stream; what a stream has not got yet it never will have. */
function readInto({ node }: Transferable, position: number, buffers: Uint8Array[]): number {
  let length = 0
  for (const buffer of buffers) {
    const count =
      node.kind === 'file' ? node.read(position + length, buffer) : (node.read?.(buffer) ?? 0)
    length += count
    if (count < buffer.byteLength) break
  }
  return length
}

/** @returns how much was written before the quota ended it @throws FileError nospc if that is nothing */
function writeFrom(
  { files }: WasiContext,
  { node }: Transferable,
  position: number,
  buffers: Uint8Array[]
): number {
  let length = 0
  for (const buffer of buffers) {
    if (node.kind === 'device') node.write?.(buffer)
    else if (!node.write(position + length, buffer)) {
      if (length === 0) throw new FileError(ERRNO.nospc)
      break
    }
    length += buffer.byteLength
  }
  if (node.kind === 'file') node.modifiedNs = files.nowNs()
  return length
}

function seekable(descriptor: Descriptor): FileDescriptor {
  if (descriptor.node.kind !== 'file') throw new FileError(ERRNO.spipe)
  return descriptor as FileDescriptor
}

function originOf({ node, position }: FileDescriptor, whence: number): bigint {
  switch (whence) {
    case WHENCE.set:
      return 0n
    case WHENCE.current:
      return BigInt(position)
    case WHENCE.end:
      return BigInt(node.size)
    default:
      throw new FileError(ERRNO.inval)
  }
}

function toOffset(value: bigint): number {
  if (value < 0n || value > OFFSET_MAX) throw new FileError(ERRNO.inval)
  return Number(value)
}
