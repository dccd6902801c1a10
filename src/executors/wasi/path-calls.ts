/** The calls that name a path: opening, making, moving, removing. Links of both kinds are refused. */
import { ERRNO, FD_FLAGS_ALL, O_FLAG, RIGHT } from './abi.ts'
import { FileError } from './file-system.ts'
import { readText } from './guest-values.ts'
import { setTimes, writeFileStat } from './file-stat.ts'
import type { Node } from './nodes.ts'
import type { WasiCalls } from './abi.ts'
import type { WasiContext } from './wasi-system.ts'

type PathCallName = Extract<keyof WasiCalls, `path_${string}`>

interface OpenMode {
  flags: number
  isWritable: boolean
}

export function pathCalls(context: WasiContext): Pick<WasiCalls, PathCallName> {
  const { descriptors, files, memory } = context
  const nodeAt = (fd: number, path: number, length: number): Node =>
    files.find(descriptors.folder(fd), readText(memory, path, length))
  return {
    path_open(...args) {
      const [fd, , path, pathLength, flags, rights, , fdFlags, opened] = args
      if (fdFlags > FD_FLAGS_ALL) return ERRNO.inval
      const isReadable = (rights & RIGHT.read) !== 0n
      const isWritable = (rights & RIGHT.write) !== 0n
      const text = readText(memory, path, pathLength)
      const node = open(context, fd, text, { flags, isWritable })
      memory.setU32(opened, descriptors.add(node, { isReadable, isWritable, flags: fdFlags }))
      return ERRNO.success
    },
    path_filestat_get(...args) {
      const [fd, , path, length, stat] = args
      writeFileStat(memory, stat, nodeAt(fd, path, length))
      return ERRNO.success
    },
    path_filestat_set_times(...args) {
      const [fd, , path, length, accessedNs, modifiedNs, flags] = args
      setTimes(nodeAt(fd, path, length), { accessedNs, modifiedNs }, flags, files.nowNs())
      return ERRNO.success
    },
    path_create_directory(fd, path, length) {
      files.createFolder(descriptors.folder(fd), readText(memory, path, length))
      return ERRNO.success
    },
    path_remove_directory(fd, path, length) {
      files.removeFolder(descriptors.folder(fd), readText(memory, path, length))
      return ERRNO.success
    },
    path_unlink_file(fd, path, length) {
      files.unlink(descriptors.folder(fd), readText(memory, path, length))
      return ERRNO.success
    },
    path_rename(...args) {
      const [fromFd, from, fromLength, toFd, to, toLength] = args
      files.rename(
        { base: descriptors.folder(fromFd), path: readText(memory, from, fromLength) },
        { base: descriptors.folder(toFd), path: readText(memory, to, toLength) }
      )
      return ERRNO.success
    },
    path_readlink(fd, path, length) {
      nodeAt(fd, path, length)
      return ERRNO.inval
    },
    path_link: () => ERRNO.notsup,
    path_symlink: () => ERRNO.notsup
  }
}

/** @throws FileError */
function open(
  { descriptors, files }: WasiContext,
  fd: number,
  path: string,
  { flags, isWritable }: OpenMode
): Node {
  const has = (flag: number): boolean => (flags & flag) !== 0
  const base = descriptors.folder(fd)
  if (has(O_FLAG.directory) && has(O_FLAG.create)) throw new FileError(ERRNO.inval)
  const node = has(O_FLAG.create)
    ? files.openOrCreate(base, path, has(O_FLAG.exclusive))
    : files.find(base, path)
  if (has(O_FLAG.directory) && node.kind !== 'folder') throw new FileError(ERRNO.notdir)
  if (node.kind === 'folder' && (isWritable || has(O_FLAG.create))) throw new FileError(ERRNO.isdir)
  if (node.isReadOnly && (isWritable || has(O_FLAG.truncate))) throw new FileError(ERRNO.rofs)
  if (node.kind === 'file' && has(O_FLAG.truncate)) {
    if (!isWritable) throw new FileError(ERRNO.badf)
    node.resize(0)
    node.modifiedNs = files.nowNs()
  }
  return node
}
