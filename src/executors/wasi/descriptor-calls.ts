/** The calls about what is open: closing it, what is known of it, and what a folder lists. */
import { ERRNO, FD_FLAGS_ALL, RIGHT, RIGHTS_ALL } from './abi.ts'
import { FileError } from './file-system.ts'
import { fileTypeOf, setTimes, writeFileStat } from './file-stat.ts'
import type { Descriptor } from './descriptors.ts'
import type { Node } from './nodes.ts'
import type { WasiCalls } from './abi.ts'
import type { WasiContext } from './wasi-system.ts'
import type { transferCalls } from './transfer-calls.ts'

type DescriptorCallName = Exclude<
  Extract<keyof WasiCalls, `fd_${string}`>,
  keyof ReturnType<typeof transferCalls>
>

type Listing = NonNullable<Descriptor['listing']>

const DIRENT_BYTES = 24

const encoder = new TextEncoder()

export function descriptorCalls(context: WasiContext): Pick<WasiCalls, DescriptorCallName> {
  const { descriptors, files, memory } = context
  const checkOpen = (fd: number): typeof ERRNO.success => {
    descriptors.get(fd)
    return ERRNO.success
  }
  return {
    fd_advise: checkOpen,
    fd_datasync: checkOpen,
    fd_sync: checkOpen,
    fd_fdstat_set_rights: checkOpen,
    fd_close(fd) {
      descriptors.close(fd)
      return ERRNO.success
    },
    fd_renumber(from, to) {
      descriptors.renumber(from, to)
      return ERRNO.success
    },
    fd_filestat_get(fd, stat) {
      writeFileStat(memory, stat, descriptors.get(fd).node)
      return ERRNO.success
    },
    fd_filestat_set_times(fd, accessedNs, modifiedNs, flags) {
      setTimes(descriptors.get(fd).node, { accessedNs, modifiedNs }, flags, files.nowNs())
      return ERRNO.success
    },
    fd_fdstat_get(fd, stat) {
      const descriptor = descriptors.get(fd)
      memory.bytes(stat, 24).fill(0)
      memory.setU8(stat, fileTypeOf(descriptor.node))
      memory.setU16(stat + 2, descriptor.flags)
      memory.setU64(stat + 8, rightsOf(descriptor))
      // What is opened below a folder may have all rights: there is nothing to hide from the program.
      memory.setU64(stat + 16, descriptor.node.kind === 'folder' ? RIGHTS_ALL : 0n)
      return ERRNO.success
    },
    fd_fdstat_set_flags(fd, flags) {
      const descriptor = descriptors.get(fd)
      if (flags > FD_FLAGS_ALL) return ERRNO.inval
      descriptor.flags = flags
      return ERRNO.success
    },
    fd_prestat_get(fd, prestat) {
      const name = preopenName(descriptors.get(fd))
      memory.setU32(prestat, 0)
      memory.setU32(prestat + 4, encoder.encode(name).byteLength)
      return ERRNO.success
    },
    fd_prestat_dir_name(fd, address, length) {
      const name = encoder.encode(preopenName(descriptors.get(fd)))
      if (name.byteLength > length) return ERRNO.nametoolong
      memory.bytes(address, name.byteLength).set(name)
      return ERRNO.success
    },
    fd_readdir(...args) {
      const [fd, address, length, cookie, used] = args
      const descriptor = descriptors.get(fd)
      const { node } = descriptor
      if (node.kind !== 'folder') return ERRNO.notdir
      if (cookie === 0n || descriptor.listing === undefined) {
        const above: Node = node.parent ?? node
        descriptor.listing = [['.', node], ['..', above], ...node.entries]
      }
      memory.setU32(used, list(descriptor.listing, cookie, memory.bytes(address, length)))
      return ERRNO.success
    }
  }
}

/** Writes entries until the buffer is full, the last one cut: that is how the program sees that there are more. */
function list(listing: Listing, cookie: bigint, target: Uint8Array): number {
  let used = 0
  for (let index = Number(cookie); index < listing.length && used < target.byteLength; index += 1) {
    const [name, node] = listing[index] as readonly [string, Node]
    const nameBytes = encoder.encode(name)
    const entry = new Uint8Array(DIRENT_BYTES + nameBytes.byteLength)
    const view = new DataView(entry.buffer)
    view.setBigUint64(0, BigInt(index + 1), true)
    view.setBigUint64(8, node.inode, true)
    view.setUint32(16, nameBytes.byteLength, true)
    view.setUint8(20, fileTypeOf(node))
    entry.set(nameBytes, DIRENT_BYTES)
    const part = entry.subarray(0, target.byteLength - used)
    target.set(part, used)
    used += part.byteLength
  }
  return used
}

function rightsOf({ isReadable, isWritable, node }: Descriptor): bigint {
  if (node.kind === 'folder') return RIGHTS_ALL
  let rights = RIGHTS_ALL
  if (!isReadable) rights &= ~RIGHT.read
  if (!isWritable) rights &= ~RIGHT.write
  // Without these two a stream would pass for a terminal or a file.
  return node.kind === 'device' ? rights & ~(RIGHT.seek | RIGHT.tell) : rights
}

function preopenName({ preopenName: name }: Descriptor): string {
  if (name === undefined) throw new FileError(ERRNO.badf)
  return name
}
