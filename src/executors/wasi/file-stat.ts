/** What a program is told about a file, a folder or a device, and the times that it may set. */
import { ERRNO, FILE_TYPE, TIMES_FLAG } from './abi.ts'
import { FileError } from './file-system.ts'
import type { GuestMemory } from './guest-memory.ts'
import type { Node, Times } from './nodes.ts'

const FILE_STAT_BYTES = 64

export function fileTypeOf({ kind }: Node): number {
  switch (kind) {
    case 'file':
      return FILE_TYPE.regularFile
    case 'folder':
      return FILE_TYPE.directory
    case 'device':
      // As a pipe has it: a terminal would make programs write line by line.
      return FILE_TYPE.unknown
  }
}

export function writeFileStat(memory: GuestMemory, address: number, node: Node): void {
  memory.bytes(address, FILE_STAT_BYTES).fill(0)
  memory.setU64(address, 1n)
  memory.setU64(address + 8, node.inode)
  memory.setU8(address + 16, fileTypeOf(node))
  memory.setU64(address + 24, 1n)
  memory.setU64(address + 32, node.kind === 'file' ? BigInt(node.size) : 0n)
  memory.setU64(address + 40, node.accessedNs)
  memory.setU64(address + 48, node.modifiedNs)
  memory.setU64(address + 56, node.modifiedNs)
}

/** @throws FileError inval where a time is to be both given and now */
export function setTimes(node: Node, times: Times, flags: number, nowNs: bigint): void {
  const accessed = chosen(
    times.accessedNs,
    nowNs,
    flags & (TIMES_FLAG.access | TIMES_FLAG.accessNow)
  )
  const modified = chosen(times.modifiedNs, nowNs, flags >> 2)
  node.accessedNs = accessed ?? node.accessedNs
  node.modifiedNs = modified ?? node.modifiedNs
}

/** @param choice 1 for the time that is given, 2 for now */
function chosen(givenNs: bigint, nowNs: bigint, choice: number): bigint | undefined {
  switch (choice) {
    case 0:
      return undefined
    case TIMES_FLAG.access:
      return BigInt.asUintN(64, givenNs)
    case TIMES_FLAG.accessNow:
      return nowNs
    default:
      throw new FileError(ERRNO.inval)
  }
}
