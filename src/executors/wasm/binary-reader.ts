/** Reads the parts that WebAssembly's binary format is made of. It never reads beyond its bytes. */
import { ModuleRefusal } from './module-refusal.ts'

/** A u32 takes at most five bytes of seven bits each. */
const LEB_SHIFT_MAX = 28

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class BinaryReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.byteLength
  }

  /** @throws ModuleRefusal */
  byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new ModuleRefusal('it ends in the middle')
    this.#at += 1
    return byte
  }

  /** @throws ModuleRefusal */
  u32(): number {
    let value = 0
    for (let shift = 0; shift <= LEB_SHIFT_MAX; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break
        return value
      }
    }
    throw new ModuleRefusal('it holds a number that is no u32')
  }

  /** @throws ModuleRefusal */
  take(length: number): Uint8Array {
    if (length > this.#bytes.byteLength - this.#at) throw new ModuleRefusal('it ends in the middle')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** @throws ModuleRefusal */
  name(): string {
    try {
      return decoder.decode(this.take(this.u32()))
    } catch (cause) {
      if (cause instanceof ModuleRefusal) throw cause
      throw new ModuleRefusal('it holds a name that is not UTF-8')
    }
  }

  /** @throws ModuleRefusal */
  expectEnd(what: string): void {
    if (!this.isAtEnd) throw new ModuleRefusal(`its ${what} is longer than it says`)
  }
}

export function encodeU32(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest % 0x80
    rest = Math.floor(rest / 0x80)
    bytes.push(rest === 0 ? low : low + 0x80)
  } while (rest !== 0)
  return bytes
}
