/** Changes to bytes without any sense of what they mean. */
import { WORDS } from './dictionary.ts'
import type { Dice } from './dice.ts'

type Mutation = (bytes: Buffer, dice: Dice, other: Uint8Array) => Buffer

const REPEATS_MAX = 4_096
/** First bytes of CBOR values that announce much, or what is refused. */
const HEADS = [0x1b, 0x3b, 0x5a, 0x5f, 0x7a, 0x7f, 0x9a, 0x9f, 0xba, 0xbf, 0xc2, 0xd9, 0xfb, 0xff]
const BOUNDARIES = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 2 ** 31, 2 ** 32 - 1]

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  cut,
  drop,
  insertNoise,
  insertWord,
  repeatBlock,
  splice,
  lieAboutLength,
  swapBlocks
]

/** The same bytes changed in one to some eight places, `bytesMax` at most. */
export function mutateBytes(
  input: Uint8Array,
  dice: Dice,
  { bytesMax, other }: { bytesMax: number; other: Uint8Array }
): Uint8Array {
  let bytes = Buffer.from(input)
  for (let count = dice.small(8); count > 0; count -= 1) {
    bytes = Buffer.from(dice.pick(MUTATIONS)(bytes, dice, other).subarray(0, bytesMax))
  }
  return bytes
}

function flipBit(bytes: Buffer, dice: Dice): Buffer {
  const at = dice.below(bytes.length)
  if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8))
  return bytes
}

function setByte(bytes: Buffer, dice: Dice): Buffer {
  const value = dice.oneIn(2) ? dice.pick(HEADS) : dice.below(256)
  if (bytes.length > 0) bytes[dice.below(bytes.length)] = value
  return bytes
}

function cut(bytes: Buffer, dice: Dice): Buffer {
  return bytes.subarray(0, dice.below(bytes.length + 1))
}

function drop(bytes: Buffer, dice: Dice): Buffer {
  const [from, to] = stretch(bytes, dice)
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
}

function insertNoise(bytes: Buffer, dice: Dice): Buffer {
  const noise = Buffer.from(Array.from({ length: dice.small(16) }, () => dice.below(256)))
  return inserted(bytes, noise, dice)
}

function insertWord(bytes: Buffer, dice: Dice): Buffer {
  return inserted(bytes, Buffer.from(dice.pick(WORDS)), dice)
}

function repeatBlock(bytes: Buffer, dice: Dice): Buffer {
  const [from, to] = stretch(bytes, dice)
  const block = bytes.subarray(from, to)
  const times = dice.small(REPEATS_MAX)
  const repeated = Buffer.alloc(Math.min(block.length * times, 2 ** 20), block)
  return Buffer.concat([bytes.subarray(0, to), repeated, bytes.subarray(to)])
}

function splice(bytes: Buffer, dice: Dice, other: Uint8Array): Buffer {
  const head = bytes.subarray(0, dice.below(bytes.length + 1))
  return Buffer.concat([head, other.subarray(dice.below(other.byteLength + 1))])
}

/** Writes a number of one, two, four or eight bytes over whatever stands there. */
function lieAboutLength(bytes: Buffer, dice: Dice): Buffer {
  const width = dice.pick([1, 2, 4, 8])
  if (bytes.length < width) return bytes
  const lie = Buffer.alloc(8)
  lie.writeBigUInt64BE(BigInt(Math.max(0, dice.pick(BOUNDARIES) - dice.below(2))))
  lie.subarray(8 - width).copy(bytes, dice.below(bytes.length - width + 1))
  return bytes
}

function swapBlocks(bytes: Buffer, dice: Dice): Buffer {
  const [from, to] = stretch(bytes, dice)
  return inserted(
    Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]),
    Buffer.from(bytes.subarray(from, to)),
    dice
  )
}

function inserted(bytes: Buffer, part: Uint8Array, dice: Dice): Buffer {
  const at = dice.below(bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)])
}

function stretch(bytes: Buffer, dice: Dice): [from: number, to: number] {
  const from = dice.below(bytes.length + 1)
  return [from, Math.min(bytes.length, from + dice.small(64))]
}
