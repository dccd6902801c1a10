/** The lists of buffers (`iovec`) that reads and writes name, and texts in the program's memory. */
import { ERRNO } from './abi.ts'
import { FileError } from './file-system.ts'
import type { GuestMemory } from './guest-memory.ts'

/** As on Linux. */
const BUFFERS_MAX = 1_024
const IOVEC_BYTES = 8

// A name must come back byte for byte, so nothing is replaced and no mark at its start is dropped.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** The buffers themselves, empty ones left out. @throws FileError inval, MemoryFault */
export function readBuffers(memory: GuestMemory, address: number, count: number): Uint8Array[] {
  if (count > BUFFERS_MAX) throw new FileError(ERRNO.inval)
  const buffers: Uint8Array[] = []
  for (let index = 0; index < count; index += 1) {
    const at = address + index * IOVEC_BYTES
    const buffer = memory.bytes(memory.u32(at), memory.u32(at + 4))
    if (buffer.byteLength > 0) buffers.push(buffer)
  }
  return buffers
}

/** @throws FileError ilseq, MemoryFault */
export function readText(memory: GuestMemory, address: number, length: number): string {
  const bytes = memory.bytes(address, length)
  try {
    return decoder.decode(bytes)
  } catch {
    throw new FileError(ERRNO.ilseq)
  }
}

/** Texts as C has them: one after the other, each with a NUL at its end. */
export class TextList {
  readonly #texts: readonly Uint8Array[]

  constructor(texts: readonly string[]) {
    this.#texts = texts.map((text) => encoder.encode(`${text}\0`))
  }

  writeSizes(memory: GuestMemory, countAddress: number, bytesAddress: number): void {
    memory.setU32(countAddress, this.#texts.length)
    memory.setU32(
      bytesAddress,
      this.#texts.reduce((sum, { byteLength }) => sum + byteLength, 0)
    )
  }

  write(memory: GuestMemory, listAddress: number, textsAddress: number): void {
    let at = textsAddress
    this.#texts.forEach((text, index) => {
      memory.setU32(listAddress + 4 * index, at)
      memory.bytes(at, text.byteLength).set(text)
      at += text.byteLength
    })
  }
}
