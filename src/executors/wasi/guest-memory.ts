/**
 * The memory of the program, as the system's calls read and write it. Every address comes from a
 * stranger, so every access is checked; one outside throws `MemoryFault`, which the program sees as
 * errno `fault`.
 */

export class MemoryFault extends Error {}

export class GuestMemory {
  #memory: WebAssembly.Memory | undefined
  #view = new DataView(new ArrayBuffer(0))
  #bytes = new Uint8Array(this.#view.buffer)

  /** The memory comes into being together with the program, after the calls that use it. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory
  }

  /** A view of the memory itself, good until the program runs again. @throws MemoryFault */
  bytes(address: number, length: number): Uint8Array {
    this.#check(address, length)
    return this.#bytes.subarray(address, address + length)
  }

  u8(address: number): number {
    this.#check(address, 1)
    return this.#view.getUint8(address)
  }

  u16(address: number): number {
    this.#check(address, 2)
    return this.#view.getUint16(address, true)
  }

  u32(address: number): number {
    this.#check(address, 4)
    return this.#view.getUint32(address, true)
  }

  u64(address: number): bigint {
    this.#check(address, 8)
    return this.#view.getBigUint64(address, true)
  }

  setU8(address: number, value: number): void {
    this.#check(address, 1)
    this.#view.setUint8(address, value)
  }

  setU16(address: number, value: number): void {
    this.#check(address, 2)
    this.#view.setUint16(address, value, true)
  }

  setU32(address: number, value: number): void {
    this.#check(address, 4)
    this.#view.setUint32(address, value, true)
  }

  setU64(address: number, value: bigint): void {
    this.#check(address, 8)
    this.#view.setBigUint64(address, value, true)
  }

  #check(address: number, length: number): void {
    // Growing the memory makes a new buffer and leaves the views without one.
    const buffer = this.#memory?.buffer ?? this.#view.buffer
    if (this.#view.buffer !== buffer) {
      this.#view = new DataView(buffer)
      this.#bytes = new Uint8Array(buffer)
    }
    if (address + length > this.#bytes.byteLength) throw new MemoryFault('outside the memory')
  }
}
