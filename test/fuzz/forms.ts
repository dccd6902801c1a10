/** The forms that inputs have, and how each is made a tree and written down again, however odd that tree is. */
import { decode } from 'cbor-x'
import { Pairs, Raw, toTree } from './tree.ts'
import type { Tree } from './tree.ts'

export type FormName = 'bytes' | 'text' | 'json' | 'lines' | 'cbor' | 'frames'

export interface Form {
  /** Undefined for bytes that are not of this form. */
  readonly parse: (bytes: Uint8Array) => Tree | undefined
  readonly write: (tree: Tree) => Uint8Array
}

/** Deep enough for every limit, and not too deep for these functions themselves. */
export const DEPTH_MAX = 1_500

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const LENGTH_BYTES = 4

/** None for inputs without inner form. */
export const FORMS: Readonly<Record<FormName, Form | undefined>> = {
  bytes: undefined,
  text: undefined,
  json: {
    parse: (bytes) => attempt(() => toTree(JSON.parse(decoder.decode(bytes)))),
    write: (tree) => encoder.encode(jsonText(tree))
  },
  lines: {
    parse: (bytes) =>
      attempt(() =>
        decoder
          .decode(bytes)
          .split('\n')
          .map((line) => toTree(line === '' ? undefined : JSON.parse(line)))
      ),
    write: (tree) => encoder.encode(asList(tree).map(jsonText).join('\n'))
  },
  cbor: {
    parse: (bytes) => attempt(() => toTree(decode(bytes))),
    write: (tree) => Buffer.from(cborBytes(tree))
  },
  frames: {
    parse: (bytes) => attempt(() => framesIn(Buffer.from(bytes)).map((one) => toTree(decode(one)))),
    write: (tree) => Buffer.concat(asList(tree).map((one) => framed(Buffer.from(cborBytes(one)))))
  }
}

/** One frame: its length in four bytes, then itself. */
export function framed(payload: Uint8Array): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(payload.byteLength)
  return Buffer.concat([length, payload])
}

function framesIn(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + LENGTH_BYTES + bytes.readUInt32BE(at)
    frames.push(bytes.subarray(at + LENGTH_BYTES, end))
    at = end
  }
  return frames
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function asList(tree: Tree): Tree[] {
  return Array.isArray(tree) ? tree : [tree]
}

function jsonText(tree: Tree): string {
  if (tree instanceof Raw) return tree.text
  if (tree === undefined) return ''
  if (Array.isArray(tree)) return `[${tree.map(jsonText).join(',')}]`
  if (tree instanceof Pairs) {
    const pairs = tree.entries.map(([key, value]) => `${jsonKey(key)}:${jsonText(value)}`)
    return `{${pairs.join(',')}}`
  }
  if (tree instanceof Uint8Array) return JSON.stringify(Buffer.from(tree).toString('base64'))
  return typeof tree === 'number' && !Number.isFinite(tree) ? '1e999' : JSON.stringify(tree)
}

function jsonKey(key: Tree): string {
  return typeof key === 'string' ? JSON.stringify(key) : JSON.stringify(jsonText(key))
}

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const
const SIMPLE = { false: 0xf4, true: 0xf5, null: 0xf6, undefined: 0xf7 } as const
const FLOAT_64 = 0xfb

function cborBytes(tree: Tree): number[] {
  const bytes: number[] = []
  writeCbor(tree, bytes)
  return bytes
}

function writeCbor(tree: Tree, bytes: number[]): void {
  if (tree === null) bytes.push(SIMPLE.null)
  else if (tree === undefined) bytes.push(SIMPLE.undefined)
  else if (typeof tree === 'boolean') bytes.push(tree ? SIMPLE.true : SIMPLE.false)
  else if (typeof tree === 'number') writeNumber(tree, bytes)
  else if (typeof tree === 'string') writeString(MAJOR.text, encoder.encode(tree), bytes)
  else if (tree instanceof Raw) writeString(MAJOR.text, encoder.encode(tree.text), bytes)
  else if (tree instanceof Uint8Array) writeString(MAJOR.bytes, tree, bytes)
  else if (Array.isArray(tree)) {
    writeHead(MAJOR.array, tree.length, bytes)
    for (const part of tree) writeCbor(part, bytes)
  } else {
    writeHead(MAJOR.map, tree.entries.length, bytes)
    for (const part of tree.entries.flat()) writeCbor(part, bytes)
  }
}

function writeNumber(value: number, bytes: number[]): void {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 32 && !Object.is(value, -0)) {
    return value < 0
      ? writeHead(MAJOR.negative, -1 - value, bytes)
      : writeHead(MAJOR.unsigned, value, bytes)
  }
  const float = Buffer.alloc(8)
  float.writeDoubleBE(value)
  bytes.push(FLOAT_64, ...float)
}

function writeString(major: number, content: Uint8Array, bytes: number[]): void {
  writeHead(major, content.byteLength, bytes)
  for (const byte of content) bytes.push(byte)
}

function writeHead(major: number, argument: number, bytes: number[]): void {
  const head = major << 5
  if (argument < 24) bytes.push(head | argument)
  else if (argument < 256) bytes.push(head | 24, argument)
  else if (argument < 65_536) bytes.push(head | 25, argument >> 8, argument & 0xff)
  else {
    const wide = Buffer.alloc(4)
    wide.writeUInt32BE(argument)
    bytes.push(head | 26, ...wide)
  }
}
