/** Reading all that was asked for. */
import type { FileHandle } from 'node:fs/promises'

/** Reads that many bytes, into memory as large as that; undefined where the file ends before. */
export async function readWhole(
  handle: FileHandle,
  offset: number,
  length: number,
  // Not filled with zeros first, as it is filled at once.
  into: Uint8Array = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
): Promise<Uint8Array | undefined> {
  for (let done = 0; done < length;) {
    // oxlint-disable-next-line no-await-in-loop -- once, as a rule: a signal may cut it short
    const { bytesRead } = await handle.read(into, done, length - done, offset + done)
    if (bytesRead === 0) return undefined
    done += bytesRead
  }
  return into
}
