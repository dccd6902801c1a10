/** A thread that hashes: reads its share of a file's pieces by itself, so that no bytes pass between threads. */
import { readSync } from 'node:fs'
import { HASH_BYTES, LEAF_BYTES, TreeBuilder, leafHash } from '../content/content-tree.ts'

/** Some pieces of a file, one after the other. */
export interface HashTask {
  /** The file's descriptor, which all threads of a process share. */
  descriptor: number
  /** Of the first piece. */
  offset: number
  bytes: number
  pieceBytes: number
}

/** Read at once: large enough that the call costs nothing, small enough to stay in the processor's cache. */
const BUFFER_BYTES = 16 * LEAF_BYTES

const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)

/** The hashes of the pieces; undefined where the file ends before them. */
export function hashPieces({
  bytes,
  descriptor,
  offset,
  pieceBytes
}: HashTask): Uint8Array | undefined {
  const hashes = new Uint8Array(Math.ceil(bytes / pieceBytes) * HASH_BYTES)
  let piece = new TreeBuilder()
  for (let done = 0; done < bytes;) {
    const length = Math.min(BUFFER_BYTES, bytes - done)
    if (!fill(descriptor, offset + done, length)) return undefined
    for (let at = 0; at < length; at += LEAF_BYTES) {
      piece.push(leafHash(buffer.subarray(at, Math.min(at + LEAF_BYTES, length))))
      const end = Math.min(done + at + LEAF_BYTES, bytes)
      if (end % pieceBytes !== 0 && end !== bytes) continue
      hashes.set(piece.root(), (Math.ceil(end / pieceBytes) - 1) * HASH_BYTES)
      piece = new TreeBuilder()
    }
    done += length
  }
  return hashes
}

/** A read may give less than it was asked for. @returns false at the file's end */
function fill(descriptor: number, position: number, length: number): boolean {
  for (let filled = 0; filled < length;) {
    const count = readSync(descriptor, buffer, filled, length - filled, position + filled)
    if (count === 0) return false
    filled += count
  }
  return true
}
