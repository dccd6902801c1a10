/** Bytes of the formats that are spoken on the wire, put together by hand, so that they can also be wrong. */

const encoder = new TextEncoder()

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

/** As protobuf and multistream write numbers. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let left = value
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80)
    left = Math.floor(left / 0x80)
  }
  return Uint8Array.from([...bytes, left])
}

/** With its length before it. */
export function prefixed(bytes: Uint8Array): Uint8Array {
  return concat(varint(bytes.byteLength), bytes)
}

/** Protobuf: a field of bytes or text. */
export function field(number: number, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? utf8(value) : value
  return concat(varint(number * 8 + 2), prefixed(bytes))
}

/** Protobuf: a field of one number. */
export function numberField(number: number, value: number): Uint8Array {
  return concat(varint(number * 8), varint(value))
}

/** A frame of a session or a piece stream: four bytes of length, then the payload. */
export function frame(payload: Uint8Array, claimedBytes: number = payload.byteLength): Uint8Array {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(claimedBytes, 0)
  return concat(head, payload)
}

const MAJOR = { unsigned: 0, bytes: 2, text: 3, array: 4, map: 5, tag: 6 } as const

export type CborMajor = keyof typeof MAJOR

/** The first bytes of a CBOR value: its kind, and a number of any size. */
export function cborHead(major: CborMajor, value: number): Uint8Array {
  const kind = MAJOR[major] << 5
  if (value < 24) return Uint8Array.of(kind | value)
  if (value < 0x1_00) return Uint8Array.of(kind | 24, value)
  const head = Buffer.alloc(9)
  head[0] = kind | 27
  head.writeBigUInt64BE(BigInt(value), 1)
  return head
}

export const CBOR_INDEFINITE: Readonly<Record<'bytes' | 'text' | 'array' | 'map', number>> = {
  bytes: 0x5f,
  text: 0x7f,
  array: 0x9f,
  map: 0xbf
}

export function cborText(text: string): Uint8Array {
  const bytes = utf8(text)
  return concat(cborHead('text', bytes.byteLength), bytes)
}

export function cborArray(...values: readonly Uint8Array[]): Uint8Array {
  return concat(cborHead('array', values.length), ...values)
}

/** In the order given; keys may come twice. */
export function cborMap(entries: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  return concat(cborHead('map', entries.length), ...entries.flat())
}

export function cborNumber(value: number): Uint8Array {
  return cborHead('unsigned', value)
}

export const CBOR_NULL: Uint8Array = Uint8Array.of(0xf6)
