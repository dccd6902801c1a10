/**
 * Walks over CBOR from a stranger before anything decodes it, and lets through only what JSON can say
 * and byte strings: no tags, no lengths left open, no keys but texts. A general decoder does much more
 * when asked to (big integers in quadratic time, shared structures, regular expressions); nobody here
 * needs it. Nothing is allocated, and nothing is believed that the bytes themselves do not bear out.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'

/** Values in one frame: an array job of 100,000 items answers with some 400,000. */
const ITEMS_MAX = 500_000

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 }

/** Additional information that announces an argument of 1, 2, 4 or 8 bytes. */
const ARGUMENT_1 = 24
const ARGUMENT_8 = 27

/** `false`, `true`, `null` and `undefined`; the floats share the major type with them. */
const SIMPLE_FIRST = 20
const SIMPLE_LAST = 23

/** @throws MeshError FRAME_INVALID unless `bytes` are one value of the kinds above, whole and alone */
export function assertPlainCbor(bytes: Uint8Array): void {
  const walker = new Walker(bytes)
  walker.value(0)
  if (walker.offset !== bytes.byteLength) throw invalid('bytes follow the value')
}

class Walker {
  readonly #bytes: Uint8Array
  offset = 0
  #items = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  value(depth: number): void {
    const head = this.#byte()
    const major = head >> 5
    const info = head & 0x1f
    if (++this.#items > ITEMS_MAX) throw invalid(`more than ${ITEMS_MAX} values`)
    if (major === MAJOR.simple) return this.#simple(info)
    if (major === MAJOR.tag) throw invalid('tags are not allowed')
    const argument = this.#argument(info)
    switch (major) {
      case MAJOR.bytes:
      case MAJOR.text:
        return this.#skip(argument)
      case MAJOR.array:
        return this.#array(argument, depth + 1)
      case MAJOR.map:
        return this.#map(argument, depth + 1)
      default:
        // A number of eight bytes would be decoded to a bigint, which no schema of ours knows.
        if (info === ARGUMENT_8) throw invalid('an integer is too large')
    }
  }

  #simple(info: number): void {
    if (info >= SIMPLE_FIRST && info <= SIMPLE_LAST) return
    if (info <= ARGUMENT_1 || info > ARGUMENT_8) throw invalid('an unknown simple value')
    this.#skip(1 << (info - ARGUMENT_1))
  }

  #array(count: number, depth: number): void {
    this.#enter(count, depth)
    for (let index = 0; index < count; index += 1) this.value(depth)
  }

  #map(count: number, depth: number): void {
    this.#enter(count * 2, depth)
    for (let index = 0; index < count; index += 1) {
      const key = this.#bytes[this.offset]
      if (key !== undefined && key >> 5 !== MAJOR.text) throw invalid('a key is not a text')
      this.value(depth)
      this.value(depth)
    }
  }

  /** Each value takes a byte at least, so a count beyond what is left is a lie. */
  #enter(count: number, depth: number): void {
    if (depth > LIMITS.jsonDepthMax) throw invalid(`it nests deeper than ${LIMITS.jsonDepthMax}`)
    if (count > this.#bytes.byteLength - this.offset) throw truncated()
  }

  #argument(info: number): number {
    if (info < ARGUMENT_1) return info
    if (info > ARGUMENT_8) throw invalid('lengths must be known from the start')
    const width = 1 << (info - ARGUMENT_1)
    let argument = 0
    for (let index = 0; index < width; index += 1) argument = argument * 256 + this.#byte()
    return argument
  }

  #byte(): number {
    const byte = this.#bytes[this.offset]
    if (byte === undefined) throw truncated()
    this.offset += 1
    return byte
  }

  #skip(count: number): void {
    if (count > this.#bytes.byteLength - this.offset) throw truncated()
    this.offset += count
  }
}

function truncated(): MeshError {
  return invalid('it ends too early')
}

function invalid(why: string): MeshError {
  return new MeshError('FRAME_INVALID', `this is not the CBOR that is spoken here: ${why}`)
}
