/**
 * The hash tree over a file's bytes: leaves of 64 KiB, hashed and joined as in RFC 6962 (section 2.1,
 * Merkle tree hash). A piece of 2^n leaves is a subtree of it, so the same tree serves every piece size,
 * and any piece can be proved against the root alone. Pure.
 */
import { assert } from '../../core/assert.ts'
import { sha256 } from '../../core/sha256.ts'

export const LEAF_BYTES = 65_536
export const HASH_BYTES = 32

const LEAF_MARK = Uint8Array.of(0)
const NODE_MARK = 1
/** RFC 6962: the tree of nothing. */
const EMPTY_ROOT: Uint8Array = sha256()

/** @param block one leaf's bytes: `LEAF_BYTES`, or fewer at the end of a file */
export function leafHash(block: Uint8Array): Uint8Array {
  return sha256(LEAF_MARK, block)
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(1 + 2 * HASH_BYTES)
  joined[0] = NODE_MARK
  joined.set(left, 1)
  joined.set(right, 1 + HASH_BYTES)
  return sha256(joined)
}

/** Gathers hashes of one level, from left to right, into the root over them. */
export class TreeBuilder {
  /** Roots of whole subtrees, the largest first: one for each bit that is set in `#count`. */
  readonly #subtrees: Uint8Array[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  push(hashed: Uint8Array): void {
    let joined = hashed
    for (let bits = this.#count; bits % 2 === 1; bits = Math.floor(bits / 2)) {
      joined = nodeHash(this.#subtrees.pop() as Uint8Array, joined)
    }
    this.#subtrees.push(joined)
    this.#count += 1
  }

  /** Of what has come so far; more may follow. */
  root(): Uint8Array {
    return this.#subtrees.length === 0
      ? EMPTY_ROOT
      : this.#subtrees.reduceRight((right, left) => nodeHash(left, right))
  }
}

/** The root over hashes of one level: leaves, or pieces of one size. */
export function rootOf(hashes: Iterable<Uint8Array>): Uint8Array {
  const builder = new TreeBuilder()
  for (const hashed of hashes) builder.push(hashed)
  return builder.root()
}

/** The hash of one piece: the root over its leaves. @param piece 2^n leaves, or fewer at the end of a file */
export function pieceHash(piece: Uint8Array): Uint8Array {
  const builder = new TreeBuilder()
  for (let offset = 0; offset < piece.length; offset += LEAF_BYTES) {
    builder.push(leafHash(piece.subarray(offset, offset + LEAF_BYTES)))
  }
  return builder.root()
}

/**
 * What it takes besides one of the hashes to compute the root: the siblings on its way up, lowest first
 * (RFC 6962 section 2.1.1).
 */
export function proofOf(hashes: readonly Uint8Array[], index: number): Uint8Array[] {
  return siblingsOf(hashes.length, index).map(({ end, start }) => rootOf(hashes.slice(start, end)))
}

/**
 * The root that a hash and its proof lead to; undefined where the proof is not as long as it must be.
 * @param count hashes of that level in the whole tree
 */
export function rootFromProof(
  hashed: Uint8Array,
  { count, index }: { count: number; index: number },
  proof: readonly Uint8Array[]
): Uint8Array | undefined {
  const siblings = siblingsOf(count, index)
  if (siblings.length !== proof.length) return undefined
  return proof.reduce(
    (root, sibling, level) =>
      siblings[level]?.isLeft === true ? nodeHash(sibling, root) : nodeHash(root, sibling),
    hashed
  )
}

interface Sibling {
  /** The hashes below it. */
  start: number
  end: number
  isLeft: boolean
}

/** The subtrees beside the way from one hash up to the root, lowest first. */
function siblingsOf(count: number, index: number): Sibling[] {
  assert(index >= 0 && index < count, 'the tree has that hash')
  const siblings: Sibling[] = []
  let [start, end] = [0, count]
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start)
    const isLeft = index >= middle
    siblings.push(isLeft ? { start, end: middle, isLeft } : { start: middle, end, isLeft })
    if (isLeft) start = middle
    else end = middle
  }
  return siblings.toReversed()
}

/** The largest power of two below a count that is above one. */
function largestPowerBelow(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1))
}
